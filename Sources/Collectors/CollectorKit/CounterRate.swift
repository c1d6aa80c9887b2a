package import Kernel

/// A rate from a counter that only grows, unless what counts begins anew.
package struct CounterRate: Sendable, Hashable {
    private var value: Double?
    private var at = Timestamp(milliseconds: 0)

    package init() {}

    /// - Parameter value: `nil` when this reading lacks it; the baseline stays for the next one.
    /// - Returns: units a second; `nil` is unknown: a first reading, an absent one, or one that is not newer. A counter
    ///   that went down begins anew: 0.
    package mutating func rate(_ value: Double?, at now: Timestamp) -> Double? {
        guard let value else { return nil }
        guard let before = self.value else {
            (self.value, at) = (value, now)
            return nil
        }
        guard now > at else { return nil }
        let seconds = (now - at).inSeconds
        (self.value, at) = (value, now)
        return value < before ? 0 : (value - before) / seconds
    }

    package mutating func reset() { value = nil }
}

/// The four counters of a guest or a machine, each with a baseline of its own.
package struct TrafficRates: Sendable, Hashable {
    package struct Counters: Sendable, Hashable {
        package var diskRead: Double?
        package var diskWrite: Double?
        package var netIn: Double?
        package var netOut: Double?

        package init(diskRead: Double? = nil, diskWrite: Double? = nil, netIn: Double? = nil, netOut: Double? = nil) {
            self.diskRead = diskRead
            self.diskWrite = diskWrite
            self.netIn = netIn
            self.netOut = netOut
        }

        /// What is switched off moves nothing: known, not unknown.
        package static let still = Counters(diskRead: 0, diskWrite: 0, netIn: 0, netOut: 0)
    }

    private var diskRead = CounterRate()
    private var diskWrite = CounterRate()
    private var netIn = CounterRate()
    private var netOut = CounterRate()
    private var uptime: Int64?
    private var last = Counters()

    package init() {}

    /// - Parameter uptime: seconds. When it goes down everything began anew, even counters that are larger by now; when
    ///   it stands still the platform shows its previous reading again, and the rates with it.
    package mutating func rates(of counters: Counters, uptime: Int64?, at now: Timestamp) -> Counters {
        if let before = self.uptime, let uptime {
            if uptime == before, uptime > 0 { return last }
            if uptime < before { reset() }
        }
        self.uptime = uptime ?? self.uptime
        last = Counters(
            diskRead: diskRead.rate(counters.diskRead, at: now), diskWrite: diskWrite.rate(counters.diskWrite, at: now),
            netIn: netIn.rate(counters.netIn, at: now), netOut: netOut.rate(counters.netOut, at: now))
        return last
    }

    package mutating func reset() { self = TrafficRates() }
}
