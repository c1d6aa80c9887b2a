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

        func collector(for spec: ConnectionSpec) throws(ConnectionFault) -> any Collector { self }
        func poll(_ budget: PollBudget, at now: Timestamp) async -> PollReport {
            PollReport(fault: fault.withLockedValue { $0 })
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
        _ id: ConnectionID, of org: OrgID, revision: Int64, isEnabled: Bool = true, health: ConnectionHealth
    ) -> WatchedConnection {
        let spec = ConnectionSpec(
            id: id, org: org, kind: .pve, name: "fra", host: "pve.example.com", port: 8006, trust: .system,
            credential: .token(id: "pulse@pve!monitor", secret: Secret("s3cret")), cadence: .seconds(10),
            isEnabled: isEnabled)
        return WatchedConnection(
            id: id, kind: .pve, name: "fra", revision: revision, isEnabled: isEnabled, cadence: .seconds(10), site: nil,
            tags: [], spec: .success(spec), health: health)
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
