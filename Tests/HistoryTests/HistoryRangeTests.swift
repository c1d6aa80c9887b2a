import Kernel
import Testing

@testable import History

@Suite("ranges and steps") struct HistoryRangeTests {
    @Test(
        "a range reads as the time it says",
        arguments: [
            ("30m", 1800), ("1h", 3600), ("6h", 21_600), ("12h", 43_200), ("24h", 86_400), ("1d", 86_400),
            ("7d", 604_800),
            ("90d", 7_776_000), ("400d", 34_560_000), ("1h30m", 5400), ("1.5h", 5400), ("90s", 90), ("120000ms", 120),
            (" 1h ", 3600), ("900d", 34_560_000), ("1s", 10),
        ])
    func readable(text: String, seconds: Int64) { #expect(HistoryRange(text).duration == .seconds(seconds)) }

    @Test(
        "what cannot be read is a day",
        arguments: [
            nil, "", "x", "1", "h", "-1h", "0h", "1w", "1h 30m", "1..5h", "99999999999999h", "1h\u{0}", "٣h",
        ] as [String?])
    func unreadable(text: String?) {
        #expect(HistoryRange(text) == .standard)
        #expect(HistoryRange(text).duration == .seconds(86_400))
    }

    @Test(
        "there are never more steps than asked for, and none ends before the range begins",
        arguments: [1800, 3600, 21_600, 86_400, 604_800, 7_776_000] as [Int64], [1, 2, 7, 60, 299, 300, 2000])
    func steps(seconds: Int64, maxPoints: Int) {
        for offset in [0, 1, 999, 12_345, 59_999] as [Int64] {
            let end = 1_795_255_200_000 + offset
            let timeline = Timeline(start: end - seconds * 1000, end: end, maxPoints: maxPoints, resolution: 10_000)
            #expect(timeline.steps.count <= maxPoints)
            #expect(timeline.first + timeline.step > timeline.start)
            #expect(timeline.steps.last! <= end)
            #expect(timeline.steps.last! + timeline.step > end)
            #expect(timeline.steps.allSatisfy { $0 % timeline.step == 0 })
        }
    }

    @Test(
        "the step is the range over the points, rounded up to seconds, unless the tier is coarser",
        arguments: [
            (3600, 300, Tier.raw, 12, false), (1800, 300, .raw, 10, true), (21_600, 300, .minute, 72, false),
            (86_400, 2000, .minute, 60, true), (604_800, 300, .hour, 3600, true), (604_800, 100, .hour, 6048, false),
        ])
    func step(seconds: Int64, maxPoints: Int, tier: Tier, step: Int, isNative: Bool) {
        let timeline = Timeline(start: 0, end: seconds * 1000, maxPoints: maxPoints, resolution: tier.resolution)
        #expect(timeline.stepSeconds == step)
        #expect(timeline.isNative == isNative)
    }

    @Test(
        "two hours are answered by samples, a day by minutes, a week by hours, more by days",
        arguments: [
            ("30m", Tier.raw), ("2h", .raw), ("6h", .minute), ("24h", .minute), ("25h", .hour), ("7d", .hour),
            ("8d", .day),
            ("90d", .day),
        ])
    func tiers(range: String, tier: Tier) { #expect(Tier.answering(for: HistoryRange(range).duration).first == tier) }
}
