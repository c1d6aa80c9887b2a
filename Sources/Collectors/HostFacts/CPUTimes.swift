/// Processor time since boot, in clock ticks.
struct CPUTicks: Hashable, Sendable {
    let busy: UInt64
    let total: UInt64

    /// Columns of /proc/stat: user nice system idle iowait irq softirq steal guest guest_nice. Waiting for a disk is
    /// idle; guest time is already inside user and nice and must not be counted again.
    init?(columns: [Substring]) {
        let ticks = columns.prefix(8).compactMap { UInt64($0) }
        guard ticks.count >= 4, ticks.count == min(columns.count, 8) else { return nil }
        let idle = ticks[3] &+ (ticks.count > 4 ? ticks[4] : 0)
        total = ticks.reduce(0, &+)
        busy = total &- idle
    }

    init(busy: UInt64, total: UInt64) {
        self.busy = busy
        self.total = total
    }

    /// Percent busy since `earlier`, 0...100; nil when no time passed or the counters went back.
    func usage(since earlier: CPUTicks) -> Double? {
        guard total > earlier.total else { return nil }
        // The kernel's iowait may run backwards a little, which makes busy jump: the clamp keeps it within the time.
        let busyTicks = busy >= earlier.busy ? busy - earlier.busy : 0
        return min(Double(busyTicks) / Double(total - earlier.total) * 100, 100)
    }
}

/// One reading of /proc/stat.
struct CPUTimes: Hashable, Sendable {
    var all: CPUTicks?
    /// By the kernel's number; an offline core is absent.
    var cores: [Int: CPUTicks] = [:]

    init(procStat text: String) {
        for line in text.split(separator: "\n") where line.hasPrefix("cpu") {
            let words = line.words
            guard let ticks = CPUTicks(columns: Array(words.dropFirst())) else { continue }
            if words[0] == "cpu" {
                all = ticks
            } else if let number = Int(words[0].dropFirst(3)) {
                cores[number] = ticks
            }
        }
    }

    /// In the order of the cores; empty when one of them was not there before.
    func perCoreUsage(since earlier: CPUTimes) -> [Double] {
        let usages = cores.keys.sorted().map { number in
            earlier.cores[number].flatMap { cores[number]?.usage(since: $0) }
        }
        return usages.contains { $0 == nil } ? [] : usages.compactMap { $0 }
    }
}
