import Kernel
import Outbound
import Testing

@testable import Relay

@Suite struct RelayAskTests {
    private static let ask = RelayAsk(
        GatewayCall(
            agent: .new(at: Timestamp(seconds: 1_800_000_000)), org: .new(at: Timestamp(seconds: 1_800_000_000)),
            host: "pve.lan", port: 8006, timeout: .milliseconds(12_345)), epoch: 7)

    @Test("an ask is read as it was written; what is cut short is none") func roundTrip() {
        #expect(RelayAsk(Self.ask.bytes) == Self.ask)
        #expect(Self.ask.call(to: 8006).timeout == .milliseconds(12_345))
        for length in 0..<Self.ask.bytes.count { #expect(RelayAsk(Array(Self.ask.bytes.prefix(length))) == nil) }
        #expect(RelayAsk(Self.ask.bytes + [97]) == nil)
        #expect(RelayAsk(Array(Self.ask.bytes.dropLast()) + [0xFF]) == nil)
    }

    @Test("a question is read as it was written, and no datagram may be longer than an agent sends") func questions() {
        func ask(_ means: GatewayInquiry.Means) -> RelayAsk {
            RelayAsk(
                GatewayInquiry(
                    agent: Self.ask.agent, org: Self.ask.org, host: "ns.lan", means: means, most: 3,
                    timeout: .seconds(2)), epoch: 8)
        }
        let full = [UInt8](repeating: 4, count: 2048)
        for means in [GatewayInquiry.Means.echo, .datagram(port: 53, []), .datagram(port: 53, full)] {
            #expect(RelayAsk(ask(means).bytes) == ask(means))
        }
        #expect(RelayAsk(ask(.echo).bytes)?.inquiry(.echo, most: 3).timeout == .seconds(2))
        #expect(RelayAsk(ask(.echo).bytes + [1]) == nil)
        #expect(RelayAsk(ask(.datagram(port: 53, full)).bytes + [1]) == nil)
        #expect(RelayAsk(ask(.datagram(port: 0, [])).bytes) == nil)
    }

    @Test("a proof fits one secret, one nonce, one ask and one answer") func proofs() {
        let (key, other) = (Secret([UInt8](repeating: 1, count: 32)), Secret([UInt8](repeating: 2, count: 32)))
        let (nonce, later) = ([UInt8](repeating: 3, count: 32), [UInt8](repeating: 4, count: 32))
        let proof = Self.ask.proof(nonce, key: key)
        #expect(proof != Self.ask.proof(nonce, key: other))
        #expect(proof != Self.ask.proof(later, key: key))
        #expect(proof != Self.ask.proof(of: 0, [], nonce, key: key))
        #expect(Self.ask.proof(of: 0, [], nonce, key: key) != Self.ask.proof(of: 1, [], nonce, key: key))
        #expect(Self.ask.proof(of: 0, [1], nonce, key: key) != Self.ask.proof(of: 0, [2], nonce, key: key))
    }

    @Test("what another process refuses with arrives as what it was")
    func errors() {
        let errors: [OutboundError] = [
            .noGateway, .gatewayRefused, .gatewayBusy, .unreachable, .timeout, .refused, .gatewayTooOld, .tooLarge,
            .misconfigured,
        ]
        for error in errors { #expect(RelayStatus.error(of: RelayStatus.code(of: error)) as? OutboundError == error) }
        #expect(RelayStatus.error(of: RelayStatus.code(of: NoEchoSocket.atAgent)) as? NoEchoSocket == .atAgent)
        #expect(RelayStatus.error(of: RelayStatus.code(of: CancellationError())) as? OutboundError == .noGateway)
        #expect(RelayStatus.error(of: 99) as? OutboundError == .noGateway)
    }
}
