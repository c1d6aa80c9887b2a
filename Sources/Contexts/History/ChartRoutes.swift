package import HTTPKit
import Inventory
import JSONKit
package import Kernel

/// Charts of many resources over HTTP: one request for a page of sparklines, a dashboard, a drawer with children.
package struct ChartRoutes: Sendable {
    private static let workloads: [ResourceType] = [.vm, .systemContainer, .appContainer, .dockerService]
    private static let infrastructure: [ResourceType] = [.agent, .dockerSwarmNode, .pbs, .pmg]
    private static let storages: [ResourceType] = [.storage, .ceph, .physicalDisk]

    private let store: HistoryStore
    private let time: any TimeSource

    package init(_ store: HistoryStore, time: any TimeSource) {
        self.store = store
        self.time = time
    }

    package var endpoints: [Endpoint] {
        [
            charts("/api/charts", "Charts of many resources", of: nil),
            charts("/api/charts/workloads", "Charts of guests and containers", of: Self.workloads),
            charts("/api/charts/infrastructure", "Charts of machines", of: Self.infrastructure),
            charts("/api/charts/storage", "Charts of storages and disks", of: Self.storages),
            charts("/api/storage-charts", "Charts of storages and disks", of: Self.storages),
            summary("/api/charts/summary", "Lines a type, and the busiest", of: nil),
            summary(
                "/api/charts/workloads-summary", "Guests and containers as one line, and the busiest",
                of: Self.workloads),
            summary("/api/charts/storage-summary", "Storages as one line, and the fullest", of: Self.storages),
        ]
    }

    private func charts(_ path: String, _ summary: String, of preset: [ResourceType]?) -> Endpoint {
        Endpoint(
            .get, path, summary: summary, access: .permission(.readMonitoring), scope: .monitoringRead, narrows: true,
            audit: .none(reason: "reads only"), problems: [.badMetric, .historyWindow],
            query: ChartWire.parameters(typed: preset == nil) + ChartWire.ownParameters, response: ChartWire.charts,
            responseExample: ChartWire.chartsExample
        ) { request in
            let scope = try ChartScope(request.query, preset: preset)
            let (org, now) = (try request.org(), time.now)
            try await store.require(scope.range, in: org)
            let charted = try await store.charted(scope, seenBy: try request.caller().visibility, at: now, in: org)
            let query = scope.query(of: charted.resources.count, at: now)
            let lines = try await store.charts(
                query, of: charted.resources.map(\.id), and: charted.earlier, in: org
            ) { ChartLine($0, query) }
            return ChartWire.body(
                lines, of: charted.resources, outages: charted.outages, scope: scope, query: query
            ).response
        }
    }

    private func summary(_ path: String, _ summary: String, of preset: [ResourceType]?) -> Endpoint {
        Endpoint(
            .get, path, summary: summary, access: .permission(.readMonitoring), scope: .monitoringRead, narrows: true,
            audit: .none(reason: "reads only"), problems: [.badMetric, .historyWindow],
            query: ChartWire.parameters(typed: preset == nil) + [
                QueryParameter("top", .integer, summary: "how many of the busiest, 0 to 20, clamped; 5 by default")
            ], response: ChartWire.summary, responseExample: ChartWire.summaryExample
        ) { request in
            let scope = try ChartScope(request.query, preset: preset)
            let top = min(max(try request.query.integer("top", in: Int.min...Int.max) ?? 5, 0), 20)
            let (org, now) = (try request.org(), time.now)
            try await store.require(scope.range, in: org)
            let charted = try await store.charted(scope, seenBy: try request.caller().visibility, at: now, in: org)
            let query = scope.query(of: charted.resources.count, at: now)
            let types = Dictionary(charted.resources.map { ($0.id, $0.type) }) { first, _ in first }
            let totals = try await store.fold(
                query, of: charted.resources.map(\.id), and: charted.earlier, in: org, into: ChartTotals(query)
            ) {
                $0.add($2, of: $1, type: types[$1] ?? "")
            } join: {
                $0.add($1)
            }
            let summary = ChartSummary(totals, of: charted.resources, query)
            return .json(ChartWire.write(summary, top: top, outages: charted.outages, query: query))
        }
    }
}

/// One resource's lines, written already: that is most of the work, and is done beside the others'.
struct ChartLine: Sendable {
    let json: [UInt8]
    let pointCount: Int
    let oldest: Int64?

    init(_ grid: ChartGrid, _ query: ChartQuery) {
        var (count, oldest) = (0, Int64.max)
        var writer = JSONWriter(capacity: grid.metrics.count * grid.timeline.stepCount * 44)
        writer.object { writer in
            for (row, metric) in grid.metrics.enumerated() {
                let points = grid.points(row)
                guard let first = points.first else { continue }
                count += points.count
                oldest = min(oldest, first.timestamp)
                writer.key(metric.text)
                HistoryWire.write(points, unit: metric.unit, withExtremes: query.withExtremes, to: &writer)
            }
        }
        json = writer.bytes
        pointCount = count
        self.oldest = count > 0 ? oldest : nil
    }
}
