import Connections
import Inventory
import Kernel
import Logging
import NIOConcurrencyHelpers
import TestKit
import Testing

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
        func poll(_ budget: PollBudget, at now: Timestamp) async -> PollReport {
            heard.withLockedValue { $0.append("polled") }
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
        isEnabled: Bool = true, health: ConnectionHealth
    ) -> WatchedConnection {
        let spec = ConnectionSpec(
            id: id, org: org, kind: .pve, name: name, host: "pve.example.com", port: 8006, trust: .system,
            credential: .token(id: "pulse@pve!monitor", secret: Secret("s3cret")), cadence: .seconds(10),
            isAdaptive: isAdaptive, isEnabled: isEnabled)
        return WatchedConnection(
            id: id, kind: .pve, name: name, revision: revision, isEnabled: isEnabled, cadence: .seconds(10),
            isAdaptive: isAdaptive, site: nil, tags: [], spec: .success(spec), health: health)
    }

    @Test("a collector that goes on hears of another name or cadence before it asks again")
    func follows() async throws {
        platform.fault.withLockedValue { $0 = nil }
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        let (outcomes, told) = AsyncStream.makeStream(of: CheckedConnection.self)
        await desk.deliver { told.yield($0.checked) }
        var heard = outcomes.makeAsyncIterator()
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
        let (outcomes, told) = AsyncStream.makeStream(of: ConnectionID.self)
        await desk.deliver { told.yield($0.checked.id) }
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
        for await id in outcomes.prefix(20) { asked.insert(id) }
        #expect(asked == Set(all.map(\.id)))
        await desk.close()
    }

    @Test("one that lets Pulse choose is left alone while it stands still, and asked often when something happens")
    func adapts() async throws {
        platform.fault.withLockedValue { $0 = nil }
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        let (outcomes, told) = AsyncStream.makeStream(of: CheckedConnection.self)
        await desk.deliver { told.yield($0.checked) }
        var heard = outcomes.makeAsyncIterator()
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
        let (outcomes, told) = AsyncStream.makeStream(of: ConnectionHealth.self)
        await desk.deliver { told.yield($0.checked.health) }
        var heard = outcomes.makeAsyncIterator()
        let (org, id) = (OrgID.new(at: time.now), ConnectionID.new(at: time.now))

        await desk.reload([connection(id, of: org, revision: 1, health: ConnectionHealth())], of: org)
        await desk.tick()
        let parked = try #require(await heard.next())
        #expect(parked.state == .parked)

        platform.fault.withLockedValue { $0 = nil }
        time.advance(by: .seconds(3600))
        await desk.reload([connection(id, of: org, revision: 2, health: parked)], of: org)
        await desk.tick()
        await desk.reload([connection(id, of: org, revision: 3, health: ConnectionHealth())], of: org)
        await desk.tick()
        // A poll of the renamed one would have been told first, and still as revision 2.
        let next = try #require(await heard.next())
        #expect(next.state == .ok && next.checkedAt == time.now)
        await desk.close()
    }

    @Test("what is switched off is not asked, and is asked at once when it is switched on")
    func switches() async throws {
        let desk = PollDesk(makers: [platform], time: time, logger: Logger(label: "test"))
        let (outcomes, told) = AsyncStream.makeStream(of: CheckedConnection.self)
        await desk.deliver { told.yield($0.checked) }
        var heard = outcomes.makeAsyncIterator()
        let (org, id) = (OrgID.new(at: time.now), ConnectionID.new(at: time.now))
        await desk.reload([connection(id, of: org, revision: 1, isEnabled: false, health: .disabled)], of: org)
        await desk.tick()
        await desk.reload([connection(id, of: org, revision: 2, health: ConnectionHealth())], of: org)
        await desk.tick()
        #expect(try #require(await heard.next()).revision == 2)
        await desk.close()
    }
}
