internal import HTTPKit
internal import JSONKit
package import Kernel
internal import Postgres

/// One of the people who host Pulse.
struct OperatorRecord: Sendable {
    /// How far an account has come.
    struct Life: Sendable {
        /// `invited` (not set up yet), `active` or `disabled`.
        let state: String
        let createdAt: Timestamp
        let lastSignInAt: Timestamp?
    }

    let id: OperatorID
    let email: String
    let displayName: String
    let role: OperatorRole
    /// Of a list of accounts.
    var life: Life?

    init(id: OperatorID, email: String, displayName: String, role: OperatorRole) {
        self.id = id
        self.email = email
        self.displayName = displayName
        self.role = role
    }

    init(_ row: inout RowReader) throws {
        guard let person = try Self(ifPresent: &row) else { throw Problem.operatorNotFound }
        self = person
    }

    init(withLife row: inout RowReader) throws {
        try self.init(&row)
        life = Life(state: try row.next(), createdAt: try row.next(), lastSignInAt: try row.next())
    }

    /// Id, address, name and role, all of them or none.
    init?(ifPresent row: inout RowReader) throws {
        let id = try row.next(OperatorID?.self)
        let (email, name) = (try row.next(String?.self), try row.next(String?.self))
        let role = try row.next(String?.self).flatMap { OperatorRole(rawValue: $0) }
        guard let id, let email, let name, let role else { return nil }
        self.init(id: id, email: email, displayName: name, role: role)
    }

    private static let members: KeyValuePairs<String, Schema> = [
        "id": .uuid, "email": .email, "displayName": .string,
        "role": .enumeration(OperatorRole.allCases.map(\.rawValue)),
    ]
    static let schema = Schema.object(members).named("Operator")
    static let listed = Schema.object([
        "id": .uuid, "email": .email, "displayName": .string,
        "role": .enumeration(OperatorRole.allCases.map(\.rawValue)),
        "status": .enumeration(["invited", "active", "disabled"]), "createdAt": .timestamp,
        "lastSignInAt": .timestamp.optional,
    ]).named("OperatorAccount")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-0000000000a1","email":"mira@host.example","displayName":"Mira",\
        "role":"operator_admin"}
        """
    static let listedExample = """
        {"id":"01935c1e-7d00-7000-8000-0000000000a1","email":"mira@host.example","displayName":"Mira",\
        "role":"operator_admin","status":"active","createdAt":"2026-11-21T09:30:00.000Z"}
        """
}

extension OperatorRecord: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("email", email)
            json.member("displayName", displayName)
            json.member("role", role.rawValue)
            guard let life else { return }
            json.member("status", life.state)
            json.member("createdAt", life.createdAt)
            json.member("lastSignInAt", life.lastSignInAt)
        }
    }
}

extension Problem {
    package static let operatorNotFound = Problem("operator-not-found", status: 404, title: "No such operator")
}
