import Kernel

/// Makes rates of counters that only rise, for agents that send no rates of their own.
struct CounterRates {
    private struct Reading {
        let counter: UInt64
        let at: Timestamp
    }

    /// A second, in bytes: no single device does more, a counter that began anew may seem to.
    private static let fastest = 1e12
    /// Interfaces and devices of one machine; more is not a machine.
    private static let limit = 4096
    private var last: [String: Reading] = [:]

    /// - Returns: a second's rise since the reading before; `nil` at first, after a reset (the counter went back, or rose
    ///   as no device does), when time stood still or went back, and over gaps of more than 10 minutes.
    mutating func rate(of name: String, counter: UInt64?, at: Timestamp) -> Double? {
        guard let counter else { return nil }
        let before = last[name]
        if let before, at <= before.at { return nil }
        if before != nil || last.count < Self.limit { last[name] = Reading(counter: counter, at: at) }
        guard let before, counter >= before.counter else { return nil }
        let seconds = (at - before.at).inSeconds
        let rate = Double(counter - before.counter) / seconds
        return seconds > 600 || rate > Self.fastest ? nil : rate
    }
}
