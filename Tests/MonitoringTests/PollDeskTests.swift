import Inventory
import Kernel
import Logging
import NIOConcurrencyHelpers
import TestKit
import Testing

@testable import Connections
@testable import Monitoring

struct PollDeskTests {
    /// Refuses whoever asks, until it is told otherwise.
    private final class Platform: CollectorMaker, Collector, Sendable {
        let kind = ConnectionKind.pve
        let cadence = (least: Duration.seconds(10), normal: Duration.seconds(10), most: Duration.seconds(3600))
        let fault = NIOLockedValueBox<ConnectionFault?>(ConnectionFault(.authentication, "Sign-in refused (401)."))

        /// What it tells of, when it answers.
        let told = NIOLockedValueBox<[Observation]>([])
        /// Cadences that it was made with or has heard of, and polls in between.
        let heard = NIOLockedValueBox<[String]>([])

        func collector(for spec: ConnectionSpec) throws(ConnectionFault) -> any Collector {
            heard.withLockedValue { $0.append("made \(spec.name)") }
            return self
        }
        func follow(_ spec: ConnectionSpec) { heard.withLockedValue { $0.append("follows \(spec.name)") } }
        /// What happens while it is asked.
        let meanwhile = NIOLockedValueBox<(@Sendable () async -> Void)?>(nil)

        func past(_ budget: PollBudget, after cursor: String) async -> PastReport {
            PastReport(frames: [], cursor: cursor + "+", isFinished: false, requests: 1)
        }
        func poll(_ budget: PollBudget, at now: Timestamp) async -> PollReport {
            heard.withLockedValue { $0.append("polled") }
            await meanwhile.withLockedValue { $0 }?()
            return PollReport(observations: told.withLockedValue { $0 }, fault: fault.withLockedValue { $0 })
        }
        func probe(_ budget: PollBudget) async -> Result<ConnectionProbe, ConnectionFault> {
            .failure(ConnectionFault(.unsupported, "Nobody tests here."))
        }
        func certificate(
            of host: String, port: Int, route: OutboundRoute, timeout: Duration
        ) async -> Result<ServerCertificate, ConnectionFault> { .failure(ConnectionFault(.unsupported, "None.")) }
    }

    private let time = ManualTime()
    private let platform = Platform()

    private func connection(
        _ id: ConnectionID, of org: OrgID, revision: Int64, name: String = "fra", isAdaptive: Bool = false,
        isEnabled: Bool = true, unopened fault: ConnectionFault? = nil, health: ConnectionHealth
    ) -> WatchedConnection {
        let spec = ConnectionSpec(
            id: id, org: org, kind: .pve, name: name, host: "pve.example.com", port: 8006, trust: .system,
            credential: .token(id: "pulse@pve!monitor", secret: Secret("s3cret")), cadence: .seconds(10),
            isAdaptive: isAdaptive, isEnabled: isEnabled)
        return WatchedConnection(
            id: id, kind: .pve, name: name, revision: revision, isEnabled: isEnabled, cadence: .seconds(10),
            isAdaptive: isAdaptive, site: nil, tags: [], spec: fault.map { .failure($0) } ?? .success(spec),
            health: health)
    }

    private func answering(_ desk: PollDesk) async -> AsyncStream<CheckedConnection>.Iterator {
        let (outcomes, told) = AsyncStream.makeStream(of: CheckedConnection.self)
        await desk.deliver { told.yield($0.checked) }
        return outcomes.makeAsyncIterator()
    }

