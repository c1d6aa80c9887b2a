import Foundation

/// A load that moves with the day, has texture over the hour and noise within minutes, and never falls below zero.
///
/// Its integral is known in closed form, which is what makes counters, their history and the truth agree exactly: the
/// noise is one sine wave of random height per window, and such a wave integrates to nothing over its window.
struct Curve: Sendable {
    /// Per second, or a level, averaged over a long time.
    var base: Double
    /// Heights as fractions of `base`; their sum stays below 1.
    var daily = 0.0
    var hourly = 0.0
    var noise = 0.0
    /// Seconds after midnight UTC at which the daily wave rises through its mean.
    var phase = 0.0
    var seed: Seed

    private static let day = 86_400.0
    /// Not a divisor of the day, so that days differ.
    private static let texture = 5_400.0 * 1.07
    private static let window = 300.0
    /// Seconds are counted from here, 2023-11-14, so that integrals of byte rates keep whole bytes in a double.
    private static let origin = 1_700_000_000.0

    func value(at time: Double) -> Double {
        let turn = 2 * Double.pi
        let window = (time / Self.window).rounded(.down)
        let within = time / Self.window - window
        return base
            * (1 + daily * sin(turn * (time - phase) / Self.day) + hourly * sin(turn * time / Self.texture + phase)
                + noise * height(ofWindow: window) * sin(turn * within))
    }

    /// The area under the curve since some fixed moment.
    func integral(at time: Double) -> Double {
        let turn = 2 * Double.pi
        let window = (time / Self.window).rounded(.down)
        let within = time / Self.window - window
        let days = -daily * Self.day / turn * cos(turn * (time - phase) / Self.day)
        let hours = -hourly * Self.texture / turn * cos(turn * time / Self.texture + phase)
        let minutes = noise * height(ofWindow: window) * Self.window / turn * (1 - cos(turn * within))
        return base * (time - Self.origin + days + hours + minutes)
    }

    func area(from start: Double, to end: Double) -> Double { max(0, integral(at: end) - integral(at: start)) }

    func mean(from start: Double, to end: Double) -> Double {
        end > start ? area(from: start, to: end) / (end - start) : value(at: start)
    }

    /// -1...1.
    private func height(ofWindow window: Double) -> Double {
        noise == 0 ? 0 : seed.child(Int(window)).fraction(.noise) * 2 - 1
    }
}
