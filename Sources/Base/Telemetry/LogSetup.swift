package import Logging

/// How log lines look.
package enum LogFormat: String, Sendable, CaseIterable {
    /// For machines: one JSON object a line.
    case json
    /// For eyes: `2026-11-21T09:30:00.250Z info pulse: request answered status=200`.
    case text
}

/// Sends all loggers of the process to stderr. Call once, first thing in a program.
package func startLogging(level: Logger.Level, format: LogFormat) {
    LoggingSystem.bootstrap { label in
        StructuredLogHandler(label: label, level: level, format: format, output: .standardError)
    }
}
