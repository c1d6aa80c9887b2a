import Foundation
import Kernel
import NIOConcurrencyHelpers
import Testing

@testable import Mail

/// A real mail server (aiosmtpd) beside the test. Needs a Python with it: `ops/test` makes one and names it in
/// PULSE_TEST_PYTHON.
final class SMTPPeer: @unchecked Sendable {
    // @unchecked: used by one test at a time; the process and its pipes are only touched by that test's task.
    static let python = ProcessInfo.processInfo.environment["PULSE_TEST_PYTHON"]
    static let skipped: Comment = "SKIPPED (needs PULSE_TEST_PYTHON, a Python with aiosmtpd; ops/test sets it)"

    struct Taken: Decodable {
        struct Mail: Decodable {
            let from: String
            let to: [String]
            let data: String
            let tls: Bool
            let user: String?
        }
        let mail: Mail
    }

    private struct Ready: Decodable {
        let ready: Int
        let ca: String
    }

    let port: Int
    let ca: String
    private let process: Process
    private let input: Pipe
    private var lines: AsyncStream<String>.Iterator

    init(_ arguments: String...) async throws {
        process = Process()
        input = Pipe()
        let output = Pipe()
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Peers/smtp_server.py")
        process.executableURL = URL(filePath: try #require(Self.python))
        process.arguments = [script.path()] + arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        lines = Self.lines(of: output.fileHandleForReading).makeAsyncIterator()
        let ready = try JSONDecoder().decode(Ready.self, from: Data(try #require(await lines.next()).utf8))
        (port, ca) = (ready.ready, ready.ca)
    }

    /// The next mail the server took.
    func next() async throws -> Taken.Mail {
        try JSONDecoder().decode(Taken.self, from: Data(try #require(await lines.next()).utf8)).mail
    }

    /// Stops the server. Whatever it took and nobody read is returned, so a test can say that nothing was taken.
    func stop() async throws -> [Taken.Mail] {
        try input.fileHandleForWriting.close()
        var rest: [Taken.Mail] = []
        while let line = await lines.next() {
            rest.append(try JSONDecoder().decode(Taken.self, from: Data(line.utf8)).mail)
        }
        process.waitUntilExit()
        return rest
    }

    private static func lines(of handle: FileHandle) -> AsyncStream<String> {
        let (lines, intake) = AsyncStream<String>.makeStream()
        let partial = NIOLockedValueBox(Data())
        handle.readabilityHandler = { handle in
            let data = handle.availableData
            guard !data.isEmpty else {
                handle.readabilityHandler = nil
                return intake.finish()
            }
            partial.withLockedValue { text in
                text += data
                while let end = text.firstIndex(of: 10) {
                    intake.yield(String(decoding: text[..<end], as: UTF8.self))
                    text = Data(text[text.index(after: end)...])
                }
            }
        }
        return lines
    }
}
