internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// An organisation as an operator sees it: what it is called, how it is, and who to write to.
struct SeenOrganisation: Sendable {
    let id: OrgID
    let slug: String
    let displayName: String
    let state: String
    let suspension: String?
    let createdAt: Timestamp
    let memberCount: Int
    let ownerEmail: String?

    static let columns: SQL = "id, slug, name, state, suspension, created_at, members, owner_email"

    init(_ row: inout RowReader) throws {
        id = try row.next()
        slug = try row.next()
        displayName = try row.next()
        state = try row.next()
        suspension = try row.next()
        createdAt = try row.next()
        memberCount = try row.next()
        ownerEmail = try row.next()
    }

    static let states = ["provisioning", "active", "suspended", "pending_deletion"]

    static let schema = Schema.object([
        "id": .uuid, "slug": .string, "displayName": .string, "status": .enumeration(states),
        "suspendReason": .enumeration(["billing", "abuse"]).optional, "createdAt": .timestamp,
        "memberCount": .integer(minimum: 0), "ownerEmail": .email.optional,
    ]).named("SeenOrganisation")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-000000000001","slug":"nordwind","displayName":"Nordwind","status":"active",\
        "createdAt":"2026-11-21T09:30:00.000Z","memberCount":3,"ownerEmail":"ana@example.org"}
        """

    func write(to json: inout JSONWriter) {
        json.member("id", id)
        json.member("slug", slug)
        json.member("displayName", displayName)
        json.member("status", state)
        json.member("suspendReason", suspension)
        json.member("createdAt", createdAt)
        json.member("memberCount", memberCount)
        json.member("ownerEmail", ownerEmail)
    }
}

extension SeenOrganisation: JSONEncodable {
    func encode(to writer: inout JSONWriter) { writer.object { write(to: &$0) } }
}

/// The same in full, with what it uses.
struct SeenUsage: Sendable {
    struct Owner: Sendable {
        let user: UserID
        let email: String
        let displayName: String
    }

    let organisation: SeenOrganisation
    let suspendedAt: Timestamp?
    let deletionRequestedAt: Timestamp?
    let deleteAfter: Timestamp?
    let pendingInvitations: Int
    let machines: Int
    let resources: Int
    let apiTokens: Int
    let historyRows: Int
    let historyBytes: Int
    let lastReportAt: Timestamp?
    var owners: [Owner] = []
    /// What the operator who looks has asked for, or was given.
    var access: SupportAccess?

    static func query(_ org: OrgID, at now: Timestamp) -> SQL {
        """
        SELECT \(SeenOrganisation.columns), suspended_at, deletion_requested_at, delete_after, pending_invitations,
               machines, resources, api_tokens, history_rows, history_bytes, last_report_at
        FROM operator_org(\(org), \(now))
        """
    }

    init(_ row: inout RowReader) throws {
        organisation = try SeenOrganisation(&row)
        suspendedAt = try row.next()
        deletionRequestedAt = try row.next()
        deleteAfter = try row.next()
        pendingInvitations = try row.next()
        machines = try row.next()
        resources = try row.next()
        apiTokens = try row.next()
        historyRows = try row.next()
        historyBytes = try row.next()
        lastReportAt = try row.next()
    }

    static let schema = Schema.object([
        "id": .uuid, "slug": .string, "displayName": .string, "status": .enumeration(SeenOrganisation.states),
        "suspendReason": .enumeration(["billing", "abuse"]).optional, "createdAt": .timestamp,
        "memberCount": .integer(minimum: 0), "ownerEmail": .email.optional, "suspendedAt": .timestamp.optional,
        "deletionRequestedAt": .timestamp.optional, "deleteAfter": .timestamp.optional,
        "owners": .array(.object(["userId": .uuid, "email": .email, "displayName": .string])),
        "usage": .object([
            "members": .integer(minimum: 0), "pendingInvitations": .integer(minimum: 0),
            "machines": .integer(minimum: 0), "resources": .integer(minimum: 0), "apiTokens": .integer(minimum: 0),
            "historyRows": .integer(minimum: 0).described("pieces of history, about two hours of a machine each"),
            "historyBytes": .integer(minimum: 0), "lastReportAt": .timestamp.optional,
        ]),
        "supportAccess": SupportAccess.schema.optional,
    ]).named("SeenUsage")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-000000000001","slug":"nordwind","displayName":"Nordwind","status":"active",\
        "createdAt":"2026-11-21T09:30:00.000Z","memberCount":3,"ownerEmail":"ana@example.org",\
        "owners":[{"userId":"01935c1e-7d00-7000-8000-000000000002","email":"ana@example.org","displayName":"Ana"}],\
        "usage":{"members":3,"pendingInvitations":1,"machines":12,"resources":40,"apiTokens":2,"historyRows":900,\
        "historyBytes":1250000,"lastReportAt":"2026-11-21T09:31:00.000Z"}}
        """

    var response: APIResponse {
        .json { json in
            organisation.write(to: &json)
            json.member("suspendedAt", suspendedAt)
            json.member("deletionRequestedAt", deletionRequestedAt)
            json.member("deleteAfter", deleteAfter)
            json.array("owners") { json in
                for owner in owners {
                    json.object { json in
                        json.member("userId", owner.user)
                        json.member("email", owner.email)
                        json.member("displayName", owner.displayName)
                    }
                }
            }
            json.object("usage") { json in
                json.member("members", organisation.memberCount)
                json.member("pendingInvitations", pendingInvitations)
                json.member("machines", machines)
                json.member("resources", resources)
                json.member("apiTokens", apiTokens)
                json.member("historyRows", historyRows)
                json.member("historyBytes", historyBytes)
                json.member("lastReportAt", lastReportAt)
            }
            json.member("supportAccess", access)
        }
    }
}
