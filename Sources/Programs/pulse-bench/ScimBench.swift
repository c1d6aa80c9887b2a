import ArgumentParser
import Foundation
import Glibc
import HTTPKit
import Kernel
import PulseApp
import ServiceLifecycle
import Telemetry

/// A directory's first synchronisation against a whole Pulse over HTTP: each user is looked up and made, then groups are
/// filled, as Entra does it. What is counted is the computing time of this process, client and server together, and of the
/// database's side of its connections: all of it on one core has to be done within a minute.
struct ScimBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scim", abstract: "A directory's first synchronisation of ten thousand people.")

    @Option(help: "People of the directory.") var users = 10_000
    @Option(help: "Requests at once.") var lanes = 4

    private static let groupSize = 500
    private static let piece = 100

    func run() async throws {
        let setting = try BenchDatabase()
        let environment = ProcessInfo.processInfo.environment.filter {
            ["PULSE_DATABASE_URL", "PULSE_WORKER_DATABASE_URL"].contains($0.key)
        }
        let configuration = try PulseConfiguration(
            environment.merging([
                "PULSE_ENV": "development", "PULSE_PUBLIC_URL": "http://localhost", "PULSE_LISTEN": "127.0.0.1:0",
                "PULSE_ADMIN_LISTEN": "127.0.0.1:0", "PULSE_RATE_LIMITS": "off",
            ]) { $1 })
        let pulse = try Composition(configuration, registry: PrometheusRegistry(), logger: setting.logger)
        let services = ServiceGroup(
            configuration: .init(services: pulse.services.map { .init(service: $0) }, logger: setting.logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let client = ProbeClient(port: try await pulse.server.port)
            let result = await Result(catching: { try await measure(configuration, client) })
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            try result.get()
        }
    }

    private func measure(_ configuration: PulseConfiguration, _ client: ProbeClient) async throws {
        let place = try await ProbeEstate.found(configuration, client)
        let made = try await client.ask(
            .post, "/api/security/scim/tokens", as: place.owner, body: #"{"name":"Bench"}"#)
        guard let token = (made.json as? [String: Any])?["token"] as? String else { throw ProbeFault(made.text) }
        let (credential, database) = (
            Credential.token(token), URL(string: configurationDatabase)?.lastPathComponent ?? ""
        )
        let (start, own, theirs) = (ContinuousClock.now, Self.ownSeconds, Self.databaseSeconds(of: database))

        let ids = try await inLanes(users) { number in
            let name = "user-\(number)@directory.example"
            let found = try await client.ask(
                .get, "/scim/v2/Users?filter=\("userName eq \"\(name)\"".percentEncoded)", as: credential)
            guard found.status == 200 else { throw ProbeFault("\(found.status) \(found.text)") }
            let answer = try await client.ask(.post, "/scim/v2/Users", as: credential, body: Self.user(name, number))
            guard answer.status == 201, let id = (answer.json as? [String: Any])?["id"] as? String else {
                throw ProbeFault("\(answer.status) \(answer.text)")
            }
            return id
        }
        let afterUsers = (ContinuousClock.now - start).inSeconds
        try await fillGroups(ids, as: credential, client)
        let wall = (ContinuousClock.now - start).inSeconds
        let (process, server) = (Self.ownSeconds - own, Self.databaseSeconds(of: database) - theirs)

        let told = try await client.ask(.get, "/scim/v2/Users?count=0&filter=active%20eq%20true", as: credential)
        let total = (told.json as? [String: Any])?["totalResults"] as? Int
        var figures = Figures()
        figures.line("users_synced", Double(ids.count), "users")
        figures.line("users_s", afterUsers, "s")
        figures.line("sync_wall_s", wall, "s")
        figures.line("pulse_and_client_cpu_s", process, "s")
        figures.line("database_cpu_s", server, "s")
        figures.line("sync_cpu_s", process + server, "s of one core", atMost: 60.0 * Double(users) / 10_000)
        figures.require(total == users, "every user is there and active")
        try figures.conclude()
    }

    private var configurationDatabase: String { ProcessInfo.processInfo.environment["PULSE_DATABASE_URL"] ?? "" }

    private func fillGroups(_ ids: [String], as credential: Credential, _ client: ProbeClient) async throws {
        let groups = stride(from: 0, to: ids.count, by: Self.groupSize).map {
            Array(ids[$0..<min($0 + Self.groupSize, ids.count)])
        }
        _ = try await inLanes(groups.count) { number in
            let body = #"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Group \#(number)"}"#
            let made = try await client.ask(.post, "/scim/v2/Groups", as: credential, body: body)
            guard let id = (made.json as? [String: Any])?["id"] as? String else { throw ProbeFault(made.text) }
            for start in stride(from: 0, to: groups[number].count, by: Self.piece) {
                let members = groups[number][start..<min(start + Self.piece, groups[number].count)]
                    .map { #"{"value":"\#($0)"}"# }.joined(separator: ",")
                let answer = try await client.ask(
                    .patch, "/scim/v2/Groups/\(id)", as: credential,
                    body: """
                        {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                        "Operations":[{"op":"Add","path":"members","value":[\(members)]}]}
                        """)
                guard answer.isSuccess else { throw ProbeFault("\(answer.status) \(answer.text)") }
            }
            return id
        }
    }

    private func inLanes(_ count: Int, _ work: @escaping @Sendable (Int) async throws -> String) async throws
        -> [String]
    {
        let lanes = lanes
        return try await withThrowingTaskGroup(of: [String].self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    var made: [String] = []
                    for number in stride(from: lane, to: count, by: lanes) { made.append(try await work(number)) }
                    return made
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private static func user(_ name: String, _ number: Int) -> String {
        """
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"externalId":"ext-\(number)","userName":"\(name)",
        "active":true,"displayName":"User \(number)","emails":[{"primary":true,"type":"work","value":"\(name)"}],
        "name":{"givenName":"User","familyName":"\(number)"},"title":"Engineer","preferredLanguage":"en",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Tools","employeeNumber":"\(number)"}}
        """
    }

    // MARK: Computing time

    private static var ownSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let seconds = { (time: timeval) in Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// Of the backends that are connected to this database, by the titles that PostgreSQL gives them.
    private static func databaseSeconds(of name: String) -> Double {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let ticks = processes.filter { Int($0) != nil }.compactMap { process -> Double? in
            guard let title = FileManager.default.contents(atPath: "/proc/\(process)/cmdline"),
                String(decoding: title, as: UTF8.self).contains(" \(name) "),
                let stat = FileManager.default.contents(atPath: "/proc/\(process)/stat")
            else { return nil }
            // Behind the name in brackets: state is the first, user and system time the twelfth and thirteenth.
            let words = String(decoding: stat, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
            guard words.count > 12, let user = Double(words[11]), let system = Double(words[12]) else { return nil }
            return user + system
        }
        return ticks.reduce(0, +) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

extension Result where Failure == any Error {
    fileprivate init(catching body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
