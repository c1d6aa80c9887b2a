import Kernel
import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle
import Testing

@testable import Mail

@Suite struct MailQueueTests {
    /// Answers as told, then takes everything; says what it took.
    private final class Post: MailTransport {
        let answers: NIOLockedValueBox<[MailError]>
        let taken: AsyncStream<RenderedMail>
        private let intake: AsyncStream<RenderedMail>.Continuation

        init(_ answers: [MailError] = []) {
            self.answers = NIOLockedValueBox(answers)
            (taken, intake) = AsyncStream.makeStream()
        }

        func deliver(_ mail: RenderedMail) async throws(MailError) {
            if let answer = answers.withLockedValue({ $0.isEmpty ? nil : $0.removeFirst() }) { throw answer }
            intake.yield(mail)
        }

        var first: RenderedMail? {
            get async { await taken.first { _ in true } }
        }
    }

    /// A clock on which every wait is over at once, and remembered.
    private final class HurriedTime: TimeSource {
        let waits = NIOLockedValueBox<[Duration]>([])
        var now: Timestamp { Timestamp(seconds: 1_800_000_000) }
        var monotonic: Duration { .zero }
        func sleep(for duration: Duration) async throws {
            waits.withLockedValue { $0.append(duration) }
            await Task.yield()
        }
    }

    /// A clock on which no wait ends.
    private struct StoppedTime: TimeSource {
        let waiting: AsyncStream<Duration>.Continuation
        var now: Timestamp { Timestamp(seconds: 1_800_000_000) }
        var monotonic: Duration { .zero }
        func sleep(for duration: Duration) async throws {
            waiting.yield(duration)
            try await Task.sleep(for: .seconds(3600))
        }
    }

    private func queue(_ post: Post, _ time: any TimeSource, capacity: Int = 10) throws -> MailQueue {
        MailQueue(
            transport: post, sender: try #require(Mailbox("pulse@example.com")), time: time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, capacity: capacity,
            randomness: Randomness { [UInt8](repeating: 0xAB, count: $0) })
    }

    private let hello = OutgoingMail(
        to: EmailAddress("ana@example.org")!, subject: "Hi", text: "Hi", html: "<p>Hi</p>")

    private func running<T: Sendable>(_ queue: MailQueue, _ body: () async throws -> T) async throws -> T {
        let group = ServiceGroup(services: [queue], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let result = try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        }
    }

    @Test("a mail is tried again after growing pauses until it goes")
    func retries() async throws {
        let later = MailError(.rateLimited, isTemporary: true, detail: "later")
        let post = Post([later, later, later])
        let time = HurriedTime()
        let queue = try queue(post, time)
        try await running(queue) {
            #expect(queue.send(hello))
            #expect(await post.first?.recipient.text == "ana@example.org")
        }
        let waits = time.waits.withLockedValue { $0 }
        #expect(waits.count == 3)
        for (wait, pause) in zip(waits, MailQueue.pauses) { #expect(wait >= pause && wait <= pause * 1.25) }
    }

    @Test("a mail is given up when refused for good, and after six attempts")
    func givesUp() async throws {
        let post = Post(
            [MailError(.badAnswer, isTemporary: false, detail: "no")]
                + [MailError](repeating: MailError(.unreachable, isTemporary: true, detail: "gone"), count: 6))
        let time = HurriedTime()
        let queue = try queue(post, time)
        try await running(queue) {
            for _ in 0..<2 { #expect(queue.send(hello)) }
            while !post.answers.withLockedValue({ $0.isEmpty }) { await Task.yield() }
            #expect(queue.send(hello))
            #expect(await post.first != nil)
        }
        #expect(time.waits.withLockedValue { $0.count } <= MailQueue.pauses.count)
    }

    @Test("a full queue refuses at once and takes mails again when one has gone")
    func bounded() async throws {
        let post = Post()
        let queue = try queue(post, HurriedTime(), capacity: 2)
        #expect(queue.send(hello))
        #expect(queue.send(hello))
        #expect(!queue.send(hello))
        try await running(queue) {
            #expect(await post.first != nil)
            while !queue.send(hello) { await Task.yield() }
        }
    }

    @Test("on shutdown waiting mails still get their first attempt, and nobody waits for a second")
    func shutdown() async throws {
        let post = Post([MailError(.timeout, isTemporary: true, detail: "slow")])
        let (waits, waiting) = AsyncStream<Duration>.makeStream()
        let queue = try queue(post, StoppedTime(waiting: waiting))
        try await running(queue) {
            #expect(queue.send(hello))
            #expect(await waits.first { _ in true } != nil)
            #expect(queue.send(hello))
        }
        #expect(await post.first != nil)
        #expect(!queue.send(hello))
    }
}
