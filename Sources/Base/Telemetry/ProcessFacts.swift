#if canImport(Glibc)
    import Glibc
#endif

/// What the kernel knows of this process. The names are those of every Prometheus client library, so that the usual
/// dashboards and alerts find them.
package enum ProcessFacts {
    /// For `PrometheusRegistry.add`. What cannot be read is left out.
    package static func samples() -> [MetricSample] {
        var samples: [MetricSample] = []
        if let stat = stat() {
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            samples.append(
                MetricSample(
                    "process_cpu_seconds_total", .counter, help: "User and system CPU time.",
                    (stat.number(14) + stat.number(15)) / ticks))
            samples.append(
                MetricSample(
                    "process_resident_memory_bytes", .gauge, help: "Memory in RAM.",
                    stat.number(24) * Double(sysconf(Int32(_SC_PAGESIZE)))))
            samples.append(
                MetricSample("process_virtual_memory_bytes", .gauge, help: "Address space.", stat.number(23)))
            samples.append(MetricSample("process_threads", .gauge, help: "Threads.", stat.number(20)))
            if let boot = bootSeconds() {
                samples.append(
                    MetricSample(
                        "process_start_time_seconds", .gauge, help: "Start, in seconds since 1970.",
                        boot + stat.number(22) / ticks))
            }
        }
        if let open = openFiles() {
            samples.append(MetricSample("process_open_fds", .gauge, help: "Open file descriptors.", Double(open)))
        }
        var limits = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 {
            samples.append(
                MetricSample(
                    "process_max_fds", .gauge, help: "File descriptors that may be open.", Double(limits.rlim_cur)))
        }
        return samples
    }

    /// Resident bytes, for benches and health.
    package static func residentBytes() -> Int? {
        stat().map { Int($0.number(24)) * sysconf(Int32(_SC_PAGESIZE)) }
    }

    /// `/proc/self/stat`, by the field numbers of proc(5). The second field may hold spaces and ends at the last `)`.
    private struct Stat {
        let fields: [Substring]
        func number(_ field: Int) -> Double { fields.count > field - 3 ? Double(fields[field - 3]) ?? 0 : 0 }
    }

    private static func stat() -> Stat? {
        guard let text = read("/proc/self/stat"), let end = text.lastIndex(of: ")") else { return nil }
        return Stat(fields: text[end...].dropFirst(2).split(separator: " "))
    }

    private static func bootSeconds() -> Double? {
        read("/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
    }

    private static func openFiles() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Without `.`, `..` and the descriptor that is reading.
        return count - 3
    }

    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            guard count > 0 else { break }
            bytes += piece[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
