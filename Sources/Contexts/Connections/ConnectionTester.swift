internal import Inventory
internal import Kernel
internal import NIOConcurrencyHelpers

/// Tries a connection while a person waits.
struct ConnectionTester: Sendable {
    let rules: ConnectionRules
    private let slots = TestSlots()

    /// Enough to tell, and an answer before the person goes.
    private static let budget = PollBudget(time: .seconds(15), requests: 12)
    private static let certificateTimeout: Duration = .seconds(8)

    init(rules: ConnectionRules) { self.rules = rules }

    /// What a try came to; the certificate where its trust is what failed, for a person to look at.
    struct Outcome: Sendable {
        let result: Result<ConnectionProbe, ConnectionFault>
        var certificate: ServerCertificate?
    }

    /// - Throws: 429 `connection-test-busy`.
    func test(_ spec: ConnectionSpec) async throws -> Outcome {
        let slot = try slots.take(for: spec.org)
        defer { slot.giveBack() }
        guard let maker = rules.makers[spec.kind] else {
            return Outcome(result: .failure(ConnectionRules.unsupported(spec.kind)))
        }
        let result: Result<ConnectionProbe, ConnectionFault>
        do throws(ConnectionFault) {
            result = try await maker.collector(for: spec).probe(Self.budget)
        } catch {
            result = .failure(error)
        }
        var outcome = Outcome(result: result)
        if case .failure(let fault) = result, fault.isAboutTrust {
            outcome.certificate = try? await maker.certificate(
                of: spec.host, port: spec.port, route: spec.route, timeout: Self.certificateTimeout
            ).get()
        }
        return outcome
    }

    /// - Throws: 429 `connection-test-busy`.
    func certificate(
        of host: String, port: Int, kind: ConnectionKind, route: OutboundRoute, for org: OrgID
    ) async throws -> Result<ServerCertificate, ConnectionFault> {
        let slot = try slots.take(for: org)
        defer { slot.giveBack() }
        guard let maker = rules.makers[kind] else { return .failure(ConnectionRules.unsupported(kind)) }
        return await maker.certificate(of: host, port: port, route: route, timeout: Self.certificateTimeout)
    }
}

extension ConnectionFault {
    /// A person may decide otherwise once they have seen the certificate.
    fileprivate var isAboutTrust: Bool { reason == .untrustedCertificate || reason == .certificateChanged }
}

/// How many tests run at once in this process: a test makes this machine connect to where somebody says.
final class TestSlots: Sendable {
    static let perOrganisation = 4
    static let perProcess = 16

    private let running = NIOLockedValueBox<[OrgID: Int]>([:])

    struct Slot: Sendable {
        fileprivate let org: OrgID
        fileprivate let slots: TestSlots

        func giveBack() { slots.giveBack(org) }
    }

    func take(for org: OrgID) throws(Problem) -> Slot {
        let isFree = running.withLockedValue { running in
            guard running[org, default: 0] < Self.perOrganisation,
                running.values.reduce(0, +) < Self.perProcess
            else { return false }
            running[org, default: 0] += 1
            return true
        }
        guard isFree else { throw .connectionTestBusy }
        return Slot(org: org, slots: self)
    }

    private func giveBack(_ org: OrgID) {
        running.withLockedValue { running in
            let left = running[org, default: 1] - 1
            running[org] = left == 0 ? nil : left
        }
    }
}
