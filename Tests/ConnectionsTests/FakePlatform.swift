import Inventory
import Kernel
import NIOConcurrencyHelpers

/// A platform without a network: says what the test wants, and remembers with what it was asked.
final class FakePlatform: CollectorMaker, Sendable {
    let kind = ConnectionKind.pve
    let cadence = (least: Duration.seconds(10), normal: Duration.seconds(10), most: Duration.seconds(3600))

    let asked = NIOLockedValueBox<[ConnectionSpec]>([])
    let answer = NIOLockedValueBox<Result<ConnectionProbe, ConnectionFault>>(.success(FakePlatform.found))
    /// Waited for before an answer is given.
    let gate = NIOLockedValueBox<(@Sendable () async -> Void)?>(nil)

    static let found = ConnectionProbe(
        version: "9.1.2", instanceName: "fra", discovered: [.agent: 3, .vm: 18],
        degraded: [DegradedPart("guest-agent", ConnectionFault(.permission, "VM.GuestAgent.Audit is missing."))],
        latency: .milliseconds(61))
    static let shown = ServerCertificate(
        sha256: [UInt8](repeating: 0xA3, count: 32), subject: "pve1", issuer: "PVE Cluster Manager CA",
        notAfter: Timestamp(seconds: 1_830_000_000), isTrusted: false)

    /// The secrets that left, each with where it went.
    var sent: [String] {
        asked.withLockedValue { specs in
            specs.map { spec in
                switch spec.credential {
                case .token(let id, let secret): "\(id) \(secret.reveal()) to \(spec.host):\(spec.port)"
                case .password(let user, let password): "\(user) \(password.reveal()) to \(spec.host):\(spec.port)"
                case .none: "nothing to \(spec.host):\(spec.port)"
                }
            }
        }
    }

    func collector(for spec: ConnectionSpec) throws(ConnectionFault) -> any Collector {
        asked.withLockedValue { $0.append(spec) }
        return Asking(platform: self)
    }

    func certificate(
        of host: String, port: Int, route: OutboundRoute, timeout: Duration
    ) async -> Result<ServerCertificate, ConnectionFault> {
        if case .failure(let fault) = answer.withLockedValue({ $0 }), fault.reason == .unreachable {
            return .failure(fault)
        }
        return .success(Self.shown)
    }

    private struct Asking: Collector {
        let platform: FakePlatform

        func poll(_ budget: PollBudget, at now: Timestamp) async -> PollReport { PollReport() }
        func follow(_ spec: ConnectionSpec) {}

        func probe(_ budget: PollBudget) async -> Result<ConnectionProbe, ConnectionFault> {
            await platform.gate.withLockedValue { $0 }?()
            return platform.answer.withLockedValue { $0 }
        }
    }
}
