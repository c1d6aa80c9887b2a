internal import Kernel

extension GatewayFrame {
    private enum Kind: UInt8 {
        case hello = 1
        case welcome, open, opened, refused, data, window, close, reset, ping, pong, ask, answer, declined, cancel
    }

    package var bytes: [UInt8] {
        var out = FrameWriter()
        switch self {
        case .hello(let hello):
            out.put(Kind.hello.rawValue)
            out.put(hello.version)
            out.put(hello.credit.perStream)
            out.put(hello.credit.all)
            out.put(hello.agentVersion)
            out.put(UInt16(hello.allows.count))
            for rule in hello.allows { out.put(rule) }
        case .welcome(let welcome):
            out.put(Kind.welcome.rawValue)
            out.put(welcome.version)
            out.put(welcome.credit.perStream)
            out.put(welcome.credit.all)
            out.put(welcome.streams)
        case .open(let stream, let target):
            out.put(Kind.open.rawValue, stream)
            out.put(UInt16(target.port))
            out.put(target.host)
        case .opened(let stream): out.put(Kind.opened.rawValue, stream)
        case .refused(let stream, let why):
            out.put(Kind.refused.rawValue, stream)
            out.put(why.rawValue)
        case .data(let stream, let bytes):
            out.bytes.reserveCapacity(bytes.count + 5)
            out.put(Kind.data.rawValue, stream)
            out.bytes += bytes
        case .window(let stream, let credit):
            out.put(Kind.window.rawValue, stream)
            out.put(credit)
        case .close(let stream): out.put(Kind.close.rawValue, stream)
        case .reset(let stream, let why):
            out.put(Kind.reset.rawValue, stream)
            out.put(why.rawValue)
        case .ping(let number):
            out.put(Kind.ping.rawValue)
            out.put(number)
        case .pong(let number):
            out.put(Kind.pong.rawValue)
            out.put(number)
        case .ask(let number, let question): Self.put(number, question, into: &out)
        case .answer(let number, let answers):
            out.put(Kind.answer.rawValue, number)
            out.put(UInt8(answers.count))
            for answer in answers {
                out.put(answer.microseconds)
                out.put(UInt16(answer.bytes.count))
                out.bytes += answer.bytes
            }
        case .declined(let number, let why):
            out.put(Kind.declined.rawValue, number)
            out.put(why.rawValue)
        case .cancel(let number): out.put(Kind.cancel.rawValue, number)
        }
        return out.bytes
    }

    /// Strict: nothing may be missing, nothing left over, nothing out of bounds.
    package init(_ bytes: [UInt8]) throws(GatewayViolation) {
        guard bytes.count <= GatewayLimits.frameBytes else { throw GatewayViolation("a frame is too large") }
        var input = FrameReader(bytes)
        guard let kind = Kind(rawValue: try input.number()) else { throw GatewayViolation("a frame of no known type") }
        switch kind {
        case .hello: self = .hello(try Self.hello(&input))
        case .welcome:
            let version: UInt8 = try input.number()
            let credit = try input.credit()
            self = .welcome(GatewayWelcome(version: version, streams: try input.number(), credit: credit))
        case .open:
            let stream = try input.stream()
            let port = Int(try input.number(UInt16.self))
            let host = try input.host()
            guard port > 0 else { throw GatewayViolation("a target that is none") }
            self = .open(stream, GatewayTarget(host: host, port: port))
        case .opened: self = .opened(try input.stream())
        case .refused:
            let (stream, why) = (try input.stream(), try input.reason(GatewayRefusal.self))
            guard why != .noEchoSocket else { throw GatewayViolation("a reason that streams have not") }
            self = .refused(stream, why)
        case .data:
            let stream = try input.stream()
            let data = input.rest()
            guard (1...GatewayLimits.dataBytes).contains(data.count) else {
                throw GatewayViolation("a data frame of no lawful size")
            }
            self = .data(stream, data)
        case .window:
            let (stream, credit) = (try input.number(UInt32.self), try input.number(UInt32.self))
            guard (1...GatewayLimits.window).contains(credit) else { throw GatewayViolation("a credit that is none") }
            self = .window(stream, credit)
        case .close: self = .close(try input.stream())
        case .reset: self = .reset(try input.stream(), try input.reason())
        case .ping: self = .ping(try input.number())
        case .pong: self = .pong(try input.number())
        case .ask: self = .ask(try input.stream(), try Self.question(&input))
        case .answer: self = .answer(try input.stream(), try Self.answers(&input))
        case .declined: self = .declined(try input.stream(), try input.reason())
        case .cancel: self = .cancel(try input.stream())
        }
        guard input.isAtEnd else { throw GatewayViolation("a frame with bytes left over") }
    }

