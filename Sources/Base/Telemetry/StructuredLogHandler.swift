import Kernel
package import Logging

/// Writes an event as one line: time, level, logger, the constant message, then the metadata with sorted keys.
package struct StructuredLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let format: LogFormat
    private let output: LogOutput
    private let time: any TimeSource

    package init(label: String, level: Logger.Level, format: LogFormat, output: LogOutput) {
        self.init(label: label, level: level, format: format, output: output, time: SystemTime())
    }

    init(label: String, level: Logger.Level, format: LogFormat, output: LogOutput, time: any TimeSource) {
        self.label = label
        self.logLevel = level
        self.format = format
        self.output = output
        self.time = time
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error { all["error"] = "\(error)" }
        let line = LogLine(
            time: time.now, level: event.level, label: label, message: "\(event.message)",
            fields: all.sorted { $0.key < $1.key }.map { ($0.key, LogLine.shown("\($0.value)", for: $0.key)) })
        output.write(format == .json ? line.json : line.text)
    }
}

/// One event, ready to be written.
struct LogLine {
    let time: Timestamp
    let level: Logger.Level
    let label: String
    let message: String
    let fields: [(key: String, value: String)]

    /// A key that names a secret shows none, whatever a caller put under it; the rest is cut at 2,000 characters.
    static func shown(_ value: String, for key: String) -> String {
        let key = key.lowercased()
        let isSecret = ["token", "password", "secret", "cookie", "authorization"].contains { key.hasSuffix($0) }
        return isSecret ? "<redacted>" : String(value.prefix(2000))
    }

    var json: String {
        let fixed = [("time", "\(time)"), ("level", level.rawValue), ("logger", label), ("message", message)]
        let taken = Set(fixed.map(\.0))
        let own = fields.map { (taken.contains($0.key) ? "_\($0.key)" : $0.key, $0.value) }
        return "{" + (fixed + own).map { "\(Self.quoted($0.0)):\(Self.quoted($0.1))" }.joined(separator: ",") + "}\n"
    }

    var text: String {
        let pairs = fields.map { " \($0.key)=\(Self.word($0.value))" }.joined()
        return "\(time) \(level.rawValue) \(label): \(message)\(pairs)\n"
    }

    /// Bare when it is one plain word.
    private static func word(_ value: String) -> String {
        let isPlain =
            !value.isEmpty
            && value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && $0 != "=" && $0.value != 0x7F }
        return isPlain ? value : quoted(value)
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\u{0}"..<"\u{20}", "\u{7F}"..<"\u{A0}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
