import AgentProtocol
import Compression
import FoundationEssentials
import JSONKit
import Kernel
import Logging
import NIOConcurrencyHelpers
import TestKit

@testable import AgentApp

/// A directory that is gone when the value is.
final class ScratchDirectory: Sendable {
    let path = FileManager.default.temporaryDirectory.path + "/agent-" + UUID().uuidString
    deinit { try? FileManager.default.removeItem(atPath: path) }

    var files: [String] { StateDirectory.names(in: path).map { "\(path)/\($0)" } }

    func bytes(_ file: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: file))) }
    func write(_ bytes: [UInt8], to file: String) throws { try Data(bytes).write(to: URL(filePath: file)) }
}

/// A server of a test's making: what it took, and what it answers.
final class FakeServer: Transport {
    struct Taken: Hashable {
        let path: String
        let numbers: [UInt64]
    }
    private struct State {
        var taken: [Taken] = []
        var posts = 0
        var answer: @Sendable (String, [UInt64]) throws(TransportError) -> Answer
    }
    private let state: NIOLockedValueBox<State>

    init() { state = NIOLockedValueBox(State(answer: { _, _ in Answer.success })) }

    /// What was answered with 200, in order.
    var taken: [Taken] { state.withLockedValue { $0.taken } }
    /// Everything that came, refused or not.
    var posts: Int { state.withLockedValue { $0.posts } }
    var live: [UInt64] { taken.filter { $0.path.hasSuffix("/report") }.flatMap(\.numbers) }
    var backlog: [UInt64] { taken.filter { $0.path.hasSuffix("/backfill") }.flatMap(\.numbers) }

    func answers(_ answer: @escaping @Sendable (String, [UInt64]) throws(TransportError) -> Answer) {
        state.withLockedValue { $0.answer = answer }
    }
    func isAway() { answers { _, _ throws(TransportError) in throw TransportError("nobody there") } }
    func isBack() { answers { _, _ in Answer.success } }

    func post(_ post: Post) async throws(TransportError) -> Answer {
        let numbers = Self.numbers(in: post)
        let answer = state.withLockedValue {
            $0.posts += 1
            return $0.answer
        }
        let result = try answer(post.path, numbers)
        if result.status == 200 {
            state.withLockedValue { $0.taken.append(Taken(path: post.path, numbers: numbers)) }
        }
        return result
    }

    private static func numbers(in post: Post) -> [UInt64] {
        guard let body = try? Gzip.decompress(post.body, limit: 1 << 24) else { return [] }
        let reports = (try? Backfill(json: body).reports) ?? (try? HostReport(json: body)).map { [$0] } ?? []
        return reports.compactMap { $0.sequence?.number }
    }
}

/// The lanes of an agent, without the clock work that feeds them.
struct Lanes: Sendable {
    let directory = ScratchDirectory()
    let server = FakeServer()
    let time = ManualTime()
    let outbox: Outbox
    let delivery: Delivery

    init(limits: ReportQueue.Limits = ReportQueue.Limits()) throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        outbox = try Outbox(directory: directory.path, limits: limits, logger: logger)
        delivery = Delivery(
            outbox: outbox, transport: server, token: Secret("prt_test"), time: time,
            randomness: Randomness { Array(repeating: 0x80, count: $0) }, logger: logger, pace: Pace(.seconds(10)))
    }

    /// One more report, as the sampler would hand it over.
    func look() async {
        var report = HostReport()
        report.host.hostname = "web-1"
        await outbox.add(report, at: time.now)
        delivery.newReport.raise()
    }

    /// Runs both lanes beside `body` and ends them with it; an error of a lane ends everything.
    func run(_ body: @escaping @Sendable (Lanes) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await LiveLane(delivery: delivery).run() }
            group.addTask { try await BacklogLane(delivery: delivery).run() }
            group.addTask { try await body(self) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Moves the lanes' clock on while they wait, until `condition` holds.
    func advance(until condition: @Sendable () async -> Bool) async throws {
        while !(await condition()) {
            try Task.checkCancellation()
            if time.sleepers > 0 { time.advance(by: .seconds(1)) }
            await Task.yield()
        }
    }
}

extension Answer {
    static let success = Answer(status: 200, body: Array(#"{"success":true}"#.utf8))
}
