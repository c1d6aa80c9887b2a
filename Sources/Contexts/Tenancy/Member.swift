package import HTTPKit
internal import JSONKit
package import Kernel
internal import Postgres

/// Somebody who belongs to an organisation, as the others in it see them.
struct Member: Sendable {
    let user: UserID
    let email: String
    let displayName: String
    let role: String
    let joinedAt: Timestamp
    let addedBy: UserID?

    static let columns: SQL = "user_id, email, display_name, role, joined_at, added_by"

    init(_ row: inout RowReader) throws {
        user = try row.next()
        email = try row.next()
        displayName = try row.next()
        role = try row.next()
        joinedAt = try row.next()
        addedBy = try row.next()
    }

    static let schema = Schema.object([
        "userId": .uuid, "email": .email, "displayName": .string, "role": .string, "joinedAt": .timestamp,
        "addedBy": .uuid.optional,
    ]).named("Member")

    static let example = """
        {"userId":"01935c1e-7d00-7000-8000-000000000002","email":"ana@example.org","displayName":"Ana",\
        "role":"owner","joinedAt":"2026-11-21T09:30:00.000Z"}
        """
}

extension Member: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("userId", user)
            json.member("email", email)
            json.member("displayName", displayName)
            json.member("role", role)
            json.member("joinedAt", joinedAt)
            json.member("addedBy", addedBy)
        }
    }
}

/// Some rows and where the next ones begin.
package struct ListPage<Element: Sendable>: Sendable {
    package let rows: [Element]
    package let nextCursor: String?

    /// - Parameter rows: one more than `limit` when there are more.
    package init(_ rows: [Element], limit: Int, cursor: (Element) -> String) {
        self.rows = Array(rows.prefix(limit))
        nextCursor = rows.count > limit ? self.rows.last.map(cursor) : nil
    }
}

extension ListPage where Element: JSONEncodable {
    var response: APIResponse {
        .json { json in
            json.member("data", rows)
            json.member("nextCursor", nextCursor)
        }
    }
}

extension APIRequest {
    /// `limit` (1...100, else 50) and the id that `cursor` names.
    package func page<Subject>(of _: Subject.Type = Subject.self) throws(Problem) -> (limit: Int, after: ID<Subject>?) {
        let limit = Paging(limit: query["limit"].flatMap { Int($0) } ?? 50).limit
        guard let cursor = query["cursor"] else { return (limit, nil) }
        guard let after = ID<Subject>(cursor) else {
            throw .invalidField("cursor", "only what an answer gave as nextCursor is one")
        }
        return (limit, after)
    }

    package static var pageParameters: [QueryParameter] {
        [
            QueryParameter("limit", .integer(minimum: 1, maximum: 100), summary: "how many, 50 unless told"),
            QueryParameter("cursor", .string, summary: "where to go on: the last answer's nextCursor"),
        ]
    }

    /// The member who asks, and in which organisation. People of a provider, tokens and staff are none.
    package func member() throws(Problem) -> (user: UserID, session: SessionID, org: OrgID) {
        guard case .user(let user, let session) = try caller().principal else { throw .membersOnly }
        return (user, session, try org())
    }
}

extension Schema {
    package static func page(of element: Schema) -> Schema {
        .object(["data": .array(element, maxItems: 100), "nextCursor": .string.optional])
    }
}
