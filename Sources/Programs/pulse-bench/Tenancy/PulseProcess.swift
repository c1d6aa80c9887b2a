import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// A real `pulse up`, beside this program, on the bench's database.
final class PulseProcess {
    let port: Int
    private let adminPort: Int
    private let process = Process()

    init(_ setting: BenchDatabase) throws {
        port = try Self.freePort()
        adminPort = try Self.freePort()
        let here = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        process.executableURL = here.appendingPathComponent("pulse")
        process.arguments = ["up"]
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("PULSE_TEST") && !$0.key.hasPrefix("PULSE_BENCH") }
            .merging([
                "PULSE_ENV": "development", "PULSE_PUBLIC_URL": "http://127.0.0.1:\(port)",
                "PULSE_LISTEN": "127.0.0.1:\(port)", "PULSE_ADMIN_LISTEN": "127.0.0.1:\(adminPort)",
                "PULSE_RATE_LIMITS": "off", "PULSE_LOG_LEVEL": "error",
                "PULSE_OUTBOUND_ALLOW": "127.0.0.0/8",
            ]) { $1 }
        try process.run()
    }

    func end() {
        process.terminate()
        process.waitUntilExit()
    }

    func waitUntilReady() async throws {
        try await wait("ready") { try await self.admin("/readyz").status == 200 }
    }

    func waitForMonitors(_ count: Int) async throws {
        try await wait("\(count) monitors") { try await self.gauge("pulse_monitoring_monitors") >= Double(count) }
    }

    /// Resident memory in bytes when it has stopped growing.
    func settledMemory() async throws -> Double {
        var last = 0.0
        for _ in 0..<60 {
            try await Task.sleep(for: .seconds(3))
            let now = try await gauge("process_resident_memory_bytes")
            if abs(now - last) < last * 0.01 { return now }
            last = now
        }
        return last
    }

    private func wait(_ what: String, until holds: () async throws -> Bool) async throws {
        for _ in 0..<1_200 {
            guard process.isRunning else { throw ProbeFault("pulse ended before it was \(what)") }
            if (try? await holds()) == true { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ProbeFault("pulse was not \(what) within two minutes")
    }

    func gauge(_ name: String) async throws -> Double {
        let text = try await admin("/metrics").text
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) } ?? 0
    }

    /// - Parameter labels: as they are written, of the series that count; empty for all.
    func histogram(_ name: String, labels: String = "") async throws -> BucketCounts {
        let buckets = try await admin("/metrics").text.split(separator: "\n").compactMap { line in
            guard line.hasPrefix(name + "_bucket{"), labels.isEmpty || line.contains(labels),
                let from = line.range(of: "le=\""),
                let to = line[from.upperBound...].firstIndex(of: "\""), let space = line.lastIndex(of: " "),
                let count = Int(line[line.index(after: space)...])
            else { return nil as (bound: Double, count: Int)? }
            let bound = line[from.upperBound..<to]
            return (bound == "+Inf" ? .infinity : Double(bound) ?? .infinity, count)
        }
        let summed = Dictionary(buckets.map { ($0.bound, $0.count) }, uniquingKeysWith: +)
        return BucketCounts(buckets: summed.sorted { $0.key < $1.key }.map { (bound: $0.key, count: $0.value) })
    }

    /// Of all its threads, user and system.
    func cpuSeconds() throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw ProbeFault("the kernel says nothing of pulse's time")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private func admin(_ path: String) async throws -> (status: Int, text: String) {
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(adminPort)\(path)")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        return (Int(response.status.code), String(buffer: try await response.body.collect(upTo: 16 << 20)))
    }

    private static func freePort() throws -> Int {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(socket, pointer, size) == 0 && getsockname(socket, pointer, &size) == 0
            }
        }
        guard bound else { throw ProbeFault("no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
