internal import Access
internal import Audit
internal import Cryptography
package import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// Reading and proving the trails that came along when this organisation was made from an archive.
package struct PriorTrailRoutes: Sendable {
    private let database: Database
    private let keys: TrailKeys

    init(database: Database, keys: TrailKeys) {
        self.database = database
        self.keys = keys
    }

    package var endpoints: [Endpoint] { [list, entries, verify] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/audit/prior", summary: "List the trails that came along from elsewhere",
            access: .permission(.readAudit), scope: .readAuditTrail, openTo: .evenClosing,
            audit: .none(reason: "reads only"), response: .object(["data": .array(Self.schema, maxItems: 100)]),
            responseExample: #"{"data":[\#(Self.example)]}"#
        ) { [database] request in
            let found = try await database.rows(in: try request.org(), PriorTrail.Found.query, timeout: .seconds(10)) {
                try PriorTrail.Found(&$0)
            }
            return .json { $0.member("data", found) }
        }
    }

    private var entries: Endpoint {
        Endpoint(
            .get, "/api/audit/prior/{organizationId}", summary: "List who did what there, newest first",
            access: .permission(.readAudit), scope: .readAuditTrail, openTo: .evenClosing,
            audit: .none(reason: "reads only"), problems: [.notFound, .invalidField("cursor", "")],
            query: Array(TrailFilter.parameters.suffix(2)),
            response: .object(["data": .array(TrailSchemas.entry, maxItems: 100), "nextCursor": .string.optional]),
            responseExample: #"{"data":[\#(TrailSchemas.entryExample)],"nextCursor":"42"}"#
        ) { [self] request in
            let filter = try TrailFilter(request.query)
            let found = try await trail(of: request).page(below: filter.below ?? .max, limit: filter.limit + 1)
            // Each trail has an entry: that of the export it came with.
            guard !found.isEmpty || filter.below != nil else { throw Problem.notFound }
            let page = found.prefix(filter.limit)
            return .json { json in
                json.array("data") { json in
                    for entry in page {
                        TrailStore.Named(entry: entry, actorName: nil, objectName: nil).encode(to: &json)
                    }
                }
                json.member("nextCursor", found.count > filter.limit ? page.last.map { "\($0.seq)" } : nil)
            }
        }
    }

    private var verify: Endpoint {
        Endpoint(
            .get, "/api/audit/prior/{organizationId}/verify",
            summary: "Check that trail's chain, its checkpoints and its head, and say whose keys signed",
            access: .permission(.readAudit), scope: .readAuditTrail, openTo: .evenClosing,
            audit: .none(reason: "reads only"), rate: .download, problems: [.notFound],
            response: TrailSchemas.priorVerdict, responseExample: TrailSchemas.priorVerdictExample,
            timeout: .seconds(120)
        ) { [self] request in
            guard let (verdict, signers) = try await trail(of: request).verify() else { throw Problem.notFound }
            return .json { json in
                verdict.write(to: &json)
                json.member("keyIds", signers.map(\.id).sorted())
                json.member("isOurs", !signers.isEmpty && signers.isSubset(of: keys.trusted))
            }
        }
    }

    private func trail(of request: APIRequest) throws -> PriorTrail {
        guard let source = request.parameters["organizationId"].flatMap({ OrgID($0) }) else { throw Problem.notFound }
        return PriorTrail(source: source, org: try request.org(), database: database)
    }

    private static let schema = Schema.object([
        "organizationId": .uuid, "entries": .integer(minimum: 1), "firstSeq": .integer(minimum: 1),
        "seq": .integer(minimum: 1), "slug": .string.optional, "exportedAt": .timestamp.optional,
        "importedAt": .timestamp.optional,
    ]).named("PriorTrail")

    private static let example = """
        {"organizationId":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e09","entries":42,"firstSeq":1,"seq":42,"slug":"nordwind",\
        "exportedAt":"2026-11-20T09:30:00.000Z","importedAt":"2026-11-21T09:30:00.000Z"}
        """
}

extension PriorTrail.Found: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("organizationId", source)
            json.member("entries", entries)
            json.member("firstSeq", firstSeq)
            json.member("seq", seq)
            json.member("slug", slug)
            json.member("exportedAt", exportedAt)
            json.member("importedAt", importedAt)
        }
    }
}
