import Testing

@testable import Monitoring

@Suite struct PastTurnsTests {
    /// A second after another; all who are there ask in each.
    private func taken(_ turns: inout PastTurns, had: Int, askers: Int, seconds: Range<Int>) -> Int {
        seconds.reduce(0) { sum, second in
            sum + (0..<askers).count { _ in turns.take(had: had, at: .seconds(second)) }
        }
    }

    @Test("a few platforms never wait, many go on at a pace") func pace() {
        var few = PastTurns()
        #expect(taken(&few, had: 0, askers: 10, seconds: 0..<100) == 1000)
        var many = PastTurns()
        #expect(taken(&many, had: 0, askers: 200, seconds: 0..<101) == 32 + 100 * 16)
        #expect(taken(&many, had: 40, askers: 200, seconds: 0..<101) == 32 + 100 * 8)
    }

    @Test("the last parts of many are not in front of the first ones of somebody new") func near() {
        var turns = PastTurns()
        _ = taken(&turns, had: 100, askers: 500, seconds: 0..<60)
        let (far, near) = (turns.take(had: 100, at: .seconds(59)), turns.take(had: 0, at: .seconds(59)))
        #expect(!far && near)
    }

    @Test("a pause saves up no more than a few, and a clock that stands still gives none") func pause() {
        var turns = PastTurns()
        #expect(taken(&turns, had: 0, askers: 500, seconds: 5..<6) == 32)
        #expect(taken(&turns, had: 0, askers: 500, seconds: 5..<6) == 0)
        #expect(taken(&turns, had: 0, askers: 500, seconds: 9_000..<9_001) == 32)
        #expect(taken(&turns, had: 0, askers: 500, seconds: 4..<5) == 0)
    }
}
