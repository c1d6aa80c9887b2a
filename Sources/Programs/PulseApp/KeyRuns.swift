import Audit
package import Kernel
import Logging
import Postgres
package import Vault

extension PulseRuns {
    /// Whose keys `pulse admin rotate-keys` is about.
    package enum KeyHolders: Sendable {
        case installation
        case organisation(OrgID)
        /// Every organisation that is not deleted, and the installation.
        case everybody
    }

    /// Begins rotations, which running programs then carry out, and leaves an entry with each organisation.
    /// - Returns: a sentence: how many were begun, how many were under way already.
    package static func rotateKeys(
        _ kind: KeyRotation.Kind, of holders: KeyHolders, _ configuration: PulseConfiguration
    ) async throws -> String {
        let app = try adminDatabase(configuration, \.databaseURL, key: "PULSE_DATABASE_URL")
        defer { app.close() }
        var (begun, running) = (0, 0)
        for owner in try await owners(holders, configuration) {
            let now = SystemTime().now
            do {
                _ = try await KeyRotations(app).begin(kind, for: owner, at: now) { entries($0, of: owner, at: now) }
                begun += 1
            } catch let problem as Problem where problem == .keyRotationRunning {
                running += 1
            }
        }
        return "rotations begun: \(begun), under way already: \(running)"
    }

    private static func owners(
        _ holders: KeyHolders, _ configuration: PulseConfiguration
    ) async throws -> [KeyOwner] {
        switch holders {
        case .installation: return [.instance]
        case .organisation(let org): return [.org(org)]
        case .everybody:
            let worker = try adminDatabase(configuration, \.workerDatabaseURL, key: "PULSE_WORKER_DATABASE_URL")
            defer { worker.close() }
            let orgs = try await worker.rowsGlobally(
                "SELECT id FROM orgs WHERE state <> 'deleted' ORDER BY id", timeout: .seconds(30)
            ) { KeyOwner.org(try $0.next()) }
            return [.instance] + orgs
        }
    }

    private static func entries(_ rotation: KeyRotation, of owner: KeyOwner, at now: Timestamp) -> [SQL] {
        guard case .org = owner else { return [] }
        let origin = AuditOrigin(requestID: "-", address: "-", userAgent: "pulse admin")
        let actor = Principal.system(job: "admin")
        return [AuditRecord(.keyRotate, of: "key_rotation:\(rotation.id)", by: actor, from: origin).append(at: now)]
    }

    private static func adminDatabase(
        _ configuration: PulseConfiguration, _ url: KeyPath<PulseConfiguration, Secret<String>?>, key: String
    ) throws -> Database {
        var settings = DatabaseConfiguration(url: try configuration.required(url, key: key))
        settings.sharedConnections = 1
        settings.leasedConnections = 1
        settings.applicationName = "pulse-admin"
        settings.unavailableAfter = .seconds(10)
        return Database(settings, logger: Logger(label: "pulse"))
    }
}
