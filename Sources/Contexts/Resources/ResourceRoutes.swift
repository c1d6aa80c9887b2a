package import Access
import Crypto
import Inventory
package import HTTPKit
import JSONKit
package import Kernel
import Postgres

/// HTTP in and out of the inventory: session, membership and rows in one round trip.
package struct ResourceRoutes: Sendable {
    private let reads: FusedRead

    package init(_ reads: FusedRead) { self.reads = reads }

    package var endpoints: [Endpoint] {
        [list, stats, storageSummary, connected, timeline, one, metrics, children, facets, changes]
    }

    private var list: Endpoint {
        reads.endpoint(
            "/api/resources", summary: "List what is watched", permission: .readMonitoring, scope: .monitoringRead,
            narrows: true, query: Self.parameters, response: ResourceSchemas.list,
            responseExample: ResourceSchemas.listExample
        ) { request in
            ResourceStore.pageStatements(try ResourceQuery(request.query))
        } answer: { request, caller, results in
            let query = try ResourceQuery(request.query)
            let page = try ResourceStore.page(query, of: results)
            let tag = Self.tag(of: page.head, for: caller, query: query)
            if request.headers["if-none-match"]?.contains(tag) == true {
                return APIResponse(status: 304, headers: ["etag": tag])
            }
            return .json(Self.encode(page, query), headers: ["etag": tag])
        }
    }

    private var stats: Endpoint {
        reads.endpoint(
            "/api/resources/stats", summary: "Count what is watched", permission: .readMonitoring,
            scope: .monitoringRead, narrows: true, response: ResourceSchemas.aggregations,
            responseExample: #"{"total":1,"byType":{"agent":1},"byStatus":{"online":1},"bySource":{"agent":1}}"#
        ) { _ in
            [ResourceStore.counting(ResourceQuery())]
        } answer: { _, _, results in
            var writer = JSONWriter()
            Self.encode(try ResourceStore.counts(of: results[0]), to: &writer)
            return .json(writer.bytes)
        }
    }

    private var storageSummary: Endpoint {
        reads.endpoint(
            "/api/resources/storage-summary", summary: "Sum up the storages", permission: .readMonitoring,
            scope: .monitoringRead, narrows: true,
            query: [
                QueryParameter("top", .integer, summary: "How many of the fullest, 0 to 20, clamped; 5 by default")
            ], response: StorageSummary.schema, responseExample: StorageSummary.example
        ) { request in
            _ = try Self.top(request)
            return [StorageSummary.statement]
        } answer: { request, _, results in
            .json(try StorageSummary(results[0]).encoded(top: try Self.top(request)))
        }
    }

    private var connected: Endpoint {
        reads.endpoint(
            "/api/connected-infrastructure", summary: "List what is connected, with what each tells of",
            permission: .readMonitoring, scope: .monitoringRead, narrows: true,
            query: ConnectedInfrastructure.parameters, response: ConnectedInfrastructure.schema,
            responseExample: ConnectedInfrastructure.example
        ) { request in
            ConnectedInfrastructure.statements(try .init(request.query))
        } answer: { request, _, results in
            .json(try ConnectedInfrastructure.encode(results, try .init(request.query)))
        }
    }

    private static func top(_ request: APIRequest) throws -> Int {
        min(max(try request.query.integer("top", in: Int.min...Int.max) ?? 5, 0), StorageSummary.places)
    }

    private var facets: Endpoint {
        reads.endpoint(
            "/api/resources/{id}/facets", summary: "What there is around a resource, counted",
            permission: .readMonitoring, scope: .monitoringRead, narrows: true, problems: [.resourceNotFound],
            response: Facets.schema, responseExample: Facets.example
        ) { request in
            try Facets.statements(of: Self.id(of: request))
        } answer: { _, _, results in
            guard let json = try Facets.encode(results) else { throw Problem.resourceNotFound }
            return .json(json)
        }
    }

    private var one: Endpoint {
        reads.endpoint(
            "/api/resources/{id}", summary: "Show one resource", permission: .readMonitoring, scope: .monitoringRead,
            narrows: true, problems: [.resourceNotFound], response: ResourceSchemas.resource,
            responseExample: ResourceSchemas.example
        ) { request in
            [ResourceStore.oneStatement(Self.id(of: request))]
        } answer: { _, _, results in
            guard let resource = try ResourceStore.one(of: results[0]) else { throw Problem.resourceNotFound }
            return .json(resource.wire)
        }
    }

    private var metrics: Endpoint {
        reads.endpoint(
            "/api/resources/{id}/metrics", summary: "What a resource measured last", permission: .readMonitoring,
            scope: .monitoringRead, narrows: true, problems: [.resourceNotFound], response: ResourceSchemas.latest,
            responseExample: ResourceSchemas.latestExample
        ) { request in
            [ResourceStore.oneStatement(Self.id(of: request))]
        } answer: { _, _, results in
            guard let resource = try ResourceStore.one(of: results[0]) else { throw Problem.resourceNotFound }
            var reader = JSONReader(resource.live)
            let live = try? reader.decode(JSONValue.self)
            return .json { json in
                json.member("resourceId", resource.id)
                for name in ["status", "lastSeen", "sourceStatus", "metrics", "uptime", "temperature"] {
                    json.member(name, live?[name])
                }
            }
        }
    }

    private var children: Endpoint {
        reads.endpoint(
            "/api/resources/{id}/children", summary: "List what runs on a resource or belongs to it",
            permission: .readMonitoring, scope: .monitoringRead, narrows: true, problems: [.resourceNotFound],
            query: Self.parameters.filter { $0.name != "parent" }, response: ResourceSchemas.list,
            responseExample: ResourceSchemas.listExample
        ) { request in
            let id = Self.id(of: request)
            var query = try ResourceQuery(request.query)
            query.parent = id
            return [ResourceStore.existence(of: id)] + ResourceStore.pageStatements(query)
        } answer: { request, _, results in
            guard try results[0].first({ try $0.next(Bool.self) }) == true else { throw Problem.resourceNotFound }
            let query = try ResourceQuery(request.query)
            return .json(Self.encode(try ResourceStore.page(query, of: Array(results.dropFirst())), query))
        }
    }

    /// What is no id names nothing; it is asked for all the same, so that it takes as long as a foreign one.
    private static func id(of request: APIRequest) -> ResourceID {
        ResourceID(request.parameters["id"] ?? "") ?? nobody
    }

    private var timeline: Endpoint {
        reads.endpoint(
            "/api/resources/timeline", summary: "List what changed, newest first", permission: .readMonitoring,
            scope: .monitoringRead, narrows: true, query: Timeline.parameters, response: Timeline.schema,
            responseExample: Timeline.example
        ) { request in
            [Timeline.statement(try Timeline.Query(request.query), of: nil)]
        } answer: { request, _, results in
            .json(try Timeline.encode(results[0], try Timeline.Query(request.query)))
        }
    }

    private var changes: Endpoint {
        reads.endpoint(
            "/api/resources/{id}/timeline", summary: "List what changed of a resource, newest first",
            permission: .readMonitoring, scope: .monitoringRead, narrows: true, problems: [.resourceNotFound],
            query: Timeline.parameters, response: Timeline.schema, responseExample: Timeline.example
        ) { request in
            let id = Self.id(of: request)
            return [
                ResourceStore.existence(of: id),
                Timeline.statement(try Timeline.Query(request.query), of: id),
            ]
        } answer: { request, _, results in
            guard try results[0].first({ try $0.next(Bool.self) }) == true else { throw Problem.resourceNotFound }
            return .json(try Timeline.encode(results[1], try Timeline.Query(request.query)))
        }
    }

    private static let nobody = ResourceID(bytes: [UInt8](repeating: 0, count: 16))

    private static let parameters: [QueryParameter] = [
        QueryParameter("type", .string, summary: "Types, separated by commas; an unknown one is refused"),
        QueryParameter("source", .string, summary: "Sources, separated by commas"),
        QueryParameter("status", .string, summary: "Any of online, offline, warning, unknown"),
        QueryParameter("parent", .uuid, summary: "What it runs on or belongs to"),
        QueryParameter("tags", .string, summary: "Tags, separated by commas: any of them"),
        QueryParameter("cluster", .string(maxLength: 200), summary: "The name or number of a cluster or swarm"),
        QueryParameter("q", .string(maxLength: 200), summary: "Part of the name"),
        QueryParameter("sort", .enumeration(ResourceQuery.Sort.allCases.map(\.rawValue)), summary: "Default name"),
        QueryParameter("order", .enumeration(["asc", "desc"]), summary: "Default asc"),
        QueryParameter("page", .integer(minimum: 1), summary: "From 1; ignored with a cursor"),
        QueryParameter("limit", .integer, summary: "1 to 100, default 50"),
        QueryParameter("cursor", .string, summary: "`meta.nextCursor` of the page before"),
    ]

    /// Names the organisation's state and the question; says nothing to someone else.
    private static func tag(of head: OrgHead, for caller: Caller, query: ResourceQuery) -> String {
        let place = "\(caller.org?.description ?? "") \(caller.visibility?.text ?? "")"
        let text = "\(place) \(head.epoch) \(head.seq) \(query)"
        let digest = SHA256.hash(data: Array(text.utf8)).prefix(12)
        return "\"" + digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\""
    }

    private static func encode(_ page: ResourceStore.Page, _ query: ResourceQuery) -> [UInt8] {
        var writer = JSONWriter(capacity: page.resources.count * 2048 + 512)
        writer.object { writer in
            writer.array("data") { writer in
                for resource in page.resources { writer.raw(resource.wire) }
            }
            writer.object("meta") { writer in
                writer.member("page", query.paging.page)
                writer.member("limit", query.paging.limit)
                writer.member("total", page.total)
                writer.member("totalPages", query.paging.totalPages(of: page.total))
                writer.member("nextCursor", page.nextCursor)
            }
            writer.key("aggregations")
            encode(page.counts, to: &writer)
        }
        return writer.bytes
    }

    private static func encode(_ counts: [ResourceStore.Page.Count], to writer: inout JSONWriter) {
        func sums(by key: (ResourceStore.Page.Count) -> String) -> [String: Int] {
            counts.reduce(into: [:]) { $0[key($1), default: 0] += $1.count }
        }
        writer.object { writer in
            writer.member("total", counts.reduce(0) { $0 + $1.count })
            writer.member("byType", sums { $0.type })
            writer.member("byStatus", sums { $0.status })
            writer.member("bySource", sums { $0.source })
        }
    }
}

extension Problem {
    /// Also what someone else's resource is.
    package static let resourceNotFound = Problem(
        "resource-not-found", status: 404, title: "No such resource", code: "resource_not_found")
}
