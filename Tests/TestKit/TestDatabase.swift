package import Kernel
import Logging
package import Postgres

/// A database of one's own for one test, copied from the migrated template and dropped afterwards.
///
/// `@Suite(.postgres)` lends it; the test finds it as `TestDatabase.current`.
package struct TestDatabase: Sendable {
    @TaskLocal package static var task: TestDatabase?

    /// - Precondition: the test or its suite has the trait `.postgres`.
    package static var current: TestDatabase {
        guard let task else { preconditionFailure("this test needs the trait .postgres") }
        return task
    }

    package let name: String
    /// As the tenants' role: what the product uses.
    package let app: Database
    /// As the workers' role.
    package let worker: Database
    /// As the owner of the schema: bound by row-level security too, so it sees no tenant's rows.
    package let owner: Database
    /// As a superuser: sees everything, for looking behind the product's back.
    package let superuser: Database

    /// The URI by which a role reaches this database, for programs under test.
    package func uri(as role: String) -> Secret<String> { TestCluster.uri(database: name, role: role) }

    init(name: String) {
        self.name = name
        func open(_ role: String?, shared: Int, leased: Int) -> Database {
            var configuration = DatabaseConfiguration(url: TestCluster.uri(database: name, role: role))
            configuration.sharedConnections = shared
            configuration.leasedConnections = leased
            configuration.applicationName = "pulse-test"
            // A loaded machine must not fail a test that is about something else.
            configuration.unavailableAfter = .seconds(20)
            configuration.leaseTimeout = .seconds(20)
            return Database(configuration, logger: Logger(label: "test"))
        }
        app = open("pulse_app", shared: 2, leased: 2)
        worker = open("pulse_worker", shared: 1, leased: 1)
        owner = open("pulse_owner", shared: 1, leased: 1)
        superuser = open(nil, shared: 1, leased: 1)
    }

    func close() {
        for database in [app, worker, owner, superuser] { database.close() }
    }
}
