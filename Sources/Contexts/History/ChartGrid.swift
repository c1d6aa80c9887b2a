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

    mutating func add(_ source: HistorySource, of tier: Tier) {
        for chunk in source.parts(of: tier) { add(chunk) }
        guard !source.past.isEmpty else { return }
        let count = timeline.stepCount
        for (row, metric) in metrics.enumerated() {
            let means = PastFrame.means(of: metric.text, in: source.past, timeline) {
                !buckets[row * count + $0].isEmpty
            }
            for (place, mean) in means { past[row * count + place] = mean }
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
