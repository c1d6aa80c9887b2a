import Kernel

/// The name of one measured quantity of a resource: a family, and for some families which part of the resource is
/// meant (`disk:/var`, `netin:eth0`, `cpu.core.3`).
package struct MetricName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let family: MetricFamily
    /// What is written on the wire and kept in History.
    package let text: String

    /// The family's total: `cpu`, `disk` (root file system), `netin` (all interfaces) …
    /// - Precondition: the family has one (`cpu.core` does not).
    package init(_ family: MetricFamily) {
        precondition(family != .cpuCore, "a core needs its number")
        self.family = family
        self.text = family.rawValue
    }

    /// One part of the resource: a mount point, an interface, a device, a sensor, a core's number.
    /// - Returns: `nil` when the family has no parts or the part is empty, longer than 160 bytes or not a plain line.
    package init?(_ family: MetricFamily, part: String) {
        guard let separator = family.partSeparator, !part.isEmpty, part.utf8.count <= 160, part.isPlainLine else {
            return nil
        }
        if family == .cpuCore {
            guard let core = UInt16(part), String(core) == part else { return nil }
        }
        self.family = family
        self.text = family.rawValue + separator + part
    }

    /// Reads what `text` writes. Unknown families and malformed parts are `nil`.
    package init?(_ text: String) {
        if let family = MetricFamily(rawValue: text), family != .cpuCore {
            self.init(family)
        } else if text.hasPrefix("cpu.core.") {
            self.init(.cpuCore, part: String(text.dropFirst(9)))
        } else if let colon = text.firstIndex(of: ":"), let family = MetricFamily(rawValue: String(text[..<colon])) {
            guard family != .cpuCore else { return nil }
            self.init(family, part: String(text[text.index(after: colon)...]))
        } else {
            return nil
        }
    }

    package var unit: MetricUnit { family.unit }
    package var description: String { text }
    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// The quantities we keep a history of. The raw value is the name on the wire: never renamed.
package enum MetricFamily: String, Hashable, Sendable, CaseIterable {
    case cpu
    case cpuCore = "cpu.core"
    case memory
    case memoryUsed = "memoryused"
    case swapUsed = "swapused"
    case disk
    case netIn = "netin"
    case netOut = "netout"
    case diskRead = "diskread"
    case diskWrite = "diskwrite"
    case temperature
    case load1
    /// Of a storage: its share in use, and the bytes behind it.
    case usage
    case used
    case total
    case available = "avail"
    /// Of a check from outside: how long the answer took, what was lost of several questions, days until the certificate
    /// ends.
    case latency
    case loss
    case certificateDays = "certdays"

    package var unit: MetricUnit {
        switch self {
        case .cpu, .cpuCore, .memory, .disk, .usage, .loss: .percent
        case .memoryUsed, .swapUsed, .used, .total, .available: .bytes
        case .netIn, .netOut, .diskRead, .diskWrite: .bytesPerSecond
        case .temperature: .celsius
        case .load1: .load
        case .latency: .milliseconds
        case .certificateDays: .count
        }
    }

    /// What stands between family and part; `nil` when there are no parts.
    package var partSeparator: String? {
        switch self {
        case .cpuCore: "."
        case .disk, .netIn, .netOut, .diskRead, .diskWrite, .temperature: ":"
        case .cpu, .memory, .memoryUsed, .swapUsed, .load1, .usage, .used, .total, .available, .latency, .loss,
            .certificateDays:
            nil
        }
    }
}
