import FoundationEssentials
import Kernel
import Logging
import Postgres

/// The PostgreSQL server that lends the tests their databases: `PULSE_TEST_POSTGRES`, a URI of a superuser on this machine.
actor TestCluster {
    static let shared = TestCluster()

    /// Databases that exist at once: each has 8 connections, 8 x 8 = 64.
    private static let width = 8
    /// For what every test waits for, while a thousand others begin on the same cores.
    private static let patience: Duration = .seconds(300)
    private static let rolePassword = "pulse-test"
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private var template: Task<String, any Error>?
    private var free = TestCluster.width
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private lazy var maintenance = open(Self.uri(database: "postgres", role: nil))

    func lend() async throws -> TestDatabase {
        let template = try await migratedTemplate()
        await takePlace()
        let name = "pulse_t_\(ID<TestDatabase>.new(at: SystemTime().now).description.filter { $0 != "-" })"
        do {
            try await maintenance.executeGlobally(
                SQL(unsafeSQL: "CREATE DATABASE \(name) TEMPLATE \(template) STRATEGY FILE_COPY"),
                timeout: Self.patience
            )
        } catch {
            givePlace()
            throw error
        }
        return TestDatabase(name: name)
    }

    func takeBack(_ database: TestDatabase) async throws {
        database.close()
        defer { givePlace() }
        try await maintenance.executeGlobally(
            SQL(unsafeSQL: "DROP DATABASE IF EXISTS \(database.name) WITH (FORCE)"), timeout: Self.patience)
    }

    static func uri(database: String, role: String?) -> Secret<String> {
        guard let text = ProcessInfo.processInfo.environment["PULSE_TEST_POSTGRES"],
            var uri = URLComponents(string: text), ["127.0.0.1", "localhost", "::1"].contains(uri.host)
        else {
            fatalError(
                "PULSE_TEST_POSTGRES must be the URI of a superuser of a PostgreSQL on this machine; ops/test sets it")
        }
        uri.path = "/" + database
        if let role {
            uri.user = role
            uri.password = rolePassword
        }
        return Secret(uri.string!)
    }

    private func takePlace() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func givePlace() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }

    /// `PULSE_TEST_TEMPLATE`: one that somebody made already and broke on purpose (`ops/prove mutants`).
    private func migratedTemplate() async throws -> String {
        if let given = ProcessInfo.processInfo.environment["PULSE_TEST_TEMPLATE"] { return given }
        if let template { return try await template.value }
        let task = Task {
            // Every test of the run hangs on this one: a bad moment of the machine must not fail them all.
            for left in [2, 1] {
                do {
                    return try await makeTemplate()
                } catch {
                    print("The template of the test databases failed (\(left) tries left): \(error)")
                }
            }
            return try await makeTemplate()
        }
        template = task
        return try await task.value
    }

    /// One template a state of `Migrations/`, kept between runs. Nobody stays connected to it, or it could not be copied.
    private func makeTemplate() async throws -> String {
        let folder = Self.root.appendingPathComponent("Migrations")
        let migrations = try Migration.all(in: folder)
        let bootstrap = try String(contentsOf: folder.appendingPathComponent("bootstrap.sql"), encoding: .utf8)
        let everything = Array(([bootstrap] + migrations.flatMap { [$0.name, $0.sql] }).joined(separator: "\0").utf8)
        let name = try await maintenance.firstGlobally(
            "SELECT 'pulse_template_' || left(encode(sha256(\(everything)), 'hex'), 20)", timeout: Self.patience
        ) { try $0.next(String.self) }!
        return try await maintenance.asNobody(timeout: Self.patience) { lock in
            // Other test processes wait here; "ptpl" in ASCII.
            try await lock.execute("SELECT pg_advisory_xact_lock(1886679148)")
            let exists = try await maintenance.firstGlobally("SELECT 1 FROM pg_database WHERE datname = \(name)") {
                try $0.next(Int.self)
            }
            if exists == nil { try await build(name, bootstrap: bootstrap, migrations: migrations) }
            return name
        }
    }

    private func build(_ name: String, bootstrap: String, migrations: [Migration]) async throws {
        let draft = name + "_draft"
        for statement in ["DROP DATABASE IF EXISTS \(draft) WITH (FORCE)", "CREATE DATABASE \(draft)"] {
            try await maintenance.executeGlobally(SQL(unsafeSQL: statement), timeout: Self.patience)
        }
        let superuser = open(Self.uri(database: draft, role: nil))
        var script = bootstrap
        for role in ["owner", "app", "worker", "operator"] {
            script = script.split(separator: ":'\(role)_password'", omittingEmptySubsequences: false)
                .joined(separator: "'\(Self.rolePassword)'")
        }
        try await superuser.asNobody(timeout: Self.patience) { transaction in
            // Five thousand connections a run: SCRAM's 4,096 rounds for each were a fifth of all that the tests compute.
            try await transaction.execute("SET LOCAL password_encryption = 'md5'")
            for statement in SQLScript.statements(in: script) where !["BEGIN", "COMMIT"].contains(statement.text) {
                _ = try await transaction.batch([SQL(unsafeSQL: statement.text)])
            }
        }
        superuser.close()
        let owner = open(Self.uri(database: draft, role: "pulse_owner"))
        _ = try await Migrator(owner, logger: Logger(label: "test")).apply(migrations)
        owner.close()
        try await maintenance.executeGlobally(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = \(draft)")
        try await maintenance.executeGlobally(
            SQL(unsafeSQL: "ALTER DATABASE \(draft) RENAME TO \(name)"), timeout: Self.patience)
    }

    private func open(_ uri: Secret<String>) -> Database {
        var configuration = DatabaseConfiguration(url: uri)
        configuration.sharedConnections = 1
        configuration.leasedConnections = 1
        configuration.unavailableAfter = .seconds(20)
        return Database(configuration, logger: Logger(label: "test"))
    }
}