    private static func put(_ number: UInt32, _ question: GatewayQuestion, into out: inout FrameWriter) {
        out.put(Kind.ask.rawValue, number)
        let (port, payload): (Int, [UInt8]) =
            if case .datagram(let port, let bytes) = question.means { (port, bytes) } else { (0, []) }
        // Port 0 is nobody's: it stands for a ping.
        out.put(UInt16(port))
        out.put(UInt8(question.most))
        out.put(question.timeoutMilliseconds)
        out.put(question.host)
        out.bytes += payload
    }

    private static func question(_ input: inout FrameReader) throws(GatewayViolation) -> GatewayQuestion {
        let (port, most) = (Int(try input.number(UInt16.self)), Int(try input.number(UInt8.self)))
        let timeout: UInt16 = try input.number()
        let (host, payload) = (try input.host(), input.rest())
        guard (1...GatewayLimits.answers).contains(most),
            (1...GatewayLimits.questionMilliseconds).contains(Int(timeout)),
            payload.count <= (port == 0 ? 0 : GatewayLimits.datagramBytes)
        else { throw GatewayViolation("a question beyond what may be asked") }
        return GatewayQuestion(
            host: host, means: port == 0 ? .echo : .datagram(port: port, payload), most: most,
            timeoutMilliseconds: timeout)
    }

    private static func answers(_ input: inout FrameReader) throws(GatewayViolation) -> [GatewayAnswer] {
        let count = Int(try input.number(UInt8.self))
        guard count <= GatewayLimits.answers else { throw GatewayViolation("more answers than may be asked for") }
        var answers: [GatewayAnswer] = []
        for _ in 0..<count {
            let (took, size) = (try input.number(UInt32.self), Int(try input.number(UInt16.self)))
            guard size <= GatewayLimits.datagramBytes else { throw GatewayViolation("an answer that is too long") }
            answers.append(GatewayAnswer(microseconds: took, bytes: try input.bytes(size)))
        }
        return answers
    }

    private static func hello(_ input: inout FrameReader) throws(GatewayViolation) -> GatewayHello {
        let version: UInt8 = try input.number()
        let credit = try input.credit()
        let agentVersion = try input.text(atMost: 64)
        let count = Int(try input.number(UInt16.self))
        guard count <= GatewayLimits.rules else { throw GatewayViolation("more rules than are told") }
        var rules: [String] = []
        for _ in 0..<count { rules.append(try input.text(atMost: GatewayLimits.ruleBytes)) }
        guard rules.allSatisfy(\.isPlainLine), agentVersion.isPlainLine else {
            throw GatewayViolation("a rule that is no line")
        }
        return GatewayHello(version: version, agentVersion: agentVersion, allows: rules, credit: credit)
    }
}

private struct FrameWriter {
    var bytes: [UInt8] = []

    mutating func put(_ kind: UInt8, _ stream: UInt32) {
        bytes.append(kind)
        put(stream)
    }

    mutating func put(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }

    mutating func put(_ text: String) {
        put(UInt16(text.utf8.count))
        bytes += text.utf8
    }
}

private struct FrameReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { place == bytes.count }

    mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) throws(GatewayViolation) -> Number {
        let size = MemoryLayout<Number>.size
        guard bytes.count - place >= size else { throw GatewayViolation("a frame that is cut short") }
        var number: Number = 0
        for byte in bytes[place..<place + size] { number = number &<< 8 | Number(truncatingIfNeeded: byte) }
        place += size
        return number
    }

    mutating func stream() throws(GatewayViolation) -> UInt32 {
        let stream: UInt32 = try number()
        guard stream > 0 else { throw GatewayViolation("stream 0 carries nothing") }
        return stream
    }

    mutating func credit() throws(GatewayViolation) -> GatewayCredit {
        let credit = GatewayCredit(perStream: try number(), all: try number())
        guard (1...GatewayLimits.window).contains(credit.perStream), (1...GatewayLimits.window).contains(credit.all)
        else { throw GatewayViolation("a credit that is none") }
        return credit
    }

    mutating func reason<Reason: RawRepresentable<UInt8>>(
        _: Reason.Type = Reason.self
    ) throws(GatewayViolation) -> Reason {
        guard let reason = Reason(rawValue: try number()) else { throw GatewayViolation("a reason that is none") }
        return reason
    }

    mutating func text(atMost limit: Int) throws(GatewayViolation) -> String {
        let count = Int(try number(UInt16.self))
        guard count <= limit, bytes.count - place >= count,
            let text = String(validating: bytes[place..<place + count], as: UTF8.self)
        else { throw GatewayViolation("a text that is none, or too long") }
        place += count
        return text
    }

    mutating func host() throws(GatewayViolation) -> String {
        let host = try text(atMost: GatewayLimits.hostBytes)
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw GatewayViolation("a target that is none")
        }
        return host
    }

    mutating func bytes(_ count: Int) throws(GatewayViolation) -> [UInt8] {
        guard bytes.count - place >= count else { throw GatewayViolation("a frame that is cut short") }
        defer { place += count }
        return Array(bytes[place..<place + count])
    }

    mutating func rest() -> [UInt8] {
        defer { place = bytes.count }
        return Array(bytes[place...])
    }
}
