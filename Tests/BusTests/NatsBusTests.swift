import Foundation
import Kernel
import Logging
import ServiceLifecycle
import Testing

@testable import Bus

@Suite(.serialized, .timeLimit(.minutes(2)), .enabled(if: NatsServer.isThere, NatsServer.skipped))
struct NatsBusTests {
    private let subject = Subject.deltas(of: OrgID.new(at: SystemTime().now))
    private let marker = Subject.reports(shard: 7)

    private func bus(_ settings: NatsSettings) -> NatsBus {
        NatsBus(settings, name: "test", logger: Logger(label: "test"))
    }

    /// Runs the buses as services while `body` uses them.
    private func running(_ buses: NatsBus..., body: () async throws -> Void) async throws {
        let group = ServiceGroup(
            configuration: .init(services: buses.map { .init(service: $0) }, logger: Logger(label: "test")))
        async let end: Void = group.run()
        do {
            try await body()
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await end
    }

    /// Reads up to the loss that a connection begins with; the one that follows a new subscription may come after it.
    private func settle(_ heard: inout AsyncStream<Subscription.Message>.Iterator) async {
        while let message = await heard.next(), message != .lost {}
    }

    private func next(_ heard: inout AsyncStream<Subscription.Message>.Iterator) async -> [UInt8]? {
        while let message = await heard.next() { if case .payload(let bytes) = message { return bytes } }
        return nil
    }

    /// Messages go from one to the other from now on: says so until the other has heard it.
    private func meet(_ from: NatsBus, _ heard: inout AsyncStream<Subscription.Message>.Iterator) async {
        let calling = Task {
            while !Task.isCancelled {
                from.publish([0], to: subject)
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
        _ = await next(&heard)
        calling.cancel()
        await calling.value
        from.publish([1], to: subject)
        while let bytes = await next(&heard), bytes != [1] {}
    }

    @Test("what one process publishes the others hear once and in order, and the publisher too")
    func carries() async throws {
        let server = try NatsServer()
        let (ours, theirs) = (bus(server.settings), bus(server.settings))
        var (near, far) = (
            ours.subscribe(to: subject, capacity: 4096).makeAsyncIterator(),
            theirs.subscribe(to: subject, capacity: 4096).makeAsyncIterator()
        )
        try await running(ours, theirs) {
            await meet(ours, &far)
            while let bytes = await next(&near), bytes != [1] {}
            for number: UInt8 in 2...200 { ours.publish([number], to: subject) }
            for number: UInt8 in 2...200 {
                #expect(await next(&near) == [number])
                #expect(await next(&far) == [number])
            }
            #expect(ours.isWhole && theirs.isWhole)
        }
    }

    @Test("a server that was away costs messages, which everybody is told, and nothing else")
    func restart() async throws {
        let server = try NatsServer()
        let (ours, theirs) = (bus(server.settings), bus(server.settings))
        var (near, far) = (
            ours.subscribe(to: subject, capacity: 4096).makeAsyncIterator(),
            theirs.subscribe(to: subject, capacity: 4096).makeAsyncIterator()
        )
        try await running(ours, theirs) {
            await meet(ours, &far)
            while let bytes = await next(&near), bytes != [1] {}
            server.stop()
            while ours.isWhole || theirs.isWhole { await Task.yield() }
            ours.publish([7], to: subject)
            #expect(await next(&near) == [7], "in its own process it is heard all the same")
            try server.start()
            await settle(&far)
            await meet(ours, &far)
        }
    }

    @Test("a process that starts before the server finds it later") func lateServer() async throws {
        let server = try NatsServer()
        server.stop()
        let (ours, theirs) = (bus(server.settings), bus(server.settings))
        var far = theirs.subscribe(to: subject, capacity: 4096).makeAsyncIterator()
        try await running(ours, theirs) {
            #expect(!ours.isWhole)
            try server.start()
            await meet(ours, &far)
        }
    }

    @Test("who could not be heard tells that there was something as soon as they can")
    func unheard() async throws {
        let server = try NatsServer()
        let (ours, theirs, others) = (bus(server.settings), bus(server.settings), bus(server.settings))
        var far = theirs.subscribe(to: subject, capacity: 4096).makeAsyncIterator()
        ours.publish([7], to: subject)
        try await running(theirs, others) {
            await meet(others, &far)
            try await running(ours) { await settle(&far) }
        }
    }

    @Test("what is too large to be sent says: look at the database") func large() async throws {
        let server = try NatsServer()
        let (ours, theirs) = (bus(server.settings), bus(server.settings))
        var far = theirs.subscribe(to: subject, capacity: 4096).makeAsyncIterator()
        try await running(ours, theirs) {
            await meet(ours, &far)
            ours.publish([UInt8](repeating: 9, count: NatsBus.payloadLimit), to: subject)
            #expect(await next(&far)?.count == NatsBus.payloadLimit)
            ours.publish([UInt8](repeating: 9, count: NatsBus.payloadLimit + 1), to: subject)
            ours.publish([2], to: subject)
            #expect(await far.next() == .lost)
            #expect(await far.next() == .payload([2]))
        }
    }

    @Test("what the server refuses while it is there is told to everybody at once, not at the next reconnect")
    func refused() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "nats-\(UUID()).conf")
        try Data("max_payload: 1024".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let server = try NatsServer("-c", file.path)
        let (ours, theirs) = (bus(server.settings), bus(server.settings))
        var far = theirs.subscribe(to: subject, capacity: 4096).makeAsyncIterator()
        try await running(ours, theirs) {
            await meet(ours, &far)
            ours.publish([UInt8](repeating: 9, count: 2000), to: subject)
            // What follows arrives, and how often it is asked has a bound.
            var heard: Subscription.Message?
            for _ in 0..<200 where heard != .lost {
                ours.publish([2], to: subject)
                heard = await far.next()
            }
            #expect(heard == .lost)
        }
    }

    @Test("a password is needed where the server asks for one, and a wrong one is tried again for ever")
    func password() async throws {
        let server = try NatsServer("--user", "pulse", "--pass", "right")
        let right = NatsSettings(url: Secret("nats://pulse:right@127.0.0.1:\(server.port)"))
        let wrong = NatsSettings(url: Secret("nats://pulse:wrong@127.0.0.1:\(server.port)"))
        let (ours, theirs, stranger) = (bus(right), bus(right), bus(wrong))
        var far = theirs.subscribe(to: subject, capacity: 4096).makeAsyncIterator()
        try await running(ours, theirs, stranger) {
            await meet(ours, &far)
            #expect(!stranger.isWhole)
        }
    }

    @Test("addresses are NATS addresses", arguments: ["", "http://a", "nats://", "nats://a b", "nats://a,", "a:4222"])
    func addresses(text: String) { #expect(!NatsSettings.isAddress(text)) }

    @Test("several addresses are one setting") func severalAddresses() {
        #expect(NatsSettings.isAddress("nats://user:pw@a:4222,tls://b"))
    }
}

@Suite struct NatsOutboxTests {
    @Test("a server that does not keep up costs the oldest messages and no subscription") func bound() {
        let outbox = NatsOutbox()
        let subject = Subject.reports(shard: 1)
        outbox.add(.subscribe(subject))
        for number in 0..<100 {
            outbox.add(.publish([UInt8](repeating: UInt8(number), count: 256 << 10), subject))
        }
        let jobs = outbox.take(within: 0)
        guard case .subscribe = jobs.first else { return #expect(Bool(false), "what stays is the subscription") }
        let told = jobs.compactMap { if case .publish(let payload, _) = $0 { payload } else { nil } }
        #expect(told.last { !$0.isEmpty }?.first == 99, "and the newest")
        #expect(jobs.count < 40)
        #expect(outbox.take(within: 0).isEmpty)
    }

    @Test("in place of what is dropped stands one empty message a subject, behind all that stays") func told() {
        let outbox = NatsOutbox()
        let (quiet, busy) = (Subject.reports(shard: 1), Subject.reports(shard: 2))
        func waiting() -> [(payload: [UInt8], subject: Subject)] {
            outbox.take(within: 0).compactMap {
                if case .publish(let payload, let subject) = $0 { (payload, subject) } else { nil }
            }
        }
        let large = [UInt8](repeating: 1, count: 1 << 20)
        outbox.add(.publish([7], quiet))
        for _ in 0..<8 { outbox.add(.publish(large, busy)) }
        let once = waiting()
        #expect(once.count { $0.payload.isEmpty && $0.subject == quiet } == 1)
        #expect(once.count { $0.payload.isEmpty && $0.subject == busy } == 1)
        #expect(once.suffix(2).allSatisfy { $0.payload.isEmpty })
        #expect(!once.contains { $0.payload == [7] })

        // What is said in its place is not dropped itself: it is said again, and still once.
        outbox.add(.publish([7], quiet))
        for _ in 0..<40 { outbox.add(.publish(large, busy)) }
        let often = waiting()
        #expect(often.count { $0.payload.isEmpty && $0.subject == quiet } == 1)
        #expect(often.count { $0.payload.isEmpty && $0.subject == busy } == 1)
        #expect(waiting().isEmpty)
    }

    @Test("who did not lose anything is told of nothing") func spared() {
        let outbox = NatsOutbox()
        for number: Int16 in 0..<10 { outbox.add(.publish([1], .reports(shard: number))) }
        #expect(
            outbox.take(within: 0).allSatisfy {
                if case .publish(let payload, _) = $0 { payload == [1] } else { false }
            })
    }
}
