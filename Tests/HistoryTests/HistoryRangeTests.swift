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
            (" 1h ", 3600), ("900d", 63_072_000), ("1s", 10),
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
            let timeline = Timeline(start: end - seconds * 1000, end: end, maxPoints: maxPoints, tier: .raw)
            #expect(timeline.steps.count <= maxPoints)
            #expect(timeline.first + timeline.step > timeline.start)
            #expect(timeline.steps.last! <= end)
            #expect(timeline.steps.last! + timeline.step > end)
            #expect(timeline.steps.allSatisfy { $0 % timeline.step == 0 })
        }
    }

    @Test(
        "the step is the range over the points in whole seconds of samples or whole roll-ups, unless the tier is coarser",
        arguments: [
            (3600, 300, Tier.raw, 12, false), (1800, 300, .raw, 10, true), (21_600, 300, .minute, 120, false),
            (86_400, 2000, .minute, 60, true), (604_800, 300, .hour, 3600, true), (604_800, 100, .hour, 7200, false),
            (86_400, 60, .quarter, 1800, false),
        ])
    func step(seconds: Int64, maxPoints: Int, tier: Tier, step: Int, isNative: Bool) {
        let timeline = Timeline(start: 0, end: seconds * 1000, maxPoints: maxPoints, tier: tier)
        #expect(timeline.stepSeconds == step)
        #expect(timeline.isNative == isNative)
    }

    @Test(
        "the coarsest tier that keeps the range and has half the points answers",
        arguments: [
            ("30m", 300, Tier.raw), ("2h", 300, .raw), ("1h", 60, .minute), ("6h", 300, .minute), ("24h", 300, .minute),
            ("24h", 2000, .minute), ("24h", 60, .quarter), ("7d", 300, .hour), ("7d", 2000, .minute),
            ("15d", 2000, .hour),
            ("30d", 300, .hour), ("90d", 300, .hour), ("91d", 300, .day), ("365d", 300, .day), ("2d", 60, .hour),
            ("2d", 150, .quarter),
            ("90d", 60, .day),
        ])
    func tiers(range: String, points: Int, tier: Tier) {
        let chosen = Tier.answering(for: HistoryRange(range).duration, points: points, headlines: true)
        #expect(chosen.first == tier)
        let all = Tier.answering(for: HistoryRange(range).duration, points: points, headlines: false)
        #expect(all.first != .quarter)
    }

    @Test(
        "fact 24: what stands in for an empty tier differs by range",
        arguments: [
            ("1h", [Tier.raw, .minute, .hour]), ("12h", [.minute, .raw, .hour]), ("7d", [.hour, .minute, .raw]),
            ("90d", [.hour, .day, .minute, .raw]),
        ])
    func standIns(range: String, tiers: [Tier]) {
        #expect(Tier.answering(for: HistoryRange(range).duration, points: 300, headlines: false) == tiers)
    }

    @Test("a plan keeps no more than the tiers do, and the standard one all of it", arguments: HistoryPlan.allCases)
    func plans(plan: HistoryPlan) {
        for tier in Tier.allCases {
            #expect(plan.retention(of: tier) == min(tier.retention, plan.window))
            if plan == .standard { #expect(plan.retention(of: tier) == tier.retention) }
        }
    }

    @Test("steps of roll-ups are whole roll-ups, so that none lies in two of them", arguments: Tier.allCases)
    func wholeSteps(tier: Tier) {
        for points in [7, 60, 299, 2000] {
            let timeline = Timeline(start: 0, end: 30 * 86_400_000, maxPoints: points, tier: tier)
            if tier != .raw { #expect(timeline.step % tier.resolution == 0) }
            #expect(timeline.stepCount == timeline.steps.count)
            #expect(timeline.place(of: timeline.end) == timeline.stepCount - 1)
            #expect(timeline.place(of: timeline.first - 1) == nil)
        }
    }
}
