import AgentProtocol
import FoundationEssentials
import Kernel
import NIOConcurrencyHelpers
import TestKit
import Testing

@testable import AgentApp

@Suite(.timeLimit(.minutes(1))) struct LaneTests {
    @Test("live reports go at once and leave the queue")
    func live() async throws {
        try await Lanes().run { lanes in
            for number in 1...5 {
                await lanes.look()
                try await lanes.advance { lanes.server.live.count == number }
            }
            try await lanes.advance { await lanes.outbox.waiting == 0 }
            #expect(lanes.server.live == [1, 2, 3, 4, 5] && lanes.server.backlog.isEmpty)
        }
    }

    @Test("after an hour without server the backlog arrives complete and in order, beside live data")
    func outage() async throws {
        try await Lanes().run { lanes in
            lanes.server.isAway()
            for _ in 0..<360 {
                await lanes.look()
                lanes.time.advance(by: .seconds(10))
            }
            #expect(await lanes.outbox.waiting == 360 && lanes.server.taken.isEmpty)
            // The backlog's first batch is held until two more live reports have gone.
            lanes.server.answers { path, _ throws(TransportError) in
                if path.hasSuffix("/backfill"), lanes.server.live.count < 3 { throw TransportError("slow") }
                return Answer.success
            }
            for _ in 0..<3 {
                let before = lanes.server.live.count
                await lanes.look()
                try await lanes.advance { lanes.server.live.count > before }
            }
            try await lanes.advance { await lanes.outbox.waiting == 0 }
            #expect(lanes.server.backlog == lanes.server.backlog.sorted(), "oldest first")
            #expect(Set(lanes.server.backlog).union(lanes.server.live) == Set(1...363))
            #expect(lanes.server.backlog.count + lanes.server.live.count == 363, "nothing twice")
            #expect(lanes.server.taken.allSatisfy { $0.numbers.count <= ReportLimits.backfillReports })
        }
    }

    @Test("a report the server will never take is put aside and blocks nothing")
    func poison() async throws {
        try await Lanes().run { lanes in
            lanes.server.isAway()
            for _ in 0..<250 { await lanes.look() }
            lanes.server.answers { _, numbers in
                numbers.contains(77)
                    ? Answer(status: 400, body: Array(#"{"code":"invalid_report"}"#.utf8)) : Answer.success
            }
            await lanes.look()
            try await lanes.advance { await lanes.outbox.waiting == 0 }
            #expect(Set(lanes.server.backlog).union(lanes.server.live) == Set(1...251).subtracting([77]))
            #expect(await lanes.outbox.droppedReports == 1)
        }
    }

    @Test("an answer that is not Pulse's throws nothing away", arguments: [200, 400, 404])
    func foreignAnswers(status: Int) async throws {
        try await Lanes().run { lanes in
            lanes.server.answers { _, _ in Answer(status: status, body: Array("<html>Please sign in</html>".utf8)) }
            await lanes.look()
            try await lanes.advance { lanes.server.posts >= 3 }
            #expect(await lanes.outbox.waiting == 1)
            lanes.server.isBack()
            try await lanes.advance { await lanes.outbox.waiting == 0 }
        }
    }

    @Test(
        "a refused token keeps everything, asks seldom, and goes on when it is accepted again", arguments: [401, 403])
    func unauthorised(status: Int) async throws {
        try await Lanes().run { lanes in
            lanes.server.answers { _, _ in Answer(status: status) }
            await lanes.look()
            try await lanes.advance { lanes.server.posts == 1 }
            let begin = lanes.time.monotonic
            for _ in 0..<20 { await lanes.look() }
            try await lanes.advance { lanes.server.posts == 3 }
            #expect(lanes.time.monotonic - begin >= .seconds(40), "half of 30 and of 60 seconds with this dice")
            #expect(await lanes.outbox.waiting == 21)
            lanes.server.isBack()
            try await lanes.advance { await lanes.outbox.waiting == 0 }
            #expect(Set(lanes.server.backlog).union(lanes.server.live) == Set(1...21))
        }
    }

    @Test(
        "a removed agent stops and says so",
        arguments: [
            (403, #"{"code":"agent_revoked","detail":"The agent was removed."}"#),
            (400, #"{"code":"invalid_report","error":"host was removed by an administrator"}"#),
            (400, #"{"code":"invalid_report","detail":"monitoring stopped for this host"}"#),
        ])
    func revoked(status: Int, body: String) async throws {
        await #expect {
            try await Lanes().run { lanes in
                lanes.server.answers { _, _ in Answer(status: status, body: Array(body.utf8)) }
                await lanes.look()
                try await lanes.advance { false }
            }
        } throws: {
            if case .revoked? = $0 as? AgentError { true } else { false }
        }
    }

    @Test("Retry-After is honoured")
    func retryAfter() async throws {
        try await Lanes().run { lanes in
            lanes.server.answers { _, _ in Answer(status: 503, retryAfterSeconds: 120) }
            await lanes.look()
            try await lanes.advance { lanes.server.posts == 1 && lanes.time.sleepers == 1 }
            let begin = lanes.time.monotonic
            lanes.server.isBack()
            try await lanes.advance { lanes.server.live == [1] }
            #expect(lanes.time.monotonic - begin >= .seconds(120))
        }
    }

    @Test("what a process left behind when it was killed is delivered by the next")
    func restart() async throws {
        let lanes = try Lanes()
        for _ in 0..<130 { await lanes.look() }
        let second = try Outbox(directory: lanes.directory.path, logger: lanes.delivery.logger)
        #expect(await second.waiting == 130)
        #expect(await second.takeLive() == nil, "nothing of this process to send live")
        #expect(await second.hasBacklog)
        let batch = try #require(await second.takeBatch(100))
        #expect(batch.numbers == Array(1...100))
        await second.acknowledge(batch.numbers)
        #expect(await second.takeBatch(100)?.numbers == Array(101...130))
        let stream = await lanes.outbox.stream
        #expect(await second.stream == stream)
    }

    @Test("when the disk refuses, the report still goes once, under a stream of its own")
    func brokenDisk() async throws {
        // Every report begins a file, and the directory is gone.
        let lanes = try Lanes(limits: ReportQueue.Limits(segmentBytes: 0))
        try FileManager.default.removeItem(atPath: lanes.directory.path)
        await lanes.look()
        let parcel = try #require(await lanes.outbox.takeLive())
        #expect(parcel.number == nil)
        #expect(await lanes.outbox.takeLive() == nil)
        #expect(await lanes.outbox.waiting == 0)
    }
}

@Suite struct BackoffTests {
    @Test("waits are spread over a bound that doubles up to the cap")
    func bounds() {
        var full = Backoff.usual
        let most = Randomness { Array(repeating: 0xFF, count: $0) }
        let waits = (0..<8).map { _ in full.next(randomness: most).inSeconds.rounded() }
        #expect(waits == [1, 2, 4, 8, 16, 20, 20, 20])
        var none = Backoff.usual
        #expect(none.next(randomness: Randomness { Array(repeating: 0, count: $0) }) == .zero)
        full.reset()
        #expect(full.next(randomness: most) <= .seconds(1))
    }

    @Test("what the server asks for is a lower bound, up to an hour")
    func retryAfter() {
        var backoff = Backoff.usual
        #expect(backoff.next(retryAfterSeconds: 30, randomness: .system) >= .seconds(30))
        #expect(backoff.next(retryAfterSeconds: 1_000_000, randomness: .system) <= .seconds(3960))
        #expect(backoff.next(retryAfterSeconds: -5, randomness: .system) >= .zero)
    }
}
