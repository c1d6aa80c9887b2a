import Connections
import Inventory
import Kernel
import Testing

@Suite struct AdaptiveCadenceTests {
    private let start = Timestamp(seconds: 1_795_253_400)

    private func seen(_ after: Duration, state: Int = 1, failures: Int = 0, waiting: Int = 0) -> AdaptiveCadence.Seen {
        .init(at: start + after, state: state, failures: failures, waiting: waiting)
    }

    /// Polls on time from the start on, with a state each; what each is followed by. Without jitter.
    private func pauses(_ states: [Int], cadence: Duration = .seconds(10)) -> [Duration] {
        var (pace, at) = (AdaptiveCadence(), Duration.zero)
        return states.map { state in
            let pause = pace.next(seen(at, state: state), cadence: cadence, jitter: 0.5)
            at += pause
            return pause
        }
    }

    @Test("what stands still is asked less and less often, never less than every five minutes")
    func still() {
        let all = pauses([Int](repeating: 7, count: 60))
        #expect(all[0] == .seconds(10))
        #expect(zip(all, all.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(all[3] > .seconds(45) && all[3] < .seconds(50))
        #expect(all[59] > .seconds(299) && all.allSatisfy { $0 <= .seconds(300) })
    }

    @Test("news brings the short pause back, two thirds of the way with each poll")
    func news() {
        let all = pauses([Int](repeating: 7, count: 60) + [8, 9, 10, 11, 12, 13])
        #expect(all[60] > .seconds(120) && all[60] < .seconds(130))
        #expect(all[61] > .seconds(50) && all[61] < .seconds(60))
        #expect(all[65] < .seconds(12))
    }

    @Test("never more often than the cadence, and a cadence that is longer than five minutes stays as it is")
    func bounds() {
        #expect(pauses([1, 2, 3, 4, 5, 6]).allSatisfy { $0 == .seconds(10) })
        #expect(pauses([Int](repeating: 1, count: 20), cadence: .seconds(3600)).allSatisfy { $0 == .seconds(3600) })
        var pace = AdaptiveCadence()
        for jitter in [0, 0.25, 0.999] {
            #expect(pace.next(seen(.zero), cadence: .seconds(10), jitter: jitter) >= .seconds(10))
        }
    }

    @Test(
        "one that has just failed is asked sooner, a process that cannot keep up asks later, and no two stay together")
    func circumstances() {
        func pause(failures: Int = 0, waiting: Int = 0, jitter: Double = 0.5) -> Duration {
            var pace = AdaptiveCadence()
            _ = pace.next(seen(.zero), cadence: .seconds(10), jitter: 0.5)
            return pace.next(
                seen(.seconds(100), failures: failures, waiting: waiting), cadence: .seconds(10), jitter: jitter)
        }
        #expect(pause(failures: 2) < pause(failures: 1) && pause(failures: 1) < pause())
        #expect(pause(waiting: 1) == pause() && pause(waiting: 11) > pause(waiting: 2) && pause(waiting: 2) > pause())
        #expect(pause(waiting: 100_000) == .seconds(300))
        #expect(pause(jitter: 0) < pause() && pause() < pause(jitter: 0.999))
        #expect(pause(jitter: 0.999) < pause() * 1.051)
    }

    @Test("the state of a report is that of what there is: not of its order, not of what is measured")
    func state() {
        func guest(_ key: String, _ status: ResourceStatus = .online, cpu: Double = 1) -> Observation {
            var said = Observation(
                connection: ConnectionID(bytes: [UInt8](repeating: 1, count: 16)), source: .proxmox, type: .vm,
                key: key,
                name: key, status: status, measuredAt: start, receivedAt: start)
            said.metrics.cpuPercent = cpu
            return said
        }
        func state(_ all: [Observation], degraded: [DegradedPart] = []) -> Int {
            PollReport(observations: all, degraded: degraded).state
        }
        let both = state([guest("a"), guest("b")])
        #expect(both == state([guest("b", cpu: 99), guest("a", cpu: 50)]))
        #expect(both != state([guest("a"), guest("b", .offline)]))
        #expect(both != state([guest("a")]))
        #expect(
            both != state([guest("a"), guest("b")], degraded: [DegradedPart("ceph", ConnectionFault(.timeout, "x"))]))
        #expect(state([guest("a"), guest("a")]) != state([]))
    }
}
