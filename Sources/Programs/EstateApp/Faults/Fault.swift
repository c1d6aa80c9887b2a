import JSONKit

/// What is wrong with a cluster or a node on the wire.
package struct Fault: Hashable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        case garbage, endlessBody, hugeBody, slowBody, gzipBomb, endlessChunks, manyGuests, deepJSON, silent, refuse
        case redirect, truncate
    }

    package var mode: Mode?
    package var latencyMilliseconds = 0
    /// 0...1.
    package var errorRate = 0.0
    package var errorStatus = 500
    /// Only paths that contain this.
    package var only: String?
    package var skewSeconds = 0.0
    /// Another number, another certificate.
    package var certificate = 0
    package var bytes = 500_000_000
    package var count = 1_000_000
    package var depth = 100_000
    package var bytesPerSecond = 1_000
    package var location = "http://169.254.169.254/latest/meta-data/"

    package init(_ mode: Mode? = nil) { self.mode = mode }

    /// - Throws: a sentence that names the knob.
    package mutating func set(_ knob: String, _ text: String) throws(FaultError) {
        switch knob {
        case "mode":
            guard let mode = Mode(rawValue: text) else {
                throw FaultError("mode '\(text)' is none of \(Mode.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            self.mode = mode
        case "latencyMs": latencyMilliseconds = try Self.number(knob, text, 0...600_000)
        case "errorRate": errorRate = try Self.fraction(knob, text)
        case "errorStatus": errorStatus = try Self.number(knob, text, 400...599)
        case "only": only = text
        case "skewSeconds": skewSeconds = Double(try Self.number(knob, text, -1_000_000_000...1_000_000_000))
        case "certificate": certificate = try Self.number(knob, text, 0...1_000_000)
        case "bytes": bytes = try Self.number(knob, text, 0...100_000_000_000)
        case "count": count = try Self.number(knob, text, 0...100_000_000)
        case "depth": depth = try Self.number(knob, text, 0...100_000_000)
        case "bytesPerSecond": bytesPerSecond = try Self.number(knob, text, 1...1_000_000_000)
        case "location": location = text
        default: throw FaultError("there is no knob '\(knob)'")
        }
    }

    private static func number(_ knob: String, _ text: String, _ range: ClosedRange<Int>) throws(FaultError) -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw FaultError(
                "\(knob) is '\(text)'; it wants a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private static func fraction(_ knob: String, _ text: String) throws(FaultError) -> Double {
        guard let value = Double(text), (0...1).contains(value) else {
            throw FaultError("\(knob) is '\(text)'; it wants a number from 0 to 1")
        }
        return value
    }
}

package struct FaultError: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// Which part of the estate a fault concerns.
package struct Selector: Hashable, Sendable {
    /// `nil`: all.
    package let cluster: String?
    package let node: String?

    /// `*`, `o1c1` or `o1c1/west-2`.
    package init(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1)
        cluster = text == "*" ? nil : parts.first.map(String.init) ?? ""
        node = parts.count > 1 ? String(parts[1]) : nil
    }
}

/// `SELECTOR:KNOB=VALUE,KNOB=VALUE` of the command line.
package struct FaultFlag: Sendable {
    package let selector: String
    package let fault: Fault

    package init(_ text: String) throws(FaultError) {
        guard let colon = text.firstIndex(of: ":") else {
            throw FaultError(
                "--fault '\(text)' wants SELECTOR:KNOB=VALUE, for example o1c1:latencyMs=200,errorRate=0.1")
        }
        selector = String(text[..<colon])
        var fault = Fault()
        for setting in text[text.index(after: colon)...].split(separator: ",") {
            let parts = setting.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw FaultError("--fault '\(text)': '\(setting)' is not KNOB=VALUE") }
            try fault.set(String(parts[0]), String(parts[1]))
        }
        self.fault = fault
    }
}
