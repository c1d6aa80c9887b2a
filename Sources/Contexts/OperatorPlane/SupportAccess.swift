internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// A request for support access and what became of it, as operators see it.
struct SupportAccess: Sendable {
    let id: SupportConsentID
    let org: OrgID
    let slug: String
    let name: String
    let operatorID: OperatorID
    let operatorName: String
    let reason: String
    let minutes: Int
    let state: String
    let requestedAt: Timestamp
    let requestExpiresAt: Timestamp
    let decidedAt: Timestamp?
    let expiresAt: Timestamp?
    let endedAt: Timestamp?

    /// How long may be asked for: a quarter of an hour to a week.
    static let minutes = 15...10_080
    static let states = ["pending", "active", "declined", "revoked", "withdrawn", "expired"]

    /// - Parameter person: `nil`: of any operator.
    static func query(
        by person: OperatorID?, in org: OrgID? = nil, _ id: SupportConsentID? = nil, state: String? = nil,
        after: SupportConsentID? = nil, most: Int, at now: Timestamp
    ) -> SQL {
        """
        SELECT id, org_id, slug, name, operator_id, operator_name, reason, minutes, state, requested_at,
               request_expires_at, decided_at, expires_at, ended_at
        FROM operator_support(\(person), \(org), \(id), \(state), \(after), \(Int32(most)), \(now))
        """
    }

    init(_ row: inout RowReader) throws {
        id = try row.next()
        org = try row.next()
        slug = try row.next()
        name = try row.next()
        operatorID = try row.next()
        operatorName = try row.next()
        reason = try row.next()
        minutes = Int(try row.next(Int32.self))
        state = try row.next()
        requestedAt = try row.next()
        requestExpiresAt = try row.next()
        decidedAt = try row.next()
        expiresAt = try row.next()
        endedAt = try row.next()
    }

    static let schema = Schema.object([
        "id": .uuid, "orgId": .uuid, "orgSlug": .string, "orgName": .string, "operatorId": .uuid,
        "operatorName": .string, "reason": .string, "minutes": .integer(minimum: 15, maximum: 10_080),
        "status": .enumeration(states), "requestedAt": .timestamp, "requestExpiresAt": .timestamp,
        "decidedAt": .timestamp.optional, "expiresAt": .timestamp.optional, "endedAt": .timestamp.optional,
    ]).named("SupportAccess")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-0000000000b1","orgId":"01935c1e-7d00-7000-8000-000000000001",\
        "orgSlug":"nordwind","orgName":"Nordwind","operatorId":"01935c1e-7d00-7000-8000-0000000000a1",\
        "operatorName":"Mira","reason":"The graphs of host7 stand still","minutes":60,"status":"pending",\
        "requestedAt":"2026-11-21T09:30:00.000Z","requestExpiresAt":"2026-11-28T09:30:00.000Z"}
        """
}

extension SupportAccess: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("orgId", org)
            json.member("orgSlug", slug)
            json.member("orgName", name)
            json.member("operatorId", operatorID)
            json.member("operatorName", operatorName)
            json.member("reason", reason)
            json.member("minutes", minutes)
            json.member("status", state)
            json.member("requestedAt", requestedAt)
            json.member("requestExpiresAt", requestExpiresAt)
            json.member("decidedAt", decidedAt)
            json.member("expiresAt", expiresAt)
            json.member("endedAt", endedAt)
        }
    }
}

extension Problem {
    static let supportAccessNotFound = Problem(
        "support-access-not-found", status: 404, title: "No such support access")
    static let supportAccessState = Problem(
        "support-access-state", status: 409, title: "This request was answered already, or is over")
}

/// Why something is done, in the operator's own words.
enum OperatorNote {
    static func check(_ text: String, field: String) throws(Problem) -> String {
        let note = text.trimmed
        guard (1...500).contains(note.utf8.count), note.isPlainLine else {
            throw .invalidField(field, "one line of 1 to 500 bytes is wanted: it tells others why")
        }
        return note
    }
}
