import Kernel
import Testing

@testable import AgentProtocol

@Suite struct GatewayFrameTests {
    static let frames: [GatewayFrame] = [
        .hello(
            GatewayHello(
                agentVersion: "0.1.0", allows: ["192.168.1.0/24:8006", "pve.lan:8006"],
                credit: GatewayCredit(perStream: 65536, all: 1 << 20))),
        .welcome(GatewayWelcome(streams: 256, credit: GatewayCredit(perStream: 65536, all: 8 << 20))),
        .open(1, GatewayTarget(host: "fd00::1", port: 8006)), .opened(1), .refused(2, .notAllowed),
        .data(3, Array(0...255)), .data(UInt32.max, [UInt8](repeating: 7, count: GatewayLimits.dataBytes)),
        .window(0, 1), .window(9, GatewayLimits.window), .close(4), .reset(5, .stalled), .ping(.max), .pong(0),
        .ask(1, GatewayQuestion(host: "fd00::1", means: .echo, most: 3, timeoutMilliseconds: 2000)),
        .answer(1, []), .answer(.max, [GatewayAnswer(microseconds: 7, bytes: []), GatewayAnswer(microseconds: .max)]),
        .answer(2, [GatewayAnswer(microseconds: 1, bytes: [UInt8](repeating: 1, count: GatewayLimits.datagramBytes))]),
        .declined(3, .noEchoSocket), .declined(4, .notAllowed), .cancel(5),
    ]
    /// What comes last in them has no length of its own.
    static let datagrams: [GatewayFrame] = [[], [0], [UInt8](repeating: 9, count: GatewayLimits.datagramBytes)].map {
        .ask(
            6, GatewayQuestion(host: "snmp.lan", means: .datagram(port: 161, $0), most: 8, timeoutMilliseconds: 10_000))
    }

    @Test("every frame is read as it was written", arguments: frames + datagrams) func roundTrip(frame: GatewayFrame)
        throws
    {
        #expect(try GatewayFrame(frame.bytes) == frame)
    }

    @Test("a frame that is cut short is refused, wherever it is cut", arguments: frames)
    func cut(frame: GatewayFrame) {
        for length in 0..<min(frame.bytes.count, 200) {
            if case .data = frame, length > 5 { continue }
            #expect(throws: GatewayViolation.self) { try GatewayFrame(Array(frame.bytes.prefix(length))) }
        }
    }

    @Test("bytes left over are refused", arguments: frames) func leftOver(frame: GatewayFrame) {
        if case .data = frame { return }
        #expect(throws: GatewayViolation.self) { try GatewayFrame(frame.bytes + [0]) }
    }

    private static func ask(
        number: UInt8 = 1, port: UInt16 = 53, most: UInt8 = 1, milliseconds: UInt16 = 1000, host: String = "ns"
    ) -> [UInt8] {
        [12, 0, 0, 0, number, UInt8(port >> 8), UInt8(port & 0xFF), most, UInt8(milliseconds >> 8)]
            + [UInt8(milliseconds & 0xFF), 0, UInt8(host.utf8.count)] + host.utf8
    }

    static let refused: [(String, [UInt8])] = [
        ("nothing", []), ("no known type", [99, 0, 0, 0, 1]), ("type 0", [0]),
        ("empty data", [6, 0, 0, 0, 1]), ("data in stream 0", [6, 0, 0, 0, 0, 1]),
        ("too much data", [6, 0, 0, 0, 1] + [UInt8](repeating: 0, count: GatewayLimits.dataBytes + 1)),
        ("a frame without end", [UInt8](repeating: 6, count: GatewayLimits.frameBytes + 1)),
        ("no credit", [7, 0, 0, 0, 1, 0, 0, 0, 0]), ("credit beyond the bound", [7, 0, 0, 0, 1, 0x80, 0, 0, 0]),
        ("open of port 0", [3, 0, 0, 0, 1, 0, 0, 0, 1, 97]), ("open of no host", [3, 0, 0, 0, 1, 0, 80, 0, 0]),
        ("open of a host with a line break", [3, 0, 0, 0, 1, 0, 80, 0, 2, 97, 10]),
        ("open of what is no text", [3, 0, 0, 0, 1, 0, 80, 0, 1, 0xFF]),
        ("a host longer than its frame", [3, 0, 0, 0, 1, 0, 80, 0xFF, 0xFF, 97]),
        ("a reason that is none", [5, 0, 0, 0, 1, 77]), ("a failure that is none", [9, 0, 0, 0, 1, 0]),
        ("a welcome without credit", [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ("a stream refused for a ping", [5, 0, 0, 0, 1, 6]),
        ("a ping with bytes", ask(port: 0) + [1]), ("a question of no answer", ask(most: 0)),
        ("a question of too many answers", ask(most: 9)), ("a question without time", ask(milliseconds: 0)),
        ("a question without end", ask(milliseconds: 10_001)), ("a question in number 0", ask(number: 0)),
        ("a question to no host", ask(host: "")), ("a question to a host with a line break", ask(host: "a\n")),
        ("a datagram that is too long", ask() + [UInt8](repeating: 0, count: GatewayLimits.datagramBytes + 1)),
        ("more answers than may be", [13, 0, 0, 0, 1, 9] + [UInt8](repeating: 0, count: 54)),
        ("an answer that is too long", [13, 0, 0, 0, 1, 1, 0, 0, 0, 0, 8, 1] + [UInt8](repeating: 0, count: 2049)),
        ("an answer longer than its frame", [13, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 2, 1]),
        ("an answer to number 0", [13, 0, 0, 0, 0, 0]), ("declined for no reason", [14, 0, 0, 0, 1, 0]),
        ("given up in number 0", [15, 0, 0, 0, 0]),
        ("rules without end", [1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0xFF, 0xFF]),
    ]

    @Test("what is no frame is refused", arguments: refused) func hostile(name: String, bytes: [UInt8]) {
        #expect(throws: GatewayViolation.self) { try GatewayFrame(bytes) }
    }

    @Test("garbage is read or refused, and what is read is written back as it was") func garbage() {
        var random = SplitMix(seed: 2026)
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if !bytes.isEmpty { bytes[0] %= 17 }
            if let frame = try? GatewayFrame(bytes) { #expect(frame.bytes == bytes) }
        }
    }
}

/// The same numbers for the same seed, everywhere.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
