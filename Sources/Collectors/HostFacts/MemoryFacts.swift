import AgentProtocol

extension HostReport.Memory {
    /// From /proc/meminfo and, with ZFS, its kstat: the ARC gives way like page cache, but MemAvailable leaves it out.
    init?(meminfo text: String, arcstats: String? = nil) {
        let bytes = Self.kilobytes(in: text).mapValues { $0 * 1024 }
        guard let total = bytes["MemTotal"], total > 0, let free = bytes["MemFree"] else { return nil }
        self.init()
        let known = bytes["MemAvailable"] ?? Self.estimatedAvailable(bytes, free: free)
        let available = min(known + (arcstats.flatMap(Self.arcBytes) ?? 0), total)
        totalBytes = total
        availableBytes = available
        freeBytes = free
        usedBytes = total - available
        cacheBytes = max(available - free, 0)
        usage = Double(total - available) / Double(total) * 100
        if let swapTotal = bytes["SwapTotal"], let swapFree = bytes["SwapFree"] {
            swapTotalBytes = swapTotal
            swapUsedBytes = max(swapTotal - swapFree, 0)
        }
    }

    private static func kilobytes(in text: String) -> [String: Int64] {
        var values: [String: Int64] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            // 2^43 kB is the most that still fits 64 bits of bytes.
            guard parts.count == 2, let word = parts[1].words.first, let value = Int64(word), value >= 0,
                value < 1 << 43
            else { continue }
            values[String(parts[0])] = value
        }
        return values
    }

    /// Kernels before 3.14 have no MemAvailable.
    private static func estimatedAvailable(_ bytes: [String: Int64], free: Int64) -> Int64 {
        let caches = ["Buffers", "Cached", "SReclaimable"].reduce(0) { $0 + (bytes[$1] ?? 0) }
        return max(free + caches - (bytes["Shmem"] ?? 0), free)
    }

    /// The line `size 4 12345678` of /proc/spl/kstat/zfs/arcstats.
    private static func arcBytes(_ text: String) -> Int64? {
        for line in text.split(separator: "\n") {
            let words = line.words
            if words.count == 3, words[0] == "size" { return Int64(words[2]).map { max($0, 0) } }
        }
        return nil
    }
}
