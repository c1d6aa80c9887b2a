import Inventory

/// What one resource measured over the steps of a chart: a bucket for each metric and step. Made for many resources at
/// once, so it adds up in place.
struct ChartGrid: Sendable {
    let timeline: Timeline
    let metrics: [MetricName]
    private var buckets: [Bucket]
    /// By place in `buckets`: what the platform remembers of a step that has nothing measured.
    private var past: [Int: Double] = [:]

    init(_ timeline: Timeline, _ metrics: [MetricName]) {
        self.timeline = timeline
        self.metrics = metrics
        buckets = Array(repeating: Bucket(), count: timeline.stepCount * metrics.count)
    }

    /// As it was made, in the same memory.
    mutating func clear() {
        for index in buckets.indices { buckets[index] = Bucket() }
        past.removeAll(keepingCapacity: true)
    }

    mutating func add(_ source: HistorySource, of tier: Tier) {
        for chunk in source.parts(of: tier) { add(chunk) }
        for earlier in source.earlier {
            var before = ChartGrid(timeline, metrics)
            for chunk in earlier.parts(of: tier) { before.add(chunk) }
            fill(from: before)
        }
        let remembered = source.past + source.earlier.flatMap(\.past)
        guard !remembered.isEmpty else { return }
        let count = timeline.stepCount
        for (row, metric) in metrics.enumerated() {
            let means = PastFrame.means(of: metric.text, in: remembered, timeline) {
                !buckets[row * count + $0].isEmpty
            }
            for (place, mean) in means { past[row * count + place] = mean }
        }
    }

    /// Steps of before, where none near it has anything.
    private mutating func fill(from before: ChartGrid) {
        let (count, reach) = (timeline.stepCount, Int((HistorySource.nearness - 1) / timeline.step))
        for row in metrics.indices {
            let own = (0..<count).map { !buckets[row * count + $0].isEmpty }
            for place in 0..<count where !before.buckets[row * count + place].isEmpty {
                guard !own[max(place - reach, 0)...min(place + reach, count - 1)].contains(true) else { continue }
                buckets[row * count + place] = before.buckets[row * count + place]
            }
        }
    }

    private mutating func add(_ chunk: Chunk) {
        let places = chunk.times.map { timeline.place(of: $0) ?? -1 }
        let count = timeline.stepCount
        for (row, metric) in metrics.enumerated() {
            if let values = chunk.column(ColumnID(metric.text))?.values {
                for (place, value) in zip(places, values) where place >= 0 && value != Column.absent {
                    buckets[row * count + place].add(Bucket(value))
                }
            } else if let counts = chunk.column(ColumnID(metric.text, .count))?.values,
                let sums = chunk.column(ColumnID(metric.text, .sum))?.values
            {
                let lowest = chunk.column(ColumnID(metric.text, .lowest))?.values ?? sums
                let highest = chunk.column(ColumnID(metric.text, .highest))?.values ?? sums
                for index in places.indices where places[index] >= 0 && counts[index] > 0 {
                    buckets[row * count + places[index]].add(
                        Bucket(sum: sums[index], lowest: lowest[index], highest: highest[index], count: counts[index]))
                }
            }
        }
    }

    /// One step of one metric; `nil` is a gap.
    func point(_ row: Int, at place: Int) -> HistoryPoint? {
        let index = row * timeline.stepCount + place
        let time = timeline.first + Int64(place) * timeline.step
        let unit = metrics[row].unit
        guard buckets[index].isEmpty else {
            let bucket = buckets[index]
            return HistoryPoint(
                timestamp: time, value: bucket.average / unit.scale, lowest: unit.value(ofStored: bucket.lowest),
                highest: unit.value(ofStored: bucket.highest))
        }
        return past[index].map { mean in
            let value = mean / unit.scale
            return HistoryPoint(timestamp: time, value: value, lowest: value, highest: value, isOfPlatform: true)
        }
    }

    func points(_ row: Int) -> [HistoryPoint] { (0..<timeline.stepCount).compactMap { point(row, at: $0) } }
}
