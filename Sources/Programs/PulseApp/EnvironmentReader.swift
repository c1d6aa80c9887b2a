import HTTPKit
import Kernel
import Outbound
import VerifiedDomains

/// Reads typed values out of environment variables. An empty variable is an absent one.
struct EnvironmentReader {
    private let values: [String: String]

    init(_ environment: [String: String]) {
        values = environment.mapValues(\.trimmed).filter { !$0.value.isEmpty }
    }

    func text(_ key: String) -> String? { values[key] }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        guard let text = values[key] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw .unfit(key, saw: text, wanted: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ key: String, _: Choice.Type
    ) throws(ConfigurationError) -> Choice? {
        guard let text = values[key] else { return nil }
        guard let choice = Choice(rawValue: text.lowercased()) else {
            throw .unfit(key, saw: text, wanted: "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    /// `host:port`, `[v6]:port` or `:port`.
    func address(_ key: String) throws(ConfigurationError) -> ListenAddress? {
        guard let text = values[key] else { return nil }
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { throw .unfit(key, saw: text, wanted: "address:port, such as 127.0.0.1:7655") }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        return ListenAddress(host: host.isEmpty ? "0.0.0.0" : host, port: port)
    }

    /// The same, of a server that is asked for names: so it has none itself.
    func nameServer(_ key: String) throws(ConfigurationError) -> SystemTextRecords.Server? {
        guard let server = try address(key) else { return nil }
        guard InternetAddress(server.host) != nil, let port = UInt16(exactly: server.port), port > 0 else {
            throw .unfit(key, saw: values[key] ?? "", wanted: "an address of numbers and a port, such as 192.0.2.53:53")
        }
        return SystemTextRecords.Server(address: server.host, port: port)
    }

    func networks(_ key: String) throws(ConfigurationError) -> [NetworkRange] {
        var ranges: [NetworkRange] = []
        for part in (values[key] ?? "").split(separator: ",").map(\.trimmed) where !part.isEmpty {
            guard let range = NetworkRange(part), !part.hasSuffix("/0") else {
                throw .unfit(
                    key, saw: part, wanted: "an address or network such as 10.0.0.0/8; /0 would trust everyone")
            }
            ranges.append(range)
        }
        return ranges
    }

    /// A misspelt key would otherwise be a setting that silently does not count.
    func refuseUnknown(keys: [String]) throws(ConfigurationError) {
        let foreign = ["PULSE_TEST_", "PULSE_AGENT_", "PULSE_DEMO_", "PULSE_URL"]
        for key in values.keys.sorted() where key.hasPrefix("PULSE_") && !keys.contains(key) {
            if !foreign.contains(where: key.hasPrefix) { throw .unknown(key) }
        }
    }
}

/// Why a program does not start: one sentence.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package let description: String

    static func missing(_ key: String, wanted: String) -> Self {
        Self(description: "\(key) is not set: it wants \(wanted)")
    }
    static func unfit(_ key: String, saw: String, wanted: String) -> Self {
        Self(description: "\(key) is “\(saw)”: it wants \(wanted)")
    }
    static func unknown(_ key: String) -> Self { Self(description: "\(key) is not a setting of this program") }
}
