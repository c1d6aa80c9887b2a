import Foundation
import JSONKit
import Kernel
import NIOConcurrencyHelpers
import Testing

@testable import Vault

/// A real key server (moto, or Transit's peer) beside the test, in Python.
final class KeyPeer: @unchecked Sendable {
    // @unchecked: used by one test at a time; the process and its pipes are only touched by that test's task.
    static let python = ProcessInfo.processInfo.environment["PULSE_TEST_PYTHON"]
    static let skipped: Comment = "SKIPPED (needs PULSE_TEST_PYTHON, a Python with moto; ops/test sets it)"

    /// What the server said of itself.
    private(set) var facts: JSONValue = .null
    private let process = Process()
    private let input = Pipe()
    private var lines: AsyncStream<String>.Iterator

    init(_ script: String) async throws {
        let output = Pipe()
        process.executableURL = URL(filePath: try #require(Self.python))
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        process.arguments = [folder.appending(path: "Peers/\(script)").path()]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        lines = Self.lines(of: output.fileHandleForReading).makeAsyncIterator()
        facts = try await next()
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    func fact(_ name: String) throws -> String { try #require(facts[name]?.string) }

    /// Has the server do something behind Pulse's back.
    @discardableResult
    func order(_ what: String, _ members: KeyValuePairs<String, String> = [:]) async throws -> JSONValue {
        var json = JSONWriter()
        json.object { json in
            json.member("do", what)
            for (name, value) in members { json.member(name, value) }
        }
        try input.fileHandleForWriting.write(contentsOf: Data(json.bytes + [10]))
        return try await next()
    }

    private func next() async throws -> JSONValue {
        var reader = JSONReader(Array(try #require(await lines.next()).utf8))
        return try reader.decode()
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

    // MARK: Providers on it

    func kms(secret: String? = nil) throws -> AWSKMSProvider {
        AWSKMSProvider(
            .init(
                region: try fact("region"), url: try fact("ready"), accessKeyID: try fact("accessKeyID"),
                secretAccessKey: Secret(try secret ?? fact("secretAccessKey"))),
            http: KeyHTTP(), time: SystemTime())
    }

    func transit(token: String? = nil) throws -> TransitProvider {
        TransitProvider(url: try fact("ready"), token: Secret(try token ?? fact("token")), http: KeyHTTP())
    }
}
