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

    /// Resources that are read together: each group is a statement of its own on whichever connection is free. What is read
    /// of one is held until the last of its group is added up: half a million numbers or so, so 4 groups with sum and count
    /// of each are 32 MB.
    var groupWidth: Int {
        let rows = Int(range.duration.inSeconds * 1000) / Int(tier.resolution) + 1
        return min(64, max(1, 500_000 / (rows * max(metrics.count, 1))))
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
    /// What these resources measured, in any order; those that measured nothing in the range are left out.
    /// - Parameter make: what becomes of a resource's grid; called beside others, so it may take its time.
    func charts<Value: Sendable>(
        _ query: ChartQuery, of resources: [ResourceID], and earlier: EarlierIDs = .none, in org: OrgID,
        make: @escaping @Sendable (ChartGrid) -> Value
    ) async throws -> [(resource: ResourceID, value: Value)] {
        try await fold(query, of: resources, and: earlier, in: org, into: [(resource: ResourceID, value: Value)]()) {
            $0.append((resource: $1, value: make($2)))
        } join: {
            $0 += $1
        }
    }

    /// The grids of these resources, one after the other and none kept.
    /// - Parameters:
    ///   - empty: what each group of resources begins with.
    ///   - add: called beside other groups', so it may take its time.
    ///   - join: called for one group at a time, in any order.
    func fold<Value: Sendable>(
        _ query: ChartQuery, of resources: [ResourceID], and earlier: EarlierIDs = .none, in org: OrgID,
        into empty: Value, add: @escaping @Sendable (inout Value, ResourceID, ChartGrid) -> Void,
        join: (inout Value, Value) -> Void
    ) async throws -> Value {
        let (tier, wanted, width) = (query.tier, query.sources, query.groupWidth)
        return try await withThrowingTaskGroup(of: Value.self) { tasks in
            var waiting = stride(from: 0, to: resources.count, by: width).makeIterator()
            func next() {
                guard let start = waiting.next() else { return }
                let some = Array(resources[start..<min(start + width, resources.count)])
                tasks.addTask {
                    var (value, grid) = (empty, ChartGrid(query.timeline, query.metrics))
                    for (resource, source) in try await sources(of: some, and: earlier, wanted, in: org) {
                        grid.clear()
                        grid.add(source, of: tier)
                        add(&value, resource, grid)
                    }
                    return value
                }
            }
            // Four at a time: one request does not take all connections.
            for _ in 0..<4 { next() }
            var all = empty
            while let some = try await tasks.next() {
                join(&all, some)
                next()
            }
            return all
        }
    }
}
