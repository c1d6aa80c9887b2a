package import Kernel

/// What a platform itself remembers of one thing from before it was watched: means over steps of the platform's own.
package struct RememberedFrame: Sendable {
    package struct Row: Sendable {
        /// Start of the step.
        package let at: Timestamp
        package let samples: [(metric: MetricName, value: Double)]

        package init(at: Timestamp, samples: [(metric: MetricName, value: Double)]) {
            self.at = at
            self.samples = samples
        }
    }

    /// As in `Observation`.
    package let key: String
    /// Of several archives of the same thing: `hour`, `day` …
    package let name: String
    package let step: Duration
    /// Rising.
    package let rows: [Row]

    package init(key: String, name: String, step: Duration, rows: [Row]) {
        self.key = key
        self.name = name
        self.step = step
        self.rows = rows
    }
}

/// A part of what a platform remembers, and how far the asking has come.
package struct PastReport: Sendable {
    package var frames: [RememberedFrame]
    /// Names the last question that is done with; to go on from there.
    package var cursor: String
    package var isFinished: Bool
    package var requests: Int

    package init(frames: [RememberedFrame] = [], cursor: String, isFinished: Bool, requests: Int = 0) {
        self.frames = frames
        self.cursor = cursor
        self.isFinished = isFinished
        self.requests = requests
    }
}

extension Collector {
    /// Most platforms remember nothing.
    package func past(_ budget: PollBudget, after cursor: String) async -> PastReport {
        PastReport(cursor: cursor, isFinished: true)
    }
}
