import Foundation
import Kernel

/// PostgreSQL's own load generator: prepared statements, one select a transaction, no row-level security.
struct PGBench {
    private let database: BenchDatabase
    private let organisations: [OrgID]

    init(_ database: BenchDatabase, _ organisations: [OrgID]) {
        self.database = database
        self.organisations = organisations
    }

    /// What a client gets done in about a second. Counted, because a child of Foundation does not hear the alarm clock
    /// by which `-T` would end.
    private static let selectsEach = 4_000

    /// Reads random rows of all organisations, 16 clients on 4 threads.
    func selectsPerSecond(about seconds: Int) async throws -> Double {
        let environment = ProcessInfo.processInfo.environment
        guard let program = environment["PULSE_BENCH_PGBENCH"] else {
            throw BenchFault.noSetting("PULSE_BENCH_PGBENCH")
        }
        let folder = FileManager.default.temporaryDirectory.appending(path: "pulse-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let output = try await run(
            program, server: database.superuser,
            [
                "-n", "-M", "prepared", "-c", "\(PostgresBench.connections)", "-j", "4", "-t",
                "\(Self.selectsEach * seconds)",
            ]
                + (try scripts(in: folder)).flatMap { ["-f", $0] })
        guard let line = output.split(separator: "\n").first(where: { $0.hasPrefix("tps = ") }),
            let rate = Double(line.dropFirst(6).prefix { $0 != " " })
        else { throw BenchFault.pgbench(output) }
        return rate
    }

    /// One script an organisation; pgbench picks one for each transaction.
    private func scripts(in folder: URL) throws -> [String] {
        try organisations.map { organisation in
            let file = folder.appending(path: "\(organisation).sql")
            let text = """
                \\set row random(0, \(PostgresBench.rowsEach - 1))
                SELECT value, name FROM pulse.bench_plain WHERE org_id = '\(organisation)' AND id = :row;

                """
            try text.write(to: file, atomically: true, encoding: .utf8)
            return file.path
        }
    }

    /// The password goes by environment: arguments can be read by everybody.
    private func run(_ program: String, server: Secret<String>, _ arguments: [String]) async throws -> String {
        guard var address = URLComponents(string: server.reveal()) else { throw BenchFault.pgbench("no URI") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["PGPASSWORD": address.password ?? ""]) { $1 }
        address.password = nil
        process.arguments = arguments + [address.string ?? ""]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        return try await withCheckedThrowingContinuation { done in
            process.terminationHandler = { process in
                let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                if process.terminationStatus == 0 {
                    done.resume(returning: text)
                } else {
                    done.resume(throwing: BenchFault.pgbench(text))
                }
            }
            do { try process.run() } catch { done.resume(throwing: error) }
        }
    }
}
