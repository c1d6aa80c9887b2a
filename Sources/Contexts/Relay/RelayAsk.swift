internal import AgentProtocol
internal import Cryptography
internal import Datagrams
internal import FoundationEssentials
internal import Kernel
internal import Outbound

/// What one process asks of another: a stream through a gateway that is connected there, or a question to it. Sent once,
/// after the other has said a nonce, and proved with the installation's secret over both.
struct RelayAsk: Sendable, Equatable {
    enum What: Sendable, Equatable {
        case stream(port: Int)
        case question(GatewayInquiry.Means, most: Int)
    }

    static let nonceBytes = 32
    static let proofBytes = 32
    private static let headBytes = 50
    static let longest = headBytes + GatewayLimits.hostBytes + Datagrams.mostBytes

    let org: OrgID
    let agent: AgentID
    let epoch: Int64
    let host: String
    let what: What
    /// Of `GatewayCall` or `GatewayInquiry`.
    let timeoutMilliseconds: UInt32

    init(_ call: GatewayCall, epoch: Int64) {
        (org, agent, self.epoch, host) = (call.org, call.agent, epoch, call.host)
        what = .stream(port: call.port)
        timeoutMilliseconds = Self.milliseconds(call.timeout)
    }

    init(_ inquiry: GatewayInquiry, epoch: Int64) {
        (org, agent, self.epoch, host) = (inquiry.org, inquiry.agent, epoch, inquiry.host)
        what = .question(inquiry.means, most: inquiry.most)
        timeoutMilliseconds = Self.milliseconds(inquiry.timeout)
    }

    private static func milliseconds(_ duration: Duration) -> UInt32 {
        let parts = duration.components
        return UInt32(clamping: parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000)
    }

    private var timeout: Duration { .milliseconds(Int64(timeoutMilliseconds)) }

    func call(to port: Int) -> GatewayCall {
        GatewayCall(agent: agent, org: org, host: host, port: port, timeout: timeout)
    }

    func inquiry(_ means: GatewayInquiry.Means, most: Int) -> GatewayInquiry {
        GatewayInquiry(agent: agent, org: org, host: host, means: means, most: most, timeout: timeout)
    }

    // MARK: The wire

    /// Organisation and agent (16 each), epoch (8), time-out (4), kind (1), port (2, 0 for none), most (1, 0 for a stream),
    /// bytes of the host (2), host, and whatever is left: the datagram.
    private enum Kind: UInt8 { case stream = 1, datagram, echo }

    var bytes: [UInt8] {
        let (kind, port, most, datagram): (Kind, Int, Int, [UInt8]) =
            switch what {
            case .stream(let port): (.stream, port, 0, [])
            case .question(.datagram(let port, let bytes), let most): (.datagram, port, most, bytes)
            case .question(.echo, let most): (.echo, 0, most, [])
            }
        return Self.bytes(of: org.uuid) + Self.bytes(of: agent.uuid) + Self.bytes(of: epoch)
            + Self.bytes(of: timeoutMilliseconds) + [kind.rawValue] + Self.bytes(of: UInt16(clamping: port))
            + [UInt8(clamping: most)] + Self.bytes(of: UInt16(clamping: host.utf8.count)) + host.utf8 + datagram
    }

    /// `nil` for what is none.
    init?(_ bytes: [UInt8]) {
        guard (Self.headBytes...Self.longest).contains(bytes.count) else { return nil }
        func number<Number: FixedWidthInteger>(_ place: Int, _: Number.Type = Number.self) -> Number {
            bytes[place..<place + MemoryLayout<Number>.size].reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
        }
        func uuid(_ place: Int) -> UUID {
            var value: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
            withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: bytes[place..<place + 16]) }
            return UUID(uuid: value)
        }
        let (port, most) = (Int(number(45, UInt16.self)), Int(bytes[47]))
        let hostEnd = Self.headBytes + Int(number(48, UInt16.self))
        guard let kind = Kind(rawValue: bytes[44]), hostEnd <= bytes.count,
            let host = String(validating: bytes[Self.headBytes..<hostEnd], as: UTF8.self), !host.isEmpty
        else { return nil }
        let rest = Array(bytes[hostEnd...])
        switch kind {
        case .stream where port > 0 && most == 0 && rest.isEmpty: what = .stream(port: port)
        case .datagram where port > 0 && rest.count <= Datagrams.mostBytes:
            what = .question(.datagram(port: port, rest), most: most)
        case .echo where port == 0 && rest.isEmpty: what = .question(.echo, most: most)
        default: return nil
        }
        (org, agent, epoch) = (OrgID(uuid(0)), AgentID(uuid(16)), number(32, Int64.self))
        (timeoutMilliseconds, self.host) = (number(40), host)
    }

    // MARK: Proofs

    func proof(_ nonce: [UInt8], key: Secret<[UInt8]>) -> [UInt8] {
        Digests.hmacSHA256(Array("ask".utf8) + nonce + bytes, key: key)
    }

    /// Of the answer: whoever cannot show it is not of this installation.
    /// - Parameter answers: of a question; empty for a stream and for what was declined.
    func proof(of status: UInt8, _ answers: [UInt8], _ nonce: [UInt8], key: Secret<[UInt8]>) -> [UInt8] {
        // Of known length before what has none: no two of these read alike.
        let asked = bytes
        return Digests.hmacSHA256(
            Array("answer".utf8) + [status] + nonce + Self.bytes(of: UInt32(clamping: asked.count)) + asked + answers,
            key: key)
    }

    private static func bytes(of uuid: UUID) -> [UInt8] { withUnsafeBytes(of: uuid.uuid) { Array($0) } }
    private static func bytes(of number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}

/// How an ask is answered, in one byte: 0 for a stream, or for answers that follow.
enum RelayStatus {
    static let open: UInt8 = 0
    private static let noEchoSocket: UInt8 = 8
    private static let errors: [(UInt8, OutboundError)] = [
        (1, .noGateway), (2, .gatewayRefused), (3, .gatewayBusy), (4, .unreachable), (5, .timeout), (6, .refused),
        (7, .gatewayTooOld), (9, .tooLarge), (10, .misconfigured),
    ]

    static func code(of error: any Error) -> UInt8 {
        if error is NoEchoSocket { return noEchoSocket }
        return errors.first { $0.1 == error as? OutboundError }?.0 ?? 1
    }

    static func error(of code: UInt8) -> any Error {
        if code == noEchoSocket { return NoEchoSocket.atAgent }
        return errors.first { $0.0 == code }?.1 ?? OutboundError.noGateway
    }
}
