import ArgumentParser
import Audit
import AuditTrail
import Cryptography
import Foundation
import Kernel

/// Checking an exported audit trail offline, against only digesting the same file: how long, and in how much memory.
struct AuditBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "audit", abstract: "The offline verifier of exports.")

    @Option(help: "Entries of the export.") var entries = 1_000_000

    func run() async throws {
        let path = NSTemporaryDirectory() + "pulse-audit-bench-\(UUID()).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let key = SigningKey(seed: Secret([UInt8](repeating: 7, count: 32)))
        try ExportMaker(key: key).write(entries, to: path)

        var figures = Figures()
        let file = try ExportFile(path: path)
        figures.line("export_mb", Double(file.byteCount) / 1e6, "MB")
        let digest = try seconds { try Self.digest(of: file) }
        let start = ContinuousClock.now
        let report = try await ExportVerifier(pinned: key.verifying).verify(file)
        let verify = (ContinuousClock.now - start).inSeconds
        figures.require(report.head.count == entries, "every entry was checked")

        let cores = Double(ProcessInfo.processInfo.activeProcessorCount)
        let share = Double(entries) / 1e6
        figures.line("digest_seconds", digest, "s")
        // 5 s for a million on 4 cores; the checking is done on all there are.
        figures.line("verify_seconds", verify, "s", atMost: 5 * share * max(1, 4 / cores))
        figures.line("verify_entries_per_s", Double(entries) / verify, "1/s")
        figures.line("verify_over_digest", verify / digest, "times")
        figures.line("verify_peak_mb", Self.peakMegabytes, "MB", atMost: 200)
        try figures.conclude()
    }

    private static func digest(of file: ExportFile) throws {
        var (digest, position) = (RunningDigest(), 0)
        while position < file.byteCount {
            let bytes = try file.read(at: position, count: min(1 << 20, file.byteCount - position))
            digest.update(bytes)
            position += bytes.count
        }
        _ = digest.finalize()
    }

    /// The most memory this process ever held.
    private static var peakMegabytes: Double {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return Double(line.split(separator: " ").dropFirst().first ?? "").map { $0 / 1024 } ?? .infinity
    }
}

/// Writes an export as the server would, of entries that look like a year of a large organisation.
private struct ExportMaker {
    let key: SigningKey

    func write(_ count: Int, to path: String) throws {
        let org = OrgID.new(at: Timestamp(seconds: 1_795_253_400))
        let beginning = AuditChain.genesis(of: org)
        var (chain, hash, content) = (AuditChain(of: org), beginning, RunningDigest())
        try Data().write(to: URL(filePath: path))
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        defer { try? file.close() }
        var lines: [UInt8] = []
        func flush() throws {
            content.update(lines)
            try file.write(contentsOf: Data(lines))
            lines.removeAll(keepingCapacity: true)
        }
        for number in 1...count {
            var entry = Self.entry(number)
            hash = chain.hash(of: entry, after: hash)
            entry.hash = hash
            lines += ExportLine.json(entry)
            if lines.count > 1 << 20 { try flush() }
        }
        try flush()
        let head = ExportHead(
            org: org, format: .jsonl, firstSeq: 1, previous: beginning, count: count, seq: Int64(count), hash: hash,
            at: Timestamp(seconds: 1_795_253_400), content: content.finalize())
        try file.write(contentsOf: Data(try head.signed(by: key).line))
    }

    private static let actions = AuditAction.allCases.map(\.rawValue)

    private static func entry(_ number: Int) -> AuditEntryValue {
        let at = Timestamp(seconds: 1_763_717_400) + .seconds(31 * number)
        return AuditEntryValue(
            seq: Int64(number), id: AuditEntryID.new(at: at), at: at,
            actor: "user:0195f3a0-6f00-7c3d-a2e4-0f6b7c8d\(1000 + number % 97)",
            through: "session:0195f3a0-6f00-7c3d-a2e4-0f6b7c8d\(2000 + number % 997)",
            action: actions[number % actions.count], object: "agent:0195f3a0-6f00-7c3d-a2e4-0f6b\(10_000_000 + number)",
            before: number % 2 == 0 ? #"{"name":"web server \#(number)","tags":["production"]}"# : nil,
            after: number % 3 == 0 ? nil : #"{"name":"web server \#(number + 1)","tags":["production","eu"]}"#,
            address: "192.0.2.\(number % 250)",
            userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            requestID: "0195f3a0-6f00-7c3d-a2e4-\(100_000_000_000 + number)", hash: [])
    }
}
