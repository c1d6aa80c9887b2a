internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// How one customer of a provider is: numbers, never names of what it has.
struct CustomerOverview: Sendable {
    struct Summary: Sendable {
        let resources, online, offline, warning, unknown: Int
        let updatedAt: Timestamp
    }

    let grant: ProviderGrantID
    let org: OrgID
    let slug: String
    let displayName: String
    let status: String
    let role: String
    let expiresAt: Timestamp
    /// `nil` until its monitor has counted.
    let summary: Summary?

    init(_ row: inout RowReader) throws {
        grant = try row.next()
        org = try row.next()
        slug = try row.next()
        displayName = try row.next()
        status = try row.next()
        role = try row.next()
        expiresAt = try row.next()
        var counts: [Int] = []
        for _ in 0..<5 { counts.append(Int(try row.next(Int32?.self) ?? 0)) }
        summary = try row.next(Timestamp?.self).map {
            Summary(
                resources: counts[0], online: counts[1], offline: counts[2], warning: counts[3], unknown: counts[4],
                updatedAt: $0)
        }
    }

    private static let counts = Schema.object([
        "resources": .integer(minimum: 0), "online": .integer(minimum: 0), "offline": .integer(minimum: 0),
        "warning": .integer(minimum: 0), "unknown": .integer(minimum: 0), "updatedAt": .timestamp,
    ])

    static let schema = Schema.object([
        "grantId": .uuid, "orgId": .uuid, "slug": .string, "displayName": .string, "status": .string,
        "role": .enumeration(ProviderRequest.roles), "expiresAt": .timestamp, "summary": counts.optional,
    ]).named("CustomerOverview")

    static let totals = Schema.object([
        "customers": .integer(minimum: 0), "resources": .integer(minimum: 0), "online": .integer(minimum: 0),
        "offline": .integer(minimum: 0), "warning": .integer(minimum: 0), "unknown": .integer(minimum: 0),
    ])

    static let example = """
        {"data":[{"grantId":"01935c1e-7d00-7000-8000-00000000000c","orgId":"01935c1e-7d00-7000-8000-000000000001",\
        "slug":"nordwind","displayName":"Nordwind","status":"active","role":"editor",\
        "expiresAt":"2027-05-21T09:30:00.000Z","summary":{"resources":12,"online":11,"offline":1,"warning":0,\
        "unknown":0,"updatedAt":"2026-11-21T09:30:00.000Z"}}],"totals":{"customers":1,"resources":12,"online":11,\
        "offline":1,"warning":0,"unknown":0}}
        """

    static func response(_ customers: [CustomerOverview]) -> APIResponse {
        let all = customers.compactMap(\.summary)
        return .json { json in
            json.member("data", customers)
            json.object("totals") { json in
                json.member("customers", customers.count)
                for (name, count) in counts(of: all) { json.member(name, count) }
            }
        }
    }

    private static func counts(of summaries: [Summary]) -> [(String, Int)] {
        let readers: [(String, (Summary) -> Int)] = [
            ("resources", { $0.resources }), ("online", { $0.online }), ("offline", { $0.offline }),
            ("warning", { $0.warning }), ("unknown", { $0.unknown }),
        ]
        return readers.map { name, read in (name, summaries.reduce(0) { $0 + read($1) }) }
    }
}

extension CustomerOverview: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("grantId", grant)
            json.member("orgId", org)
            json.member("slug", slug)
            json.member("displayName", displayName)
            json.member("status", status)
            json.member("role", role)
            json.member("expiresAt", expiresAt)
            guard let summary else { return }
            json.object("summary") { json in
                for (name, count) in Self.counts(of: [summary]) { json.member(name, count) }
                json.member("updatedAt", summary.updatedAt)
            }
        }
    }
}
