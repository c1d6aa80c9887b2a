import Kernel
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import Telemetry

private struct FixedTime: TimeSource {
    var now: Timestamp { Timestamp(milliseconds: 1_795_253_400_250) }
    var monotonic: Duration { .zero }
    func sleep(for duration: Duration) async throws {}
}

@Suite struct LogLineTests {
    private func lines(_ format: LogFormat, level: Logger.Level = .info, _ body: (Logger) -> Void) -> [String] {
        let written = NIOLockedValueBox<[String]>([])
        let output = LogOutput { line in written.withLockedValue { $0.append(line) } }
        body(
            Logger(label: "pulse") {
                StructuredLogHandler(label: $0, level: level, format: format, output: output, time: FixedTime())
            })
        return written.withLockedValue { $0 }
    }

    @Test("a JSON line has time, level, logger and message first, then the metadata with sorted keys")
    func json() {
        let lines = lines(.json) { $0.info("incident acknowledged", metadata: ["org": "o1", "incident": "i\n1"]) }
        #expect(
            lines == [
                #"{"time":"2026-11-21T09:30:00.250Z","level":"info","logger":"pulse","message":"incident acknowledged","#
                    + #""incident":"i\n1","org":"o1"}"# + "\n"
            ])
    }

    @Test("a text line quotes what is not one word")
    func text() {
        let lines = lines(.text) { $0.warning("disk is full", metadata: ["path": "/a b", "free": "0"]) }
        #expect(lines == ["2026-11-21T09:30:00.250Z warning pulse: disk is full free=0 path=\"/a b\"\n"])
    }

    @Test("a field cannot pose as one of the fixed ones, nor break its line")
    func forgery() {
        let lines = lines(.json) { $0.info("x", metadata: ["message": "}\n{\"level\":\"info\"\u{2028}"]) }
        #expect(lines.count == 1)
        #expect(lines[0].hasSuffix("\"message\":\"x\",\"_message\":\"}\\n{\\\"level\\\":\\\"info\\\"\\u2028\"}\n"))
    }

    @Test("secrets do not show", arguments: ["token", "apiToken", "password", "set-cookie", "Authorization"])
    func secrets(key: String) {
        let lines = lines(.json) { $0.info("x", metadata: [key: "hunter2"]) }
        #expect(lines[0].contains("<redacted>") && !lines[0].contains("hunter2"))
    }

    @Test("events below the level are not written")
    func level() {
        #expect(lines(.text, level: .warning) { $0.info("quiet") }.isEmpty)
    }
}
