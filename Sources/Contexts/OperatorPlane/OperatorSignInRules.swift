internal import HTTPKit
package import Kernel
package import Postgres

/// What holds for every operator's sign-in.
package struct OperatorSignInRules: Sendable {
    private let database: Database

    /// - Parameter database: as pulse_operator.
    package init(database: Database) { self.database = database }

    /// Whether password and authenticator open the door. Without them a provider has to vouch for everybody; a shell on the
    /// host switches them on again.
    package func passwordLogin() async throws -> Bool {
        try await database.firstGlobally("SELECT password_login FROM operator_sign_in") { try $0.next(Bool.self) }
            ?? true
    }

    package static func setPasswordLogin(_ isOn: Bool, in transaction: Transaction) async throws {
        try await transaction.execute("UPDATE operator_sign_in SET password_login = \(isOn)")
    }
}

extension Problem {
    package static let passwordLoginOff = Problem(
        "password-login-off", status: 403, title: "Operators sign in through a provider here",
        detail: "Where no provider answers, `pulse admin operator password-login on` on the host opens this way again.")
}
