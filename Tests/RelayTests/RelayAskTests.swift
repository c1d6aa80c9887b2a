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
        #expect(Self.ask.call.timeout == .milliseconds(12_345))
        for length in 0..<47 { #expect(RelayAsk(Array(Self.ask.bytes.prefix(length))) == nil) }
        #expect(RelayAsk(Self.ask.bytes + [UInt8](repeating: 97, count: 400)) == nil)
        #expect(RelayAsk(Array(Self.ask.bytes.dropLast()) + [0xFF]) == nil)
    }

    @Test("a proof fits one secret, one nonce, one ask and one answer") func proofs() {
        let (key, other) = (Secret([UInt8](repeating: 1, count: 32)), Secret([UInt8](repeating: 2, count: 32)))
        let (nonce, later) = ([UInt8](repeating: 3, count: 32), [UInt8](repeating: 4, count: 32))
        let proof = Self.ask.proof(nonce, key: key)
        #expect(proof != Self.ask.proof(nonce, key: other))
        #expect(proof != Self.ask.proof(later, key: key))
        #expect(proof != Self.ask.proof(of: 0, nonce, key: key))
        #expect(Self.ask.proof(of: 0, nonce, key: key) != Self.ask.proof(of: 1, nonce, key: key))
    }

    @Test("what another process refuses with arrives as what it was")
    func errors() {
        for error in [OutboundError.noGateway, .gatewayRefused, .gatewayBusy, .unreachable, .timeout, .refused] {
            #expect(RelayStatus.error(of: RelayStatus.code(of: error)) == error)
        }
        #expect(RelayStatus.error(of: RelayStatus.code(of: CancellationError())) == .noGateway)
        #expect(RelayStatus.error(of: 99) == .noGateway)
    }
}
