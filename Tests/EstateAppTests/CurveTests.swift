import Testing

@testable import EstateApp

@Suite struct CurveTests {
    @Test("the area under a curve is what adding up its values comes to")
    func integral() {
        let curve = Curve(base: 1000, daily: 0.4, hourly: 0.1, noise: 0.4, phase: 20_000, seed: Seed(5))
        let start = 1_790_000_000.0
        var sum = 0.0
        for step in 0..<36_000 { sum += curve.value(at: start + Double(step) * 0.1 + 0.05) * 0.1 }
        #expect(abs(sum - curve.area(from: start, to: start + 3600)) < 1)
    }
}
