package import Kernel
package import Logging
internal import NIOConcurrencyHelpers
internal import ServiceLifecycle

/// Mails on their way out. Sending one only puts it here, so no request waits for a mail server.
///
/// Holds at most `capacity` mails, those between two attempts included; more are refused. A mail is tried six times
/// within about eight minutes, less than its link lives. At shutdown first attempts are finished, later ones given up.
package final class MailQueue: Service, Postbox {
    /// Waits before the second to the sixth attempt; each is stretched by up to a quarter so that a recovering server
    /// is not met by all at once.
    package static let pauses: [Duration] = [.seconds(2), .seconds(10), .seconds(30), .seconds(120), .seconds(300)]

    private let transport: any MailTransport
    private let sender: Mailbox
    private let time: any TimeSource
    private let randomness: Randomness
    private let capacity: Int
    private let logger: Logger
    private let held = NIOLockedValueBox(0)
    private let incoming: AsyncStream<RenderedMail>
    private let intake: AsyncStream<RenderedMail>.Continuation

    package init(
        transport: any MailTransport, sender: Mailbox, time: any TimeSource, logger: Logger, capacity: Int = 1000,
        randomness: Randomness = .system
    ) {
        self.transport = transport
        self.sender = sender
        self.time = time
        self.randomness = randomness
        self.capacity = capacity
        self.logger = logger
        (incoming, intake) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(capacity))
    }

    /// Takes a mail without waiting. `false` when the queue is full or closing: the mail is dropped and counted.
    @discardableResult
    package func send(_ mail: OutgoingMail) -> Bool {
        let fits = held.withLockedValue { count in
            guard count < capacity else { return false }
            count += 1
            return true
        }
        guard fits else { return refuse() }
        let id = "\(randomness.bytes(16).map { String($0, radix: 16) }.joined())@\(sender.address.domain)"
        let message = MIMEMessage(mail: mail, sender: sender, date: time.now, id: id)
        if case .enqueued = intake.yield(message.rendered()) { return true }
        held.withLockedValue { $0 -= 1 }
        return refuse()
    }

    package func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await mail in incoming {
                    group.addTask { await self.carry(mail) }
                }
            }
        } onGracefulShutdown: {
            self.intake.finish()
        }
    }

    private func carry(_ mail: RenderedMail) async {
        defer { held.withLockedValue { $0 -= 1 } }
        for attempt in 0...Self.pauses.count {
            do {
                try await transport.deliver(mail)
                MailMetrics.count(.sent)
                return logger.info(
                    "mail sent", metadata: [LogKey.mail: "\(mail.id)", LogKey.attempt: "\(attempt + 1)"])
            } catch {
                guard error.isTemporary, attempt < Self.pauses.count else { return giveUp(mail, error) }
                MailMetrics.count(.retried)
                logger.notice("mail delayed", metadata: about(mail, error))
            }
            let pause = Self.pauses[attempt] * (1 + randomness.fraction() / 4)
            let waited: Void? = try? await cancelWhenGracefulShutdown { try await self.time.sleep(for: pause) }
            if waited == nil || Task.isCancelled {
                return giveUp(mail, MailError(.timeout, isTemporary: true, detail: "the program is stopping"))
            }
        }
    }

    private func giveUp(_ mail: RenderedMail, _ error: MailError) {
        MailMetrics.count(.failed)
        logger.error("mail given up", metadata: about(mail, error))
    }

    private func refuse() -> Bool {
        MailMetrics.count(.refused)
        logger.error("mail refused, the queue is full or closing")
        return false
    }

    private func about(_ mail: RenderedMail, _ error: MailError) -> Logger.Metadata {
        [LogKey.mail: "\(mail.id)", LogKey.reason: "\(error.reason.rawValue)", LogKey.detail: "\(error.detail)"]
    }
}

enum LogKey {
    static let mail = "mail"
    static let attempt = "attempt"
    static let reason = "reason"
    static let detail = "detail"
}

extension EmailAddress {
    var domain: Substring { text.split(separator: "@").last ?? "localhost" }
}
