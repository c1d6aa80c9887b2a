import Kernel
import Testing

@testable import Monitoring

@Suite("The turns of monitors") struct MonitorTurnsTests {
    private func org(_ number: Int) -> OrgID {
        OrgID(bytes: [UInt8](repeating: 0, count: 14) + [UInt8(number >> 8), UInt8(number & 255)])
    }

    private func orgs(_ numbers: Range<Int>) -> [OrgID] { numbers.map(org) }

    /// All that begin at this time.
    private func begun(_ turns: inout MonitorTurns, at seconds: Int64 = 0) -> [OrgID] {
        var all: [OrgID] = []
        while let next = turns.next(at: .seconds(seconds)) { all.append(next) }
        return all
    }

    @Test("each begins in the order of asking, once however often it asked, and not while it is at work")
    func order() {
        var turns = MonitorTurns()
        for org in orgs(0..<3) + orgs(0..<3) { turns.want(org) }
        #expect(begun(&turns) == orgs(0..<3))
        turns.want(org(1))
        #expect(begun(&turns).isEmpty && turns.working == 3)
        turns.ended(org(1))
        #expect(begun(&turns).isEmpty, "it asks again when it has ended")
        turns.want(org(1))
        #expect(begun(&turns) == [org(1)])
    }

    @Test("a place that becomes free is the next one's, whatever the others do")
    func places() {
        var turns = MonitorTurns()
        for org in orgs(0..<200) { turns.want(org) }
        #expect(begun(&turns) == orgs(0..<MonitorTurns.width))
        turns.ended(org(17))
        #expect(begun(&turns) == [org(64)])
    }

    @Test("those that take long make room, up to a bound, and are counted again from anew when they have ended")
    func slow() {
        var turns = MonitorTurns()
        for org in orgs(0..<500) { turns.want(org) }
        #expect(begun(&turns).count == 64)
        turns.observe(.milliseconds(1999))
        #expect(begun(&turns, at: 1).isEmpty)
        for second in 1...10 {
            turns.observe(.seconds(Int64(second) * 2))
            _ = begun(&turns, at: Int64(second) * 2)
        }
        #expect(turns.working == MonitorTurns.width + MonitorTurns.slowWidth)
        for org in orgs(0..<256) { turns.ended(org) }
        #expect(turns.working == 0)
        #expect(begun(&turns, at: 30).count == 64)
    }

    @Test("a change does not wait behind those that have something to do, and a flood of changes keeps nobody out")
    func changes() {
        var turns = MonitorTurns()
        for org in orgs(0..<100) { turns.want(org) }
        for org in orgs(100..<200) { turns.wantSoon(org) }
        let first = begun(&turns)
        #expect(first.count == 64)
        #expect(first.prefix(4) == [org(100), org(0), org(101), org(1)])
        #expect(first.count { $0 >= org(100) } == 32)
    }

    @Test("one that is changed while it is at work begins again as soon as it has ended, and once")
    func changedAtWork() {
        var turns = MonitorTurns()
        turns.wantSoon(org(1))
        #expect(begun(&turns) == [org(1)])
        for _ in 0..<50 { turns.wantSoon(org(1)) }
        #expect(begun(&turns).isEmpty)
        turns.ended(org(1))
        #expect(begun(&turns) == [org(1)])
        turns.ended(org(1))
        #expect(begun(&turns).isEmpty)
    }

    @Test("one that waits in both queues begins once") func both() {
        var turns = MonitorTurns()
        turns.want(org(1))
        turns.wantSoon(org(1))
        turns.want(org(2))
        #expect(begun(&turns) == [org(1), org(2)])
        #expect(turns.working == 2)
    }
}