    @Test("what did not open while its key was away is asked as soon as it opens, unchanged as it is")
    func opens() async throws {
        platform.fault.withLockedValue { $0 = nil }
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        var heard = await answering(desk)
        let (org, id) = (OrgID.new(at: time.now), ConnectionID.new(at: time.now))
        let shut = ConnectionFault(.serverError, "The key is away.")
        var health = ConnectionHealth()
        // Long enough for the back-off to grow.
        for _ in 0..<6 {
            await desk.reload(
                [connection(id, of: org, revision: 1, unopened: shut, health: ConnectionHealth())], of: org)
            await desk.tick()
            health = try #require(await heard.next()).health
            #expect(health.fault == shut)
            time.advance(by: try #require(health.nextPollAt) - time.now)
        }
        await desk.tick()
        _ = await heard.next()
        await desk.reload([connection(id, of: org, revision: 1, health: health)], of: org)
        time.advance(by: .seconds(1))
        await desk.tick()
        #expect(try #require(await heard.next()).health.state == .ok)
        await desk.close()
    }

    @Test(
        "a clock that steps lets nobody wait longer, and nobody be late",
        arguments: [-86_400, -3600, -2, 2, 3600, 86_400])
    func clockSteps(by seconds: Int64) async throws {
        platform.fault.withLockedValue { $0 = nil }
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        var heard = await answering(desk)
        let (org, id) = (OrgID.new(at: time.now), ConnectionID.new(at: time.now))
        await desk.reload([connection(id, of: org, revision: 1, health: ConnectionHealth())], of: org)
        await desk.tick()
        #expect(await heard.next() != nil)
        func polls() -> Int { platform.heard.withLockedValue { $0.count { $0 == "polled" } } }
        time.advance(by: .seconds(4))
        time.jump(to: time.now + .seconds(seconds))
        await desk.tick()
        time.advance(by: .milliseconds(5900))
        await desk.tick()
        #expect(polls() == 1)
        time.advance(by: .milliseconds(100))
        await desk.tick()
        let health = try #require(await heard.next()).health
        #expect(health.checkedAt == time.now && health.nextPollAt == time.now + .seconds(10) && polls() == 2)
        await desk.close()
    }

    @Test("a poll under way while the clock is set back is followed by the next after a pause, not after the step")
    func clockStepsBesideAPoll() async throws {
        platform.fault.withLockedValue { $0 = nil }
        let time = time
        platform.meanwhile.withLockedValue { $0 = { time.jump(to: time.now - .seconds(3600)) } }
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        var heard = await answering(desk)
        let (org, id) = (OrgID.new(at: time.now), ConnectionID.new(at: time.now))
        await desk.reload([connection(id, of: org, revision: 1, health: ConnectionHealth())], of: org)
        await desk.tick()
        #expect(try #require(await heard.next()).health.nextPollAt == time.now + .seconds(10))
        await desk.close()
    }

    @Test("who takes over from a worker whose clock was ahead does not wait for that clock")
    func clockAhead() async throws {
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        var heard = await answering(desk)
        let org = OrgID.new(at: time.now)
        let ahead = time.now + .seconds(3600)
        var (fine, failing) = (ConnectionHealth(), ConnectionHealth())
        fine.take(PollReport(), cadence: .seconds(10), startedAt: ahead, at: ahead, jitter: 0.5)
        failing.fail(ConnectionFault(.timeout, "x"), cadence: .seconds(10), at: ahead, jitter: 0.5)
        let all = [fine, failing].map { connection(ConnectionID.new(at: time.now), of: org, revision: 1, health: $0) }
        await desk.reload(all, of: org)
        time.advance(by: .seconds(1))
        await desk.tick()
        var asked: Set<ConnectionID> = []
        for _ in all { asked.insert(try #require(await heard.next()).id) }
        #expect(asked == Set(all.map(\.id)))
        await desk.close()
    }

    @Test("what failed and has no time for its next poll is asked: this Pulse may know the platform")
    func supportedNow() async throws {
        platform.fault.withLockedValue { $0 = nil }
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        var heard = await answering(desk)
        let (org, id) = (OrgID.new(at: time.now), ConnectionID.new(at: time.now))
        var health = ConnectionHealth()
        health.fail(ConnectionFault(.unsupported, "Not yet."), cadence: .seconds(10), at: time.now, jitter: 0)
        health.nextPollAt = nil
        #expect(health.isDue(at: time.now))
        await desk.reload([connection(id, of: org, revision: 1, health: health)], of: org)
        time.advance(by: .seconds(1))
        await desk.tick()
        #expect(try #require(await heard.next()).health.state == .ok)
        await desk.close()
    }

    @Test("what a poll found that somebody wished for says so, also when the wish came while another was under way")
    func wished() async throws {
        platform.fault.withLockedValue { $0 = nil }
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        let (outcomes, told) = AsyncStream.makeStream(of: PollDesk.Outcome.self)
        await desk.deliver { told.yield($0) }
        var heard = outcomes.makeAsyncIterator()
        let (org, id) = (OrgID.new(at: time.now), ConnectionID.new(at: time.now))
        await desk.reload([connection(id, of: org, revision: 1, health: ConnectionHealth())], of: org)
        var wished: [Bool] = []
        for number in 0..<5 {
            if number == 1 { await desk.hurry(id, of: org) }
            platform.meanwhile.withLockedValue { [number] meanwhile in
                meanwhile = { if number == 2 { await desk.hurry(id, of: org) } }
            }
            await desk.tick()
            wished.append(try #require(await heard.next()).isWished)
            time.advance(by: .seconds(10))
        }
        #expect(wished == [false, true, false, true, false])
        await desk.close()
    }

    @Test("more connections than are read at once have their pasts read in turns")
    func pastsInTurns() async throws {
        platform.fault.withLockedValue { $0 = nil }
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        let (outcomes, told) = AsyncStream.makeStream(of: PollDesk.Outcome.self)
        await desk.deliver { told.yield($0) }
        var heard = outcomes.makeAsyncIterator()
        let org = OrgID.new(at: time.now)
        let all = (1...40).map { number in
            var health = ConnectionHealth()
            health.take(
                PollReport(), cadence: .seconds(10), startedAt: time.now,
                at: time.now + .milliseconds(Int64(number) * 100), jitter: 0.5)
            health.nextPollAt = time.now + .milliseconds(Int64(number) * 100)
            return connection(
                ConnectionID(bytes: [UInt8](repeating: UInt8(number), count: 16)), of: org, revision: 1, health: health)
        }
        await desk.reload(all, of: org, pasts: [:])
        // One poll at a time, and none of the pasts is stored to its end.
        for _ in all {
            time.advance(by: .milliseconds(100))
            await desk.tick()
            #expect(try #require(await heard.next()).past != nil)
        }
        await desk.close()
    }

    @Test("a collector that goes on hears of another name or cadence before it asks again")
    func follows() async throws {
        platform.fault.withLockedValue { $0 = nil }
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        var heard = await answering(desk)
        let (org, id) = (OrgID.new(at: time.now), ConnectionID.new(at: time.now))
        var health = ConnectionHealth()
        for (revision, name) in [(1, "fra"), (2, "muc"), (2, "muc"), (3, "ber")] {
            let now = connection(id, of: org, revision: Int64(revision), name: name, health: health)
            await desk.reload([now], of: org)
            await desk.tick()
            health = try #require(await heard.next()).health
            time.advance(by: .seconds(10))
        }
        #expect(
            platform.heard.withLockedValue { $0 }
                == ["made fra", "polled", "follows muc", "polled", "polled", "follows ber", "polled"])
        await desk.close()
    }

    @Test("who takes over asks at once, one after the other: nobody is put off who changes hands again and again")
    func takeOver() async throws {
        platform.fault.withLockedValue { $0 = nil }
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        var heard = await answering(desk)
        let org = OrgID.new(at: time.now)
        var health = ConnectionHealth()
        health.take(PollReport(), cadence: .seconds(10), startedAt: time.now, at: time.now, jitter: 0.5)
        time.advance(by: .seconds(60))
        let all = (1...20).map { number in
            connection(
                ConnectionID(bytes: [UInt8](repeating: UInt8(number), count: 16)), of: org, revision: 1, health: health)
        }
        await desk.reload(all, of: org)
        await desk.tick()
        time.advance(by: .milliseconds(2 * 20))
        await desk.tick()
        var asked: Set<ConnectionID> = []
        for _ in all { asked.insert(try #require(await heard.next()).id) }
        #expect(asked == Set(all.map(\.id)))
        await desk.close()
    }

    @Test("one that lets Pulse choose is left alone while it stands still, and asked often when something happens")
    func adapts() async throws {
        platform.fault.withLockedValue { $0 = nil }
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        var heard = await answering(desk)
        let (org, id) = (OrgID.new(at: time.now), ConnectionID.new(at: time.now))
        func pauses(_ count: Int) async throws -> [Duration] {
            var pauses: [Duration] = []
            for _ in 0..<count {
                await desk.tick()
                let health = try #require(await heard.next()).health
                let next = try #require(health.nextPollAt)
                pauses.append(next - time.now)
                time.advance(by: next - time.now)
            }
            return pauses
        }
        await desk.reload([connection(id, of: org, revision: 1, isAdaptive: true, health: ConnectionHealth())], of: org)
        let still = try await pauses(40)
        #expect(still[0] >= .seconds(10) && still[0] < .seconds(11))
        #expect(zip(still, still.dropFirst()).allSatisfy { $1 > $0 * 0.89 })
        #expect(still[39] > .seconds(280) && still[39] <= .seconds(300))
        platform.told.withLockedValue {
            $0 = [
                Observation(
                    connection: id, source: .proxmox, type: .vm, key: "qemu/101", name: "web", measuredAt: time.now,
                    receivedAt: time.now)
            ]
        }
        let stirred = try await pauses(2)
        #expect(stirred[0] < .seconds(140))
        // Who wants it regular again does not wait for the long pause to end.
        _ = try await pauses(30)
        await desk.tick()
        let last = try #require(await heard.next()).health
        await desk.reload([connection(id, of: org, revision: 2, health: last)], of: org)
        time.advance(by: .seconds(10))
        #expect(try await pauses(3) == [.seconds(10), .seconds(10), .seconds(10)])
        await desk.close()
    }

    @Test("what is parked is asked again when it is saved anew, even with the very same secret")
    func savedAnew() async throws {
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        var heard = await answering(desk)
        let (org, id) = (OrgID.new(at: time.now), ConnectionID.new(at: time.now))

        await desk.reload([connection(id, of: org, revision: 1, health: ConnectionHealth())], of: org)
        await desk.tick()
        let parked = try #require(await heard.next()).health
        #expect(parked.state == .parked)

        platform.fault.withLockedValue { $0 = nil }
        time.advance(by: .seconds(3600))
        await desk.reload([connection(id, of: org, revision: 2, health: parked)], of: org)
        await desk.tick()
        await desk.reload([connection(id, of: org, revision: 3, health: ConnectionHealth())], of: org)
        await desk.tick()
        // A poll of the renamed one would have been told first, and still as revision 2.
        let next = try #require(await heard.next()).health
        #expect(next.state == .ok && next.checkedAt == time.now)
        await desk.close()
    }

    @Test("what is switched off is not asked, and is asked at once when it is switched on")
    func switches() async throws {
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        var heard = await answering(desk)
        let (org, id) = (OrgID.new(at: time.now), ConnectionID.new(at: time.now))
        await desk.reload([connection(id, of: org, revision: 1, isEnabled: false, health: .disabled)], of: org)
        await desk.tick()
        await desk.reload([connection(id, of: org, revision: 2, health: ConnectionHealth())], of: org)
        await desk.tick()
        #expect(try #require(await heard.next()).revision == 2)
        await desk.close()
    }
}
