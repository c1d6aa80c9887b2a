import Kernel
import Postgres

/// Checked before anything is served.
package enum StartCheck {
    /// Row-level security does not bind superusers and roles that bypass it: serving as one would show everyone everything.
    /// - Throws: a sentence when the role of PULSE_DATABASE_URL may see past the policies.
    static func tenantRole(_ database: Database) async throws {
        let found = try await database.firstGlobally(
            "SELECT NOT (rolsuper OR rolbypassrls), current_user::text FROM pg_roles WHERE rolname = current_user",
            timeout: .seconds(10)
        ) { (isBound: try $0.next(Bool.self), role: try $0.next(String.self)) }
        guard let found, found.isBound else {
            throw ConfigurationError.unfit(
                "PULSE_DATABASE_URL", saw: found?.role ?? "?",
                wanted: "a role without superuser rights and BYPASSRLS, such as pulse_app")
        }
    }
}
