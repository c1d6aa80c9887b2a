import Inventory
import Kernel
import Testing

@testable import Connections

/// Everything here is decided without a clock: the moments are the test's own.
struct ConnectionHealthTests {
    private let start = Timestamp(seconds: 1_800_000_000)
    private let cadence = Duration.seconds(10)
    private let silence = ConnectionFault(.unreachable, "Nobody listens there.")

    private func failed(_ times: Int, with fault: ConnectionFault? = nil, jitter: Double = 0.5) -> ConnectionHealth {
        var health = ConnectionHealth()
        for _ in 0..<times { health.fail(fault ?? silence, cadence: cadence, at: start, jitter: jitter) }
        return health
    }

    @Test(
        "fact 16: the wait after failures in a row is 5 s, 10 s, then 5 s shifted by their number, and 5 min at most",
        arguments: [(1, 5.0), (2, 10), (3, 40), (4, 80), (5, 160), (6, 300), (7, 300), (500, 300)])
    func delays(failures: Int, seconds: Double) throws {
        let next = try #require(failed(failures).nextPollAt)
        #expect((next - start).inSeconds == seconds)
    }

    @Test(
        "jitter moves the first waits by a fifth either way, and the breaker's not at all",
        arguments: [(1, 0.0, 4.0), (1, 1.0, 6.0), (2, 0.0, 8.0), (2, 1.0, 12.0), (3, 0.0, 40.0), (3, 1.0, 40.0)])
    func jitter(failures: Int, jitter: Double, seconds: Double) throws {
        let next = try #require(failed(failures, jitter: jitter).nextPollAt)
        #expect((next - start).inSeconds == seconds)
    }

    private func tried(_ health: inout ConnectionHealth, _ now: Timestamp) -> Bool { health.admit(at: now) }

    @Test("the breaker opens at the third failure and lets one try through when its delay is over")
    func breaker() {
        #expect(failed(2).breaker(at: start) == .closed)
        var health = failed(3)
        #expect(health.breaker(at: start + .seconds(39)) == .open)
        #expect(!tried(&health, start + .seconds(39)))
        #expect(health.breaker(at: start + .seconds(40)) == .halfOpen)
        #expect(tried(&health, start + .seconds(40)))
        #expect(!tried(&health, start + .seconds(69)))
        #expect(tried(&health, start + .seconds(70)))
    }

    @Test("fact 16: a failure through the half-open breaker opens it again at once, a success closes it")
    func halfOpen() throws {
        let then = start + .seconds(40)
        var health = failed(3)
        #expect(tried(&health, then))
        var closed = health
        health.fail(silence, cadence: cadence, at: then, jitter: 0.5)
        #expect(health.nextPollAt == then + .seconds(80))
        #expect(health.breaker(at: then) == .open)
        closed.take(PollReport(), cadence: cadence, startedAt: then, at: then + .seconds(1), jitter: 0.5)
        #expect(closed.breaker(at: then) == .closed)
        #expect(closed.consecutiveFailures == 0 && closed.state == .ok)
        #expect(closed.nextPollAt == then + cadence)
    }

    @Test(
        "each reason parks, is tried again soon, or is tried again rarely", arguments: ConnectionFault.Reason.allCases)
    func reasons(reason: ConnectionFault.Reason) {
        let health = failed(1, with: ConnectionFault(reason, "x"))
        switch reason {
        case .authentication, .misconfigured:
            #expect(health.state == .parked && health.nextPollAt == nil)
            #expect(!health.isDue(at: start + .seconds(1_000_000)))
        case .unreachable, .timeout, .rateLimited, .serverError, .gateway, .badAnswer:
            #expect(health.state == .failing && health.nextPollAt == start + .seconds(5))
        case .permission, .untrustedCertificate, .certificateChanged, .forbiddenAddress, .tooLarge, .unsupported:
            #expect(health.state == .failing && health.nextPollAt == start + .seconds(300))
        }
    }

    @Test("what only others can mend is never asked for more often than when all is well")
    func rarely() {
        var health = ConnectionHealth()
        health.fail(ConnectionFault(.permission, "x"), cadence: .seconds(3600), at: start, jitter: 0.5)
        #expect(health.nextPollAt == start + .seconds(3600))
    }

    @Test("a parked connection is asked once more when somebody says so, and is parked again when it is refused again")
    func hurried() {
        let refused = ConnectionFault(.authentication, "Sign-in refused (401).")
        var health = failed(1, with: refused)
        health.hurry(at: start + .seconds(60))
        #expect(tried(&health, start + .seconds(60)))
        health.fail(refused, cadence: cadence, at: start + .seconds(61), jitter: 0.5)
        #expect(health.state == .parked && health.nextPollAt == nil)
        var off = ConnectionHealth.disabled
        off.hurry(at: start)
        #expect(!off.isDue(at: start))
    }

