internal import Cryptography
internal import FoundationEssentials
internal import Kernel
internal import Outbound

/// What one process asks of another: a stream through a gateway that is connected there. Sent once, after the other has
/// said a nonce, and proved with the installation's secret over both.
struct RelayAsk: Sendable, Equatable {
    static let nonceBytes = 32
    static let proofBytes = 32
    static let longest = 320

    let org: OrgID
    let agent: AgentID
    let epoch: Int64
    let host: String
    let port: Int
    let timeoutMilliseconds: UInt32

    init(_ call: GatewayCall, epoch: Int64) {
        (org, agent, self.epoch, host, port) = (call.org, call.agent, epoch, call.host, call.port)
        let parts = call.timeout.components
        timeoutMilliseconds = UInt32(clamping: parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000)
    }

    var call: GatewayCall {
        GatewayCall(
            agent: agent, org: org, host: host, port: port, timeout: .milliseconds(Int64(timeoutMilliseconds)))
    }

    var bytes: [UInt8] {
        Self.bytes(of: org.uuid) + Self.bytes(of: agent.uuid) + Self.bytes(of: epoch) + Self.bytes(of: UInt16(port))
            + Self.bytes(of: timeoutMilliseconds) + host.utf8
    }

    /// `nil` for what is none.
    init?(_ bytes: [UInt8]) {
        guard (47...Self.longest).contains(bytes.count) else { return nil }
        func number<Number: FixedWidthInteger>(_ place: Int, _: Number.Type = Number.self) -> Number {
            bytes[place..<place + MemoryLayout<Number>.size].reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
        }
        func uuid(_ place: Int) -> UUID {
            var value: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
            withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: bytes[place..<place + 16]) }
            return UUID(uuid: value)
        }
        guard let host = String(validating: bytes[46...], as: UTF8.self) else { return nil }
        (org, agent, epoch) = (OrgID(uuid(0)), AgentID(uuid(16)), number(32, Int64.self))
        (port, timeoutMilliseconds, self.host) = (Int(number(40, UInt16.self)), number(42), host)
        guard port > 0 else { return nil }
    }

    func proof(_ nonce: [UInt8], key: Secret<[UInt8]>) -> [UInt8] {
        Digests.hmacSHA256(Array("ask".utf8) + nonce + bytes, key: key)
    }

    /// Of the answer: whoever cannot show it is not of this installation.
    func proof(of status: UInt8, _ nonce: [UInt8], key: Secret<[UInt8]>) -> [UInt8] {
        Digests.hmacSHA256(Array("answer".utf8) + [status] + nonce + bytes, key: key)
    }

    private static func bytes(of uuid: UUID) -> [UInt8] { withUnsafeBytes(of: uuid.uuid) { Array($0) } }
    private static func bytes(of number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}

/// How an ask is answered, in one byte: 0 for a stream.
enum RelayStatus {
    static let open: UInt8 = 0
    private static let errors: [(UInt8, OutboundError)] = [
        (1, .noGateway), (2, .gatewayRefused), (3, .gatewayBusy), (4, .unreachable), (5, .timeout), (6, .refused),
    ]

    static func code(of error: any Error) -> UInt8 {
        errors.first { $0.1 == error as? OutboundError }?.0 ?? 1
    }

    static func error(of code: UInt8) -> OutboundError { errors.first { $0.0 == code }?.1 ?? .noGateway }
}
