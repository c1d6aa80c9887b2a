package import Inventory
package import Kernel

/// What a chart of many resources asks for.
package struct ChartQuery: Sendable {
    package let metrics: [MetricName]
    package let range: HistoryRange
    /// At most so many a line.
    package let points: Int
    /// Lowest and highest too; without them they are not read.
    package let withExtremes: Bool
    package let now: Timestamp

    package init(metrics: [MetricName], range: HistoryRange, points: Int, withExtremes: Bool = false, now: Timestamp) {
        self.metrics = metrics
        self.range = range
        self.points = min(max(points, 1), 500)
        self.withExtremes = withExtremes
        self.now = now
    }

    var tier: Tier {
        Tier.answering(
            for: range.duration, points: points, headlines: metrics.allSatisfy { Headline.contains($0.text) })[0]
    }

    var timeline: Timeline {
        Timeline(
            start: (now - range.duration).milliseconds, end: now.milliseconds, maxPoints: points, tier: tier)
    }

    fileprivate var sources: SourceQuery {
        let (tier, timeline) = (tier, timeline)
        let names = Set(metrics.map(\.text))
        let aspects: Set<ColumnID.Aspect> =
            withExtremes ? Set(ColumnID.Aspect.allCases) : [.value, .sum, .count]
        return SourceQuery(
            tier: tier, from: timeline.first, to: timeline.end,
            takesBriefs: timeline.step % Tier.quarter.resolution == 0
                && metrics.allSatisfy { Headline.contains($0.text) }
        ) { aspects.contains($0.aspect) && names.contains($0.metric) }
    }
}

extension HistoryStore {
    /// Resources that are read together: each group is a statement of its own on whichever connection is free.
    private static let group = 64

    /// What these resources measured, in any order; those that measured nothing in the range are left out.
    /// - Parameter make: what becomes of a resource's grid; called beside others, so it may take its time.
    func charts<Value: Sendable>(
        _ query: ChartQuery, of resources: [ResourceID], and earlier: EarlierIDs = .none, in org: OrgID,
        make: @escaping @Sendable (ChartGrid) -> Value
    ) async throws -> [(resource: ResourceID, value: Value)] {
        let (tier, empty, wanted) = (query.tier, ChartGrid(query.timeline, query.metrics), query.sources)
        return try await withThrowingTaskGroup(of: [(resource: ResourceID, value: Value)].self) { tasks in
            var waiting = stride(from: 0, to: resources.count, by: Self.group).makeIterator()
            func next() {
                guard let start = waiting.next() else { return }
                let some = Array(resources[start..<min(start + Self.group, resources.count)])
                tasks.addTask {
                    try await sources(of: some, and: earlier, wanted, in: org).map { resource, source in
                        var grid = empty
                        grid.add(source, of: tier)
                        return (resource, make(grid))
                    }
                }
            }
            // Four at a time: one request does not take all connections.
            for _ in 0..<4 { next() }
            var all: [(resource: ResourceID, value: Value)] = []
            while let some = try await tasks.next() {
                all += some
                next()
            }
            return all
        }
    }
}
