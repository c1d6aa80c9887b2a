import Access
import ArgumentParser
import AsyncHTTPClient
import CoreMetrics
import Cryptography
import Foundation
import HTTPKit
import JSONKit
import Kernel
import Logging
import NIOCore
import NIOHTTP1
import Postgres
import ServiceLifecycle

/// What a tenant's read costs over HTTP: session, membership and row, all asked for each request in one round trip to
/// PostgreSQL, against the same bytes from an endpoint of the same server that asks nobody. Both through the whole
/// server: router, limits, security headers, request id.
struct HTTPBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "http", abstract: "Tenant reads over HTTP against bare answers of the same server.")

    @Option(help: "Seconds of each of the three rounds.") var seconds = 5

    func run() async throws {
        let setting = try BenchDatabase()
        let estate = try await BenchEstate.create(on: setting)
        let session = BearerToken.new(.session)
        try await setting.prepare(Self.person(in: estate.organisations[0], with: session))
        let database = Database(setting.configuration(connections: PostgresBench.connections), logger: setting.logger)
        defer { database.close() }

        let server = try server(database, logger: setting.logger)
        let services = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: setting.logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            try await measure(port: try await server.port, session, setting)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    private func measure(port: Int, _ session: BearerToken, _ setting: BenchDatabase) async throws {
        let load = HTTPLoad(port: port, cookie: "pulse_session=\(session.text.reveal())")
        var tenant: [Double] = []
        var bare: [Double] = []
        for path in ["/api/bare", "/api/row"] { _ = try await load.answersPerSecond(from: path, for: 1) }
        // In turns, so that both see the same weather; the middle one of three counts.
        for _ in 0..<3 {
            bare.append(try await load.answersPerSecond(from: "/api/bare", for: seconds))
            tenant.append(try await load.answersPerSecond(from: "/api/row", for: seconds))
        }
        var figures = Figures()
        figures.line("bare_per_s", median(bare), "answers/s")
        figures.line("tenant_read_per_s", median(tenant), "answers/s")
        figures.line("tenant_read_over_bare", median(tenant) / median(bare), "times", atLeast: 0.3)
        figures.require(try await load.status(of: "/api/row") == 200, "the session is good to the end")
        try await setting.prepare(["DELETE FROM pulse.sessions WHERE token_hash = \(session.hash)"])
        figures.require(
            try await load.status(of: "/api/row") == 401, "the next request of a revoked session is refused")
        try figures.conclude()
    }

    private func server(_ database: Database, logger: Logger) throws -> HTTPServer {
        let time = SystemTime()
        let touches = SessionTouches(database: database, time: time, logger: logger)
        let gate = AccessGate(database: database, touches: touches, time: time)
        let shape = Schema.object(["value": .integer, "name": .string])
        let example = #"{"value":7,"name":"row 7"}"#
        var settings = HTTPSettings()
        settings.rateMultiplier = 0
        let endpoints = [
            Endpoint(
                .get, "/api/bare", summary: "The bytes alone", access: .public(reason: "a bench on loopback"),
                audit: .none(reason: "reads only"), response: shape, responseExample: example
            ) { _ in Self.answer(value: 7, name: "row 7") },
            FusedRead(gate: gate).endpoint(
                "/api/row", summary: "The row", permission: .readMonitoring, response: shape, responseExample: example
            ) { _ in
                ["SELECT value, name FROM bench_rows WHERE id = 7"]
            } answer: { _, _, answers in
                let row = try answers[0].first { (try $0.next(Int64.self), try $0.next(String.self)) }
                guard let (value, name) = row else { throw Problem.notFound }
                return Self.answer(value: value, name: name)
            },
        ]
        return try HTTPServer(
            endpoints: endpoints, gate: gate, settings: settings, metrics: NOOPMetricsHandler.instance, logger: logger)
    }

    private static func answer(value: Int64, name: String) -> APIResponse {
        .json {
            $0.member("value", value)
            $0.member("name", name)
        }
    }

    /// Somebody who belongs to the organisation and is signed in.
    private static func person(in org: OrgID, with session: BearerToken) -> [SQL] {
        let now = SystemTime().now
        let user = UserID.new(at: now)
        return [
            """
            INSERT INTO pulse.orgs (id, slug, name, state, created_at)
            VALUES (\(org), \("bench-\(user.description.suffix(12))"), 'Bench', 'active', \(now))
            """,
            """
            INSERT INTO pulse.users (id, email, email_key, created_at)
            VALUES (\(user), \("\(user)@example.org"), \("\(user)@example.org"), \(now))
            """,
            """
            INSERT INTO pulse.members (org_id, user_id, role, email, joined_at)
            VALUES (\(org), \(user), 'viewer', 'bench@example.org', \(now))
            """,
            """
            INSERT INTO pulse.sessions (id, user_id, token_hash, csrf_hash, created_at, last_seen_at, idle, expires_at,
                                        absolute_expires_at, user_agent, address)
            VALUES (\(SessionID.new(at: now)), \(user), \(session.hash), \([UInt8]()), \(now), \(now), '1 day',
                    \(now + .seconds(86_400)), \(now + .seconds(86_400)), 'bench', '127.0.0.1')
            """,
        ]
    }
}

/// Asks a server on this machine, from a process of its own.
private struct HTTPLoad {
    let port: Int
    let cookie: String

    struct Failed: Error, CustomStringConvertible { let description: String }

    func answersPerSecond(from path: String, for seconds: Int) async throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["http-load", "--port", "\(port)", "--path", path, "--seconds", "\(seconds)"]
        // By environment: arguments can be read by everybody.
        process.environment = ProcessInfo.processInfo.environment.merging(["PULSE_BENCH_COOKIE": cookie]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        let text = try await withCheckedThrowingContinuation { (done: CheckedContinuation<String, any Error>) in
            process.terminationHandler = { _ in
                done.resume(
                    returning: String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
            }
            do { try process.run() } catch { done.resume(throwing: error) }
        }
        guard let rate = Double(text.trimmed) else {
            throw Failed(description: "\(path) was not answered as it should be")
        }
        return rate
    }

    func status(of path: String) async throws -> Int {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.headers.add(name: "cookie", value: cookie)
        return Int(try await HTTPClient.shared.execute(request, timeout: .seconds(10)).status.code)
    }
}
