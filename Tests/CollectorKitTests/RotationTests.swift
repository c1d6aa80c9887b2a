import CollectorKit
import Kernel
import Testing

@Suite struct RotationTests {
    private let start = Timestamp(seconds: 1_800_000_000)

    @Test("a short budget starves nobody: everybody has had a turn before anybody has a second") func fair() {
        var rotation = Rotation<Int>()
        rotation.keep((0..<20).map { ($0, .seconds(1)) })
        var asked: [Int: Int] = [:]
        for step in 0..<14 {
            let now = start + .seconds(10 * step)
            for key in rotation.due(at: now, most: 3) {
                rotation.asked(key, at: now)
                asked[key, default: 0] += 1
            }
        }
        #expect(asked.count == 20)
        #expect((asked.values.max() ?? 0) - (asked.values.min() ?? 0) <= 1)
    }

    @Test("nothing is due before its interval, and a failure is due sooner") func intervals() {
        var rotation = Rotation<String>()
        rotation.keep([("a", .seconds(60)), ("b", .seconds(60))])
        rotation.asked("a", at: start)
        rotation.asked("b", at: start, againAfter: .seconds(10))
        #expect(rotation.due(at: start + .seconds(9), most: 5) == [])
        #expect(rotation.due(at: start + .seconds(10), most: 5) == ["b"])
        #expect(Set(rotation.due(at: start + .seconds(60), most: 5)) == ["a", "b"])
    }

    @Test("what should be asked often comes before what is due seldom, and what was never asked before both")
    func lateness() {
        var rotation = Rotation<Int>()
        let often = (0..<30).map { (key: $0, interval: Duration.seconds(10)) }
        let seldom = (100..<160).map { (key: $0, interval: Duration.seconds(300)) }
        rotation.keep(often + seldom)
        for (key, _) in seldom { rotation.asked(key, at: start) }
        for (key, _) in often { rotation.asked(key, at: start + .seconds(290)) }
        let now = start + .seconds(320)
        #expect(Set(rotation.due(at: now, most: 30)) == Set(often.map(\.key)))
        rotation.keep(often + seldom + [(key: 500, interval: .seconds(3600))])
        #expect(rotation.due(at: now, most: 1) == [500])
    }

    @Test("who stays keeps their turn, who goes is forgotten") func kept() {
        var rotation = Rotation<String>()
        rotation.keep([("a", .seconds(60)), ("b", .seconds(60))])
        rotation.asked("a", at: start)
        rotation.keep([("a", .seconds(60)), ("c", .seconds(60))])
        #expect(rotation.due(at: start, most: 5) == ["c"])
        #expect(rotation.count == 2)
        #expect(rotation.hasUnasked)
    }
}
