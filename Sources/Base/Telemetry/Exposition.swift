import NIOConcurrencyHelpers

/// A value read at the moment of a scrape.
package struct MetricSample: Sendable {
    package enum Kind: String, Sendable { case counter, gauge }

    package let name: String
    package let help: String
    package let kind: Kind
    package let value: Double

    package init(_ name: String, _ kind: Kind, help: String, _ value: Double) {
        self.name = name
        self.help = help
        self.kind = kind
        self.value = value
    }
}

/// The Prometheus text format, version 0.0.4: families by name, series by labels, so that two scrapes compare line by line.
package enum Exposition {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value), abs(value) < 0x1p53 { return "\(whole)" }
        return "\(value)"
    }

    static func head(_ name: String, _ kind: String, _ help: String) -> String {
        let escaped = help.map { $0 == "\\" ? "\\\\" : $0 == "\n" ? "\\n" : String($0) }.joined()
        return "# HELP \(name) \(escaped)\n# TYPE \(name) \(kind)\n"
    }

    static func line(_ name: String, _ labels: [(String, String)], _ value: Double) -> String {
        let inside = labels.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",")
        return "\(name)\(inside.isEmpty ? "" : "{\(inside)}") \(number(value))\n"
    }

    private static func escaped(_ value: String) -> String {
        value.map { $0 == "\\" ? "\\\\" : $0 == "\"" ? "\\\"" : $0 == "\n" ? "\\n" : String($0) }.joined()
    }
}

extension PrometheusRegistry {
    /// What a scrape is answered.
    package func exposition() -> String {
        var (families, help, refused, sources) = state.withLockedValue { state in
            (state.families, state.help, state.refused, state.sources)
        }
        let refusals = CounterSeries()
        refusals.increment(by: refused)
        families["pulse_telemetry_refused_series_total"] = Family(kind: .counter, series: [[]: refusals])
        var blocks: [String: String] = [:]
        for (name, family) in families { blocks[name] = Self.block(name, family, help[name]) }
        for sample in sources.flatMap({ $0() }) {
            blocks[sample.name] =
                Exposition.head(sample.name, sample.kind.rawValue, sample.help)
                + Exposition.line(sample.name, [], sample.value)
        }
        return blocks.sorted { $0.key < $1.key }.map(\.value).joined()
    }

    private static func block(_ name: String, _ family: Family, _ help: String?) -> String {
        var text = Exposition.head(name, family.kind.rawValue, help ?? spelledOut(name))
        let series = family.series.sorted { left, right in
            left.key.map(\.value).lexicographicallyPrecedes(right.key.map(\.value))
        }
        for (labels, values) in series {
            for point in values.points {
                let all = labels.map { ($0.name, $0.value) } + (point.bound.map { [("le", $0)] } ?? [])
                text += Exposition.line(name + point.suffix, all, point.value)
            }
        }
        return text
    }

    /// For a metric whose room gave no text: its own name says what and in which unit.
    private static func spelledOut(_ name: String) -> String {
        name.split(separator: "_").dropFirst().joined(separator: " ").capitalizedFirst + "."
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
