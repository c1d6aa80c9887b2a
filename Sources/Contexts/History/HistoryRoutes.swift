package import HTTPKit
import Inventory
import JSONKit
package import Kernel

/// History over HTTP: decode, ask the store, encode.
package struct HistoryRoutes: Sendable {
    /// What history needs to know of a resource.
    package struct Known: Sendable {
        /// After successions: the id that samples are kept under.
        package let id: ResourceID
        /// As on the wire: `agent`, `vm` …
        package let type: String

        package init(id: ResourceID, type: String) {
            self.id = id
            self.type = type
        }
    }

    /// - Returns: `nil` when this organisation has no such resource, or the caller does not see it.
    package typealias Find = @Sendable (_ id: ResourceID, _ org: OrgID, _ seenBy: Visibility?) async throws -> Known?

    private let store: HistoryStore
    private let time: any TimeSource
    private let find: Find

    package init(_ store: HistoryStore, time: any TimeSource, find: @escaping Find) {
        self.store = store
        self.time = time
        self.find = find
    }

    package var endpoints: [Endpoint] { [ofResource, ofMetricsStore, sparklines] }

    private var ofResource: Endpoint {
        Endpoint(
            .get, "/api/resources/{id}/history", summary: "What a resource measured",
            access: .permission(.readMonitoring), scope: .monitoringRead, narrows: true,
            audit: .none(reason: "reads only"), problems: [.notFound, .badMetric, .historyWindow],
            query: HistoryWire.chartParameters, response: HistoryWire.history,
            responseExample: HistoryWire.historyExample
        ) { request in
            let chart = try ChartParameters(request.query)
            let org = try request.org()
            let visibility = try request.caller().visibility
            guard let known = try await find(request.id("id", of: Resource.self), org, visibility) else {
                throw Problem.notFound
            }
            return try await answer(chart, of: known, as: known.type, in: org)
        }
    }

    /// The same under the path and parameters of the field.
    private var ofMetricsStore: Endpoint {
        Endpoint(
            .get, "/api/metrics-store/history", summary: "What a resource measured, by type and id",
            access: .permission(.readMonitoring), scope: .monitoringRead, narrows: true,
            audit: .none(reason: "reads only"), problems: [.notFound, .badMetric, .historyWindow],
            query: [
                QueryParameter(
                    "resourceType", .enumeration(ResourceTypes.known.sorted()), required: true,
                    summary: "what kind of thing it is"),
                QueryParameter("resourceId", .uuid, required: true, summary: "the resource's id"),
            ] + HistoryWire.chartParameters, response: HistoryWire.history,
            responseExample: HistoryWire.historyExample
        ) { request in
            let type = request.query["resourceType"] ?? ""
            guard ResourceTypes.known.contains(type) else {
                throw Problem.invalidField(
                    "resourceType",
                    "“\(type.prefix(40))” is none of \(ResourceTypes.known.sorted().joined(separator: ", "))")
            }
            let text = request.query["resourceId"] ?? ""
            guard !text.isEmpty else { throw Problem.invalidField("resourceId", "the resource's id is missing") }
            let chart = try ChartParameters(request.query)
            let org = try request.org()
            guard let id = ResourceID(text), let known = try await find(id, org, try request.caller().visibility),
                ResourceTypes.matches(asked: type, known: known.type)
            else { throw Problem.notFound }
            return try await answer(chart, of: known, as: type, in: org)
        }
    }

    private var sparklines: Endpoint {
        Endpoint(
            .get, "/api/resources/sparklines", summary: "One metric of many resources as small lines",
            access: .permission(.readMonitoring), scope: .monitoringRead, narrows: true,
            audit: .none(reason: "reads only"),
            problems: [.badMetric, .historyWindow], query: HistoryWire.sparklineParameters,
            response: HistoryWire.sparklines,
            responseExample: HistoryWire.sparklinesExample
        ) { request in
            let metric = try ChartParameters.metric(request.query) ?? MetricName(.cpu)
            let points = try request.query.integer("points", in: Int.min...Int.max) ?? 60
            let range = HistoryRange(request.query["range"] ?? "1h")
            try await store.require(range, in: request.org())
            let lines = try await store.sparklines(
                metric, of: try ChartParameters.resources(request.query), range: range,
                points: min(max(points, 2), 240),
                limit: ChartParameters.mostResources, now: time.now, in: request.org(),
                seenBy: try request.caller().visibility)
            return .json(HistoryWire.write(lines, decimals: metric.unit.decimals))
        }
    }

    private func answer(
        _ chart: ChartParameters, of known: Known, as type: String, in org: OrgID
    ) async throws -> APIResponse {
        try await store.require(chart.range, in: org)
        let query = HistoryQuery(
            resource: known.id, metric: chart.metric, range: chart.range, maxPoints: chart.maxPoints, now: time.now)
        return .json(HistoryWire.write(try await store.read(query, in: org), to: query, type: type))
    }
}

/// The types of the field. A node's history is an agent's when an agent watches it.
enum ResourceTypes {
    static let known: Set<String> = [
        "node", "storage", "agent", "disk", "k8s", "vm", "system-container", "oci-container", "app-container",
        "docker-host",
    ]

    static func matches(asked: String, known: String) -> Bool {
        asked == known || (asked == "agent" && known == "node") || (asked == "node" && known == "agent")
    }
}