    @Test("a new connection is due at once, and the cadence counts from the beginning of a poll")
    func cadenceCounts() {
        var health = ConnectionHealth()
        #expect(health.isDue(at: start))
        health.take(PollReport(), cadence: cadence, startedAt: start, at: start + .seconds(3), jitter: 0.5)
        #expect(health.nextPollAt == start + .seconds(10))
        health.take(PollReport(), cadence: cadence, startedAt: start, at: start + .seconds(25), jitter: 0.5)
        #expect(health.nextPollAt == start + .seconds(25))
    }

    @Test("partial success is degraded and keeps what was found; a failure keeps it too, with the last success")
    func partial() {
        let missing = DegradedPart("guest-agent", ConnectionFault(.permission, "VM.GuestAgent.Audit is missing."))
        var health = ConnectionHealth()
        health.take(
            PollReport(
                degraded: [missing, missing], version: "9.1.2", instanceName: "fra", latency: .milliseconds(82)),
            discovered: [.vm: 18], cadence: cadence, startedAt: start, at: start, jitter: 0.5)
        #expect(health.state == .degraded && health.degraded == [missing])
        health.fail(silence, cadence: cadence, at: start + .seconds(10), jitter: 0.5)
        #expect(health.state == .failing && health.okAt == start && health.checkedAt == start + .seconds(10))
        #expect(health.discovered == [.vm: 18] && health.version == "9.1.2" && health.instanceName == "fra")
    }

    @Test("the same degradation again and again is written once a minute; what a person sees change is written at once")
    func quiet() {
        var written = ConnectionHealth()
        #expect(written.isWorthWriting(after: nil))
        let part = DegradedPart("ceph", ConnectionFault(.permission, "Sys.Audit is missing."))
        written.take(PollReport(degraded: [part]), cadence: cadence, startedAt: start, at: start, jitter: 0.5)
        var health = written
        for second in stride(from: 10, to: 60, by: 10) {
            let now = start + .seconds(second)
            let worded = DegradedPart("ceph", ConnectionFault(.permission, "Sys.Audit is missing, \(second)."))
            health.take(
                PollReport(degraded: [worded], latency: .milliseconds(second)), cadence: cadence, startedAt: now,
                at: now, jitter: 0.5)
            #expect(!health.isWorthWriting(after: written) && !health.isNews(after: written))
        }
        var later = health
        let minute = start + .seconds(60)
        later.take(PollReport(degraded: [part]), cadence: cadence, startedAt: minute, at: minute, jitter: 0.5)
        #expect(later.isWorthWriting(after: written) && !later.isNews(after: written))
        health.take(PollReport(), cadence: cadence, startedAt: start, at: start + .seconds(50), jitter: 0.5)
        #expect(health.isWorthWriting(after: written) && health.isNews(after: written))
    }

    @Test("what a platform says is shortened, and shown only when it is one plain line")
    func shortened() {
        let long = failed(1, with: ConnectionFault(.badAnswer, String(repeating: "x", count: 5000)))
        #expect(long.fault?.detail.count == 300)
        let odd = failed(1, with: ConnectionFault(.badAnswer, "a\u{202E}b\n"))
        #expect(odd.fault?.detail == "a?b?")
        var named = ConnectionHealth()
        let report = PollReport(
            degraded: [DegradedPart("ce\0ph", ConnectionFault(.badAnswer, "\0"))], version: "9.0\0",
            instanceName: String(repeating: "n", count: 5000))
        named.take(report, cadence: .seconds(10), startedAt: start, at: start, jitter: 0.5)
        #expect(named.version == "9.0?" && named.instanceName?.count == 256)
        #expect(named.degraded.map(\.part) == ["ce?ph"] && named.degraded.map(\.fault.detail) == ["?"])
    }

    @Test("a type of which nothing is left goes from what was discovered; what was not read lately stays")
    func discovered() {
        func thing(_ type: ResourceType) -> Observation {
            Observation(
                connection: ConnectionID.new(at: start), source: .proxmox, type: type, key: "k", name: "n",
                measuredAt: start, receivedAt: start)
        }
        var health = ConnectionHealth()
        health.take(
            PollReport(observations: [thing(.vm), thing(.systemContainer), thing(.physicalDisk)]),
            cadence: .seconds(10), startedAt: start, at: start, jitter: 0.5)
        health.take(
            PollReport(observations: [thing(.vm)], absent: [.systemContainer]), cadence: .seconds(10),
            startedAt: start, at: start, jitter: 0.5)
        #expect(health.discovered == [.vm: 1, .physicalDisk: 1])
    }
}
