import AgentProtocol

/// One line of /proc/diskstats.
struct DiskCounters: Hashable, Sendable {
    let device: String
    let readOps: UInt64
    let readBytes: UInt64
    let readTimeMs: UInt64
    let writeOps: UInt64
    let writeBytes: UInt64
    let writeTimeMs: UInt64
    let ioTimeMs: UInt64

    /// `8 0 sda reads merged sectors ms writes merged sectors ms inflight ms weighted …`; a sector is 512 bytes here,
    /// whatever the disk's own sectors are.
    init?(diskstatsLine line: Substring) {
        let words = line.words
        guard words.count >= 14 else { return nil }
        let numbers = words[3..<14].compactMap { UInt64($0) }
        guard numbers.count == 11 else { return nil }
        device = String(words[2])
        readOps = numbers[0]
        readBytes = numbers[2] &* 512
        readTimeMs = numbers[3]
        writeOps = numbers[4]
        writeBytes = numbers[6] &* 512
        writeTimeMs = numbers[7]
        ioTimeMs = numbers[9]
    }

    /// Whole disks, by name: no partitions, no memory or loop devices, no optical drives, and nothing that only repeats
    /// the traffic of disks below it (device mapper, md, zvols).
    /// - Parameter blockDevices: the names in /sys/block; empty when it cannot be read, then names decide.
    static func wholeDisks(diskstats text: String, blockDevices: Set<String>) -> [DiskCounters] {
        text.split(separator: "\n").compactMap(DiskCounters.init)
            .filter { disk in
                let name = disk.device
                guard
                    !layered.contains(where: { name.hasPrefix($0) && name.dropFirst($0.count).first?.isNumber == true })
                else { return false }
                return blockDevices.isEmpty ? !looksLikePartition(name) : blockDevices.contains(name)
            }
            .sorted { $0.device < $1.device }
    }

    private static let layered = ["loop", "ram", "zram", "sr", "fd", "dm-", "md", "zd", "nbd", "drbd"]

    private static func looksLikePartition(_ name: String) -> Bool {
        let stem = name.drop { !$0.isNumber }
        if name.hasPrefix("nvme") || name.hasPrefix("mmcblk") { return stem.contains("p") }
        return !stem.isEmpty
    }

    /// - Parameter seconds: since `earlier` was read.
    func report(since earlier: DiskCounters?, seconds: Double) -> HostReport.BlockDevice {
        var report = HostReport.BlockDevice()
        report.device = device
        report.readBytes = readBytes
        report.writeBytes = writeBytes
        report.readOps = readOps
        report.writeOps = writeOps
        report.readTimeMs = readTimeMs
        report.writeTimeMs = writeTimeMs
        report.ioTimeMs = ioTimeMs
        report.readBytesPerSecond = rate(from: earlier?.readBytes, to: readBytes, seconds: seconds)
        report.writeBytesPerSecond = rate(from: earlier?.writeBytes, to: writeBytes, seconds: seconds)
        return report
    }
}

/// Per second; nil when there is no earlier reading, no time has passed, or the counter went back (a reset: the device
/// was unplugged, its driver reloaded).
func rate(from earlier: UInt64?, to now: UInt64, seconds: Double) -> Double? {
    guard let earlier, now >= earlier, seconds > 0 else { return nil }
    return Double(now - earlier) / seconds
}
