import ArgumentParser

/// What a bench found out: `name: value unit` lines on standard output as they come, and the targets that were missed.
struct Figures {
    private var missed: [String] = []

    func line(_ name: String, _ value: Double, _ unit: String) { print("\(name): \(Self.rounded(value)) \(unit)") }

    mutating func line(_ name: String, _ value: Double, _ unit: String, atLeast least: Double) {
        line(name, value, unit)
        if !(value >= least) {
            missed.append("\(name) is \(Self.rounded(value)), wanted at least \(Self.rounded(least))")
        }
    }

    mutating func line(_ name: String, _ value: Double, _ unit: String, atMost most: Double) {
        line(name, value, unit)
        if !(value <= most) { missed.append("\(name) is \(Self.rounded(value)), wanted at most \(Self.rounded(most))") }
    }

    /// What we aim at and say when it is not reached, without failing.
    func line(_ name: String, _ value: Double, _ unit: String, aim: Double) {
        line(name, value, unit)
        if !(value <= aim) { print("aim: \(name) is \(Self.rounded(value)), at most \(Self.rounded(aim)) is the aim") }
    }

    /// Something that must hold for the figures to mean anything.
    mutating func require(_ holds: Bool, _ what: String) { if !holds { missed.append("\(what) does not hold") } }

    /// Says what was missed.
    /// - Throws: `ExitCode.failure` when anything was.
    func conclude() throws {
        for sentence in missed { print("missed: \(sentence)") }
        if !missed.isEmpty { throw ExitCode.failure }
    }

    /// Three significant decimals are more than any of these figures deserves.
    private static func rounded(_ value: Double) -> String {
        guard value.isFinite else { return "\(value)" }
        if value.magnitude >= 1000 { return "\(Int(value.rounded()))" }
        return "\((value * 1000).rounded() / 1000)"
    }
}

/// The middle of an odd number of values, the upper middle of an even one.
func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// Seconds that `body` took by a clock that only goes forward.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return (ContinuousClock.now - start).inSeconds
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
