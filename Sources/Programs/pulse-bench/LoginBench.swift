import Access
import ArgumentParser
import AsyncHTTPClient
import CoreMetrics
import Cryptography
import Foundation
import HTTPKit
import Identity
import Kernel
import Logging
import Mail
import NIOCore
import NIOHTTP1
import Postgres
import ServiceLifecycle
import Vault

/// Sign-ins with a password over HTTP, against the bare Argon2id library at the same cost on as many threads; and whether
/// the time of a refusal tells who has an account.
struct LoginBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Sign-ins against bare Argon2id, and known against unknown people.")

    @Option(help: "Seconds of each round.") var seconds = 4
    @Option(help: "Rounds of each kind; the middle one counts.") var rounds = 5
    @Option(help: "Refusals of known and of unknown people that are compared, each.") var pairs = 400

    private static let password = "correct horse battery"

    func run() async throws {
        let setting = try BenchDatabase()
        let hasher = PasswordHasher()
        let stored = try await hasher.hash(Secret(Self.password))
        try await setting.prepare(Self.people(pairs, hash: stored))
        var configuration = setting.configuration(connections: 8)
        configuration.leasedConnections = 8
        let database = Database(configuration, logger: setting.logger)
        defer { database.close() }

        let server = try Self.server(database, hasher, logger: setting.logger)
        let services = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: setting.logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let load = LoginLoad(port: try await server.port)
            do { try await measure(load, hasher, stored) } catch {
                try? await load.client.shutdown()
                throw error
            }
            try await load.client.shutdown()
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    private func measure(_ load: LoginLoad, _ hasher: PasswordHasher, _ stored: String) async throws {
        var figures = Figures()
        let raw = RawArgon2(encoded: stored, password: Self.password, threads: hasher.threadCount)
        let people = (0..<pairs).map(Self.address)
        _ = try await load.signIns(of: people, Self.password, for: 1, at: hasher.threadCount * 4)
        var ours: [Double] = []
        var theirs: [Double] = []
        // In turns, so that both see the same weather.
        for _ in 0..<rounds {
            theirs.append(await raw.checksPerSecond(for: seconds))
            ours.append(
                try await load.signIns(of: people, Self.password, for: seconds, at: hasher.threadCount * 4))
        }
        figures.line("argon2_memory", Double(hasher.cost.memoryKiB) / 1024, "MiB", atLeast: 19)
        figures.line("argon2_passes", Double(hasher.cost.passes), "passes", atLeast: 2)
        figures.line("argon2_lanes", Double(hasher.cost.lanes), "lanes", atLeast: 1)
        figures.line("hashing_threads", Double(hasher.threadCount), "threads")
        figures.line("argon2_per_s", median(theirs), "checks/s")
        figures.line("logins_per_s", median(ours), "logins/s")
        figures.line("logins_over_argon2", median(ours) / median(theirs), "times", atLeast: 0.85)

        // One after the other, in turns and each first every second time; nobody twice, so nobody is locked.
        var known: [Double] = []
        var unknown: [Double] = []
        for number in 0..<pairs {
            let stranger = "stranger-\(number)@example.org"
            for isKnown in number.isMultiple(of: 2) ? [true, false] : [false, true] {
                let spent = try await load.refusal(of: isKnown ? Self.address(number) : stranger)
                if isKnown { known.append(spent) } else { unknown.append(spent) }
            }
        }
        figures.line("known_refusal_ms", median(known) * 1000, "ms")
        figures.line("unknown_refusal_ms", median(unknown) * 1000, "ms")
        let difference = (median(known) - median(unknown)).magnitude / median(unknown) * 100
        figures.line("refusal_difference", difference, "%", atMost: 5)
        try figures.conclude()
    }

    private static func address(_ number: Int) -> String { "login-\(number)@example.org" }

    /// Everybody has the same hash: what is measured is checking it.
    private static func people(_ count: Int, hash: String) -> [SQL] {
        (0..<count).map { number in
            let now = SystemTime().now
            return """
                INSERT INTO pulse.users (id, email, email_key, password_hash, created_at)
                VALUES (\(UserID.new(at: now)), \(address(number)), \(address(number)), \(hash), \(now))
                """
        }
    }

    private static func server(_ database: Database, _ hasher: PasswordHasher, logger: Logger) throws -> HTTPServer {
        let time = SystemTime()
        let touches = SessionTouches(database: database, time: time, logger: logger)
        let gate = AccessGate(database: database, touches: touches, time: time)
        let keys = KeyStoreProvider(directory: "/nonexistent", root: .environment(Secret("")))
        let context = IdentityContext(
            database: database, passwords: hasher, mail: NoMail(), links: LinkKey(secret: Secret([1, 2, 3])),
            vault: SecretVault(KeyRing(database, providers: KeyProviders(standard: keys), time: time)), time: time,
            publicURL: "http://localhost", countsAddresses: false)
        var settings = HTTPSettings()
        settings.rateMultiplier = 0
        return try HTTPServer(
            endpoints: SignInRoutes(context).endpoints, gate: gate, settings: settings,
            metrics: NOOPMetricsHandler.instance, logger: logger)
    }
}

/// A bench sends none.
private struct NoMail: Postbox {
    func send(_ mail: OutgoingMail) -> Bool { true }
}

/// Signs in over HTTP, each time as a browser that has never been here.
private struct LoginLoad {
    let port: Int
    let client: HTTPClient

    init(port: Int) {
        self.port = port
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Successful sign-ins a second, `width` at a time.
    func signIns(of people: [String], _ password: String, for seconds: Int, at width: Int) async throws -> Double {
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for lane in 0..<width {
                group.addTask {
                    var done = 0
                    var next = lane
                    while ContinuousClock.now < end {
                        guard try await status(of: people[next % people.count], password) == 200 else {
                            throw BenchFault.wrongAnswer("a sign-in was refused")
                        }
                        done += 1
                        next += width
                    }
                    return done
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(count) / (ContinuousClock.now - start).inSeconds
    }

    /// Seconds that a wrong password takes.
    func refusal(of person: String) async throws -> Double {
        let start = ContinuousClock.now
        guard try await status(of: person, "wrong horse battery") == 401 else {
            throw BenchFault.wrongAnswer("a wrong password was not refused")
        }
        return (ContinuousClock.now - start).inSeconds
    }

    private func status(of person: String, _ password: String) async throws -> Int {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/api/login")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: #"{"email":"\#(person)","password":"\#(password)"}"#))
        let response = try await client.execute(request, timeout: .seconds(30))
        _ = try await response.body.collect(upTo: 1 << 16)
        return Int(response.status.code)
    }
}
