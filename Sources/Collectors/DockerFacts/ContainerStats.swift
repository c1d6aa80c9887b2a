import AgentProtocol
import JSONKit
import Kernel

/// One reading of a container's counters, and what two of them say. As `docker stats` counts.
struct ContainerStats: Hashable, Sendable {
    /// Nanoseconds: of the container, and of the whole machine on all its processors.
    var cpuTotal: UInt64?
    var cpuSystem: UInt64?
    var processors: Int64?
    var earlierTotal: UInt64?
    var earlierSystem: UInt64?
    var memoryUsage: Int64?
    var memoryLimit: Int64?
    var processes: Int64?
    var received: UInt64?
    var sent: UInt64?
    var blockRead: UInt64?
    var blockWritten: UInt64?
    /// When it was read, of a clock that never jumps.
    let at: Duration

    /// - Parameter processors: the machine's, for engines that do not say how many were online.
    init(_ json: JSONValue, processors: Int64?, at: Duration) {
        self.at = at
        let cpu = json["cpu_stats"]
        cpuTotal = cpu?["cpu_usage"]?.counter("total_usage")
        cpuSystem = cpu?.counter("system_cpu_usage").flatMap { $0 > 0 ? $0 : nil }
        let listed = cpu?["cpu_usage"]?["percpu_usage"]?.array?.count ?? 0
        let online = cpu?.count("online_cpus") ?? 0
        self.processors = online > 0 ? online : listed > 0 ? Int64(listed) : processors
        let before = json["precpu_stats"]
        earlierTotal = before?["cpu_usage"]?.counter("total_usage")
        earlierSystem = before?.counter("system_cpu_usage").flatMap { $0 > 0 ? $0 : nil }
        memoryUsage = Self.memory(json["memory_stats"])
        memoryLimit = json["memory_stats"]?.count("limit").flatMap { $0 > 0 ? $0 : nil }
        processes = json["pids_stats"]?.count("current")
        if let networks = json["networks"]?.object, !networks.isEmpty {
            received = networks.values.reduce(0) { $0 &+ ($1.counter("rx_bytes") ?? 0) }
            sent = networks.values.reduce(0) { $0 &+ ($1.counter("tx_bytes") ?? 0) }
        }
        if let entries = json["blkio_stats"]?["io_service_bytes_recursive"]?.array {
            (blockRead, blockWritten) = (Self.sum(entries, "read"), Self.sum(entries, "write"))
        }
    }

    /// In use less the page cache that can be dropped: `total_inactive_file` of cgroup v1, `inactive_file` of v2. A
    /// number that is not below the usage is no part of it.
    static func memory(_ json: JSONValue?) -> Int64? {
        guard let usage = json?.count("usage") else { return nil }
        let stats = json?["stats"]
        if let inactive = stats?.count("total_inactive_file") { return inactive < usage ? usage - inactive : usage }
        if let inactive = stats?.count("inactive_file") { return inactive < usage ? usage - inactive : usage }
        if let cache = stats?.count("cache"), cache < usage { return usage - cache }
        return usage
    }

    private static func sum(_ entries: [JSONValue], _ operation: String) -> UInt64 {
        entries.lazy.filter { $0["op"]?.string?.lowercased() == operation }
            .reduce(0) { $0 &+ ($1.counter("value") ?? 0) }
    }

    /// 100 is one whole core. Nil when it cannot be known: no reading before, or the counters began anew.
    func cpuPercent(since before: ContainerStats?) -> Double? {
        let total = before?.cpuTotal ?? earlierTotal
        let system = before?.cpuTotal == nil ? earlierSystem : before?.cpuSystem
        guard let total, let cpuTotal, cpuTotal >= total, let processors else { return nil }
        let used = Double(cpuTotal - total)
        if let system, let cpuSystem {
            guard cpuSystem > system else { return nil }
            return used / Double(cpuSystem - system) * Double(processors) * 100
        }
        // Engines that do not tell the machine's time: against the clock.
        guard let before, at > before.at else { return nil }
        return used / ((at - before.at).inSeconds * 1e9) * 100
    }

    func fill(_ container: inout HostReport.DockerContainer, since before: ContainerStats?) {
        container.cpuPercent = cpuPercent(since: before).map { min($0, Double(processors ?? 4096) * 100) }
        container.memoryUsageBytes = memoryUsage
        container.memoryLimitBytes = memoryLimit
        if let memoryUsage, let memoryLimit {
            container.memoryPercent = min(Double(memoryUsage) / Double(memoryLimit) * 100, 100)
        }
        container.processes = processes
        container.networkRxBytes = received
        container.networkTxBytes = sent
        container.blockReadBytes = blockRead
        container.blockWriteBytes = blockWritten
        guard let before, at > before.at else { return }
        let seconds = (at - before.at).inSeconds
        func rate(_ now: UInt64?, _ then: UInt64?) -> Double? {
            guard let now, let then, now >= then else { return nil }
            return min(Double(now - then) / seconds, 1e12)
        }
        container.networkRxBytesPerSecond = rate(received, before.received)
        container.networkTxBytesPerSecond = rate(sent, before.sent)
        container.blockReadBytesPerSecond = rate(blockRead, before.blockRead)
        container.blockWriteBytesPerSecond = rate(blockWritten, before.blockWritten)
    }
}
