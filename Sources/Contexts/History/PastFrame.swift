/// What a platform remembers of a resource, in steps of its own: each value is the mean over the step that begins with it.
struct PastFrame: Sendable {
    /// Milliseconds.
    let step: Int64
    /// Plain values.
    let samples: Chunk

    private var covered: Range<Int64> {
        guard let first = samples.times.first, let last = samples.times.last else { return 0..<0 }
        return first..<last + step
    }

    /// Means for steps of a chart that have nothing measured. The finest frame that covers the whole step tells it, else
    /// whichever has anything of it; a value stands for all the steps it covers.
    /// - Parameter isTaken: by what was measured.
    static func means(
        of metric: String, in frames: [PastFrame], _ timeline: Timeline, isTaken: (Int) -> Bool
    ) -> [Int: Double] {
        var means: [Int: Double] = [:]
        let ordered = frames.sorted { $0.step < $1.step }
        for mustCover in [true, false] {
            for frame in ordered {
                for (place, mean) in frame.means(of: metric, timeline) where means[place] == nil && !isTaken(place) {
                    let start = timeline.first + Int64(place) * timeline.step
                    guard
                        !mustCover
                            || (frame.covered.lowerBound <= start && start + timeline.step <= frame.covered.upperBound)
                    else { continue }
                    means[place] = mean
                }
            }
        }
        return means
    }

    private func means(of metric: String, _ timeline: Timeline) -> [(Int, Double)] {
        guard let values = samples.column(ColumnID(metric))?.values else { return [] }
        var sums: [Int: (sum: Double, weight: Double)] = [:]
        for (time, value) in zip(samples.times, values) where value != Column.absent {
            let end = min(time + step, timeline.end + 1)
            var from = max(time, timeline.first)
            while from < end, let place = timeline.place(of: from) {
                let next = min(timeline.first + Int64(place + 1) * timeline.step, end)
                sums[place, default: (0, 0)].sum += Double(value) * Double(next - from)
                sums[place]?.weight += Double(next - from)
                from = next
            }
        }
        return sums.map { ($0.key, $0.value.sum / $0.value.weight) }
    }
}
