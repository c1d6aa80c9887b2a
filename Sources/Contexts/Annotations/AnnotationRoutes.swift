internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
package import Kernel
internal import Postgres
package import Resources
internal import Vault

/// What people write about resources, over HTTP. The paths of the field are the same under other names.
package struct AnnotationRoutes: Sendable {
    private let store: AnnotationStore
    private let resources: ResourceStore
    private let time: any TimeSource

    package init(_ store: AnnotationStore, resources: ResourceStore, time: any TimeSource) {
        self.store = store
        self.resources = resources
        self.time = time
    }

    package var endpoints: [Endpoint] {
        ["/api/resources/{id}/metadata", "/api/docker/metadata/{id}", "/api/guests/metadata/{id}"].flatMap {
            [one($0), write($0), remove($0)]
        } + [list("/api/docker/metadata", containers: true), list("/api/guests/metadata", containers: false)]
    }

    private func one(_ path: String) -> Endpoint {
        Endpoint(
            .get, path, summary: "What people wrote about a resource", access: .permission(.readMonitoring),
            scope: .monitoringRead, narrows: true, audit: .none(reason: "reads only"),
            problems: [.resourceNotFound, .keyUnavailable], response: Self.schema, responseExample: Self.example
        ) { [self] request in
            let (resource, org) = try await resource(of: request)
            return .json(try await answer(resource, in: org))
        }
    }

    private func write(_ path: String) -> Endpoint {
        Endpoint(
            .put, path, summary: "Write about a resource, in place of what is written",
            access: .permission(.manageAgents), scope: .monitoringWrite, narrows: true,
            audit: .entry(action: AuditAction.metadataUpdate.rawValue), idempotency: .natural,
            problems: [
                .resourceNotFound, .invalidField("customUrl", "an address is wanted"), .metadataAmbiguous,
                .metadataLimit, .metadataChanged, .keyUnavailable,
            ],
            request: .object([
                "customUrl": .string(maxLength: Annotation.urlBytes).optional,
                "notes": .string(maxLength: Annotation.notesBytes).optional,
                "tags": .array(.string, maxItems: Annotation.tagCount).optional,
            ]), response: Self.schema,
            requestExample: #"{"customUrl":"https://grafana.example.com/d/web","notes":"Ask Ada.","tags":["shop"]}"#,
            responseExample: Self.example
        ) { [self] request in
            let new = try Annotation(try request.json(JSONValue.self))
            return try await keep(new, request)
        }
    }

    private func remove(_ path: String) -> Endpoint {
        Endpoint(
            .delete, path, summary: "Take away what people wrote about a resource",
            access: .permission(.manageAgents), scope: .monitoringWrite, narrows: true,
            audit: .entry(action: AuditAction.metadataUpdate.rawValue), idempotency: .natural,
            problems: [.resourceNotFound, .metadataAmbiguous, .metadataChanged, .keyUnavailable], response: .nothing,
            status: 204, responseExample: ""
        ) { [self] request in
            _ = try await keep(Annotation(), request)
            return .noContent
        }
    }

    private func keep(_ new: Annotation, _ request: APIRequest) async throws -> APIResponse {
        let (resource, org) = try await resource(of: request)
        let subject = Subject(resource)
        guard !subject.isAmbiguous else { throw Problem.metadataAmbiguous }
        let now = time.now
        try await store.write(new, about: subject, seenAs: resource.id, in: org, at: now) { before in
            try request.audit(
                .metadataUpdate, of: "resource:\(resource.id)", before: before.told, after: new.told, at: now)
        }
        return .json(try await answer(resource, in: org))
    }

    private func resource(of request: APIRequest) async throws -> (StoredResource, OrgID) {
        let org = try request.org()
        // What is no id names nothing.
        guard let id = ResourceID(request.parameters["id"] ?? ""),
            let resource = try await resources.resource(id, in: org, seenBy: try request.caller().visibility)
        else { throw Problem.resourceNotFound }
        return (resource, org)
    }

    private func answer(_ resource: StoredResource, in org: OrgID) async throws -> [UInt8] {
        let subject = Subject(resource)
        let rows = try await store.rows(of: subject, in: org)
        var writer = JSONWriter(capacity: 512)
        let isClear = !subject.isAmbiguous && rows.count <= 1
        Self.encode(
            isClear ? rows.first : nil, resource: resource.id, name: resource.name, anchor: subject.anchor,
            state: rows.isEmpty ? .none : isClear ? .attached : .pending, to: &writer)
        return writer.bytes
    }

    // MARK: Lists

    private func list(_ path: String, containers: Bool) -> Endpoint {
        Endpoint(
            .get, path,
            summary: containers ? "What people wrote about containers" : "What people wrote about all else",
            access: .permission(.readMonitoring), scope: .monitoringRead, narrows: true,
            audit: .none(reason: "reads only"), problems: [.invalidField("cursor", ""), .keyUnavailable],
            query: [
                QueryParameter("limit", .integer(minimum: 1, maximum: 100), summary: "how many, 50 unless told"),
                QueryParameter("cursor", .string, summary: "where to go on: the last answer's nextCursor"),
            ],
            response: .object(["data": .array(Self.schema), "nextCursor": .string.optional]),
            responseExample: "{\"data\":[\(Self.example)]}"
        ) { [self] request in
            let org = try request.org()
            let limit = Paging(limit: request.query["limit"].flatMap { Int($0) } ?? 50).limit
            let after = try request.query["cursor"].map { text throws(Problem) in
                guard let id = AnnotationID(text) else {
                    throw .invalidField("cursor", "only what an answer gave as nextCursor is one")
                }
                return id
            }
            let rows = try await store.page(after: after, limit: limit + 1, containers: containers, in: org)
            let seen = try await resources.places(
                of: rows.prefix(limit).map(\.target), in: org, seenBy: try request.caller().visibility)
            var writer = JSONWriter(capacity: 4096)
            writer.object { writer in
                writer.array("data") { writer in
                    for row in rows.prefix(limit) { Self.encode(row, in: seen, to: &writer) }
                }
                if rows.count > limit { writer.member("nextCursor", rows[limit - 1].id) }
            }
            return .json(writer.bytes)
        }
    }

    private static func encode(_ row: AnnotationStore.Row, in seen: ResourceStore.Places, to writer: inout JSONWriter) {
        // What the caller does not see, or is gone for good, is not told of.
        guard let target = seen.current[row.target] else { return }
        guard !row.anchor.isEmpty else {
            return encode(row, resource: target.id, name: target.name, anchor: "", state: .attached, to: &writer)
        }
        let candidates = seen.containers.filter { $0.host == target.id && $0.anchor == row.anchor }
        let only = candidates.count == 1 && !candidates[0].isAmbiguous ? candidates[0] : nil
        encode(
            only == nil ? nil : row, resource: only?.id ?? row.resource, name: only?.name, anchor: row.anchor,
            state: only == nil ? .pending : .attached, to: &writer)
    }

    private enum State: String {
        case attached
        /// Nothing is written.
        case none
        /// Something is written, and it is not clear whose it is.
        case pending
    }

    private static func encode(
        _ row: AnnotationStore.Row?, resource: ResourceID, name: String?, anchor: String, state: State,
        to writer: inout JSONWriter
    ) {
        writer.object { writer in
            writer.member("resourceId", resource)
            writer.member("resourceName", name)
            if !anchor.isEmpty { writer.member("anchor", anchor) }
            writer.member("state", state.rawValue)
            writer.member("customUrl", row?.annotation.customURL)
            writer.member("notes", row?.annotation.notes)
            writer.member("tags", row?.annotation.tags ?? [])
            writer.member("updatedAt", row?.changedAt)
        }
    }

    private static let schema = Schema.object([
        "resourceId": .uuid, "resourceName": .string.optional,
        "anchor": .string.described("Of a container: what stays when it is made anew").optional,
        "state": .enumeration(["attached", "none", "pending"]).described(
            "pending: something is written, and two claim to be what it is about, or none does"),
        "customUrl": .string.optional, "notes": .string.optional, "tags": .array(.string),
        "updatedAt": .timestamp.optional,
    ]).named("ResourceMetadata")

    private static let example = """
        {"resourceId":"5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01","resourceName":"shop-web-1","anchor":"compose:shop/web/1",\
        "state":"attached","customUrl":"https://grafana.example.com/d/web","notes":"Ask Ada.","tags":["shop"],\
        "updatedAt":"2026-11-21T09:30:00.250Z"}
        """
}
