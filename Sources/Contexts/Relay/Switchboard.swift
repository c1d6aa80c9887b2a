internal import Access
internal import AgentProtocol
internal import CoreMetrics
internal import Datagrams
package import FoundationEssentials
internal import HTTPKit
package import Kernel
package import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
package import Outbound
package import Postgres

/// The gateways of this process, and the way to those of others.
package final class Switchboard: Sendable {
    /// Of one gateway at a time: what an agent takes at most.
    static let streamsPerGateway = 256
    /// Of one organisation at a time, in this process.
    static let streamsPerOrganisation = 512
    /// Of one organisation that wait for their answers, in this process: 256 x 8 answers x 2 KiB are 4 MiB.
    static let questionsPerOrganisation = 256
    /// 64 KiB keep 1.3 MB/s at 50 ms; 256 streams x 64 KiB would be 16 MiB, half of which may come in at a time.
    static let credit = GatewayCredit(perStream: 64 * 1024, all: 8 * 1024 * 1024)

    let store: GatewayStore
    let time: any TimeSource
    let logger: Logger
    private let link: RelayLink?
    private let sessions = NIOLockedValueBox<[AgentID: GatewaySession]>([:])

    /// - Parameters:
    ///   - process: this one, among all that use the database.
    ///   - link: to the processes beside this one; `nil`: there are none.
    package init(
        _ database: Database, process: UUID, link: RelayLink? = nil, time: any TimeSource, logger: Logger
    ) {
        store = GatewayStore(database, process: process, address: link?.advertised)
        self.link = link
        self.time = time
        self.logger = logger
    }

    /// What `OutboundReach` takes.
    package var reach: GatewayReach {
        GatewayReach { [self] call, prepare in
            try await open(call, prepare)
        } ask: { [self] inquiry in
            try await ask(inquiry)
        }
    }

    // MARK: Streams

    private func open(_ call: GatewayCall, _ prepare: @escaping GatewayReach.Prepare) async throws -> any Channel {
        do {
            let channel = try await through(call.agent, of: call.org) { session in
                try await open(call, on: session, prepare)
            } elsewhere: { link, place in
                try await link.dial(place, call, prepare)
            }
            RelayMetrics.opened.increment()
            return channel
        } catch let error as OutboundError {
            RelayMetrics.refused(error)
            throw error
        }
    }

    private func ask(_ inquiry: GatewayInquiry) async throws -> [DatagramAnswer] {
        do {
            let answers = try await through(inquiry.agent, of: inquiry.org) { session in
                try await ask(inquiry, on: session).map(\.asDatagram)
            } elsewhere: { link, place in
                try await link.ask(place, inquiry)
            }
            RelayMetrics.asked(inquiry.means)
            return answers
        } catch let error as OutboundError {
            RelayMetrics.notAsked(error.rawValue)
            throw error
        } catch let error as NoEchoSocket {
            RelayMetrics.notAsked("noEchoSocket")
            throw error
        }
    }

    /// By the connection that this process holds, or by the process that does.
    private func through<Found>(
        _ agent: AgentID, of org: OrgID, here: (GatewaySession) async throws -> Found,
        elsewhere: (RelayLink, RelayPlace) async throws -> Found
    ) async throws -> Found {
        if let session = session(of: agent, in: org) { return try await here(session) }
        do {
            guard let link, let place = try await store.place(of: agent, in: org) else {
                throw OutboundError.noGateway
            }
            return try await elsewhere(link, place)
        } catch is DatabaseError {
            throw OutboundError.noGateway
        }
    }

    private func open(
        _ call: GatewayCall, on session: GatewaySession, _ prepare: @escaping GatewayReach.Prepare
    ) async throws -> any Channel {
        let pair = try await StreamPair.make(for: session)
        do {
            try await open(call, on: session, behind: pair.far)
            return try await pair.near(prepare)
        } catch {
            pair.close()
            throw error
        }
    }

    /// A stream to the target behind a channel that carries its bytes.
    /// - Throws: `OutboundError`, `CancellationError`.
    func open(_ call: GatewayCall, on session: GatewaySession, behind bridge: StreamBridge) async throws {
        guard streams(of: call.org) < Self.streamsPerOrganisation else { throw OutboundError.gatewayBusy }
        try await session.open(GatewayTarget(host: call.host, port: call.port), behind: bridge, timeout: call.timeout)
    }

    /// - Throws: `OutboundError`, `NoEchoSocket`, `CancellationError`.
    func ask(_ inquiry: GatewayInquiry, on session: GatewaySession) async throws -> [GatewayAnswer] {
        guard waiting(of: inquiry.org) < Self.questionsPerOrganisation else { throw OutboundError.gatewayBusy }
        return try await session.ask(try inquiry.question)
    }

    /// Only its own organisation's: another one's agent is no gateway, as one that never was.
    func session(of agent: AgentID, in org: OrgID, epoch: Int64? = nil) -> GatewaySession? {
        guard let session = sessions.withLockedValue({ $0[agent] }), session.org == org, !session.isOver,
            epoch == nil || epoch == session.epoch
        else { return nil }
        return session
    }

    func streams(of org: OrgID) -> Int { all.filter { $0.org == org }.reduce(0) { $0 + $1.streams } }
    func waiting(of org: OrgID) -> Int { all.filter { $0.org == org }.reduce(0) { $0 + $1.waiting } }

    // MARK: Sessions

    var all: [GatewaySession] { sessions.withLockedValue { Array($0.values) } }

    /// Serves the connection of one gateway until it ends or may not go on.
    func serve(_ socket: Socket, _ request: APIRequest) async throws {
        guard case .agent(let agent) = try request.caller().principal else { throw Problem.forbidden }
        let org = try request.org()
        var messages = socket.messages.makeAsyncIterator()
        let hello = try await GatewaySession.greeting(&messages, on: socket)
        let epoch = try await store.connect(agent, hello, in: org, from: request, at: time.now)
        let session = GatewaySession(
            agent: agent, org: org, epoch: epoch, hello: hello, socket: socket, time: time, logger: logger)
        let older = sessions.withLockedValue { sessions in
            let older = sessions[agent]
            // Two that come at once are told apart by their epochs, whatever order they arrive in here.
            if older.map({ $0.epoch < epoch }) ?? true { sessions[agent] = session }
            return older
        }
        if let older, older.epoch < epoch { older.end(.gatewaySuperseded) }
        RelayMetrics.gateways.increment()
        defer { RelayMetrics.gateways.decrement() }
        let why: any Error
        do {
            try await session.run(&messages)
            why = CancellationError()
        } catch {
            why = error
        }
        session.end((why as? any Explained)?.problem ?? .gatewayGone)
        sessions.withLockedValue { if $0[agent] === session { $0[agent] = nil } }
        await leave(session, request, why)
        throw why
    }

    private func leave(_ session: GatewaySession, _ request: APIRequest, _ why: any Error) async {
        let reason = (why as? any Explained)?.problem.slug ?? "gone"
        logger.info(
            "gateway left",
            metadata: [LogKey.org: "\(session.org)", LogKey.agent: "\(session.agent)", LogKey.reason: "\(reason)"])
        do {
            // The request's own task may be cancelled: leaving is told all the same.
            let farewell = Task { [store, now = time.now] in
                try await store.disconnect(session, reason: reason, from: request, at: now)
            }
            try await farewell.value
        } catch {
            // Its beat stops, so nobody believes the row; the trail lacks the end.
            logger.warning("a gateway's leaving is not written down", metadata: [LogKey.reason: "\(error)"])
        }
    }
}

extension GatewayAnswer {
    var asDatagram: DatagramAnswer { DatagramAnswer(took: .microseconds(Int64(microseconds)), bytes: bytes) }
}

extension GatewayInquiry {
    /// On the wire.
    /// - Throws: `OutboundError.tooLarge`, `.misconfigured` for what no question may be.
    var question: GatewayQuestion {
        get throws(OutboundError) {
            let means: GatewayQuestion.Means
            switch self.means {
            case .datagram(let port, let bytes):
                guard bytes.count <= GatewayLimits.datagramBytes else { throw .tooLarge }
                means = .datagram(port: port, bytes)
            case .echo: means = .echo
            }
            guard (1...GatewayLimits.answers).contains(most), timeout > .zero,
                (1...GatewayLimits.hostBytes).contains(host.utf8.count)
            else { throw .misconfigured }
            let parts = timeout.components
            let wanted = parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000
            return GatewayQuestion(
                host: host, means: means, most: most,
                timeoutMilliseconds: UInt16(min(max(wanted, 1), Int64(GatewayLimits.questionMilliseconds))))
        }
    }
}

extension Problem {
    static let gatewayNotFound = Problem("gateway-not-found", status: 404, title: "No such gateway")
    /// Close reasons of a gateway's socket, which agents know by these slugs.
    static let gatewaySuperseded = Problem(
        "gateway-superseded", status: 409, title: "This agent has connected again as a gateway")
    static let gatewayDisabled = Problem(
        "gateway-disabled", status: 403, title: "This gateway is switched off",
        detail: "An administrator of the organisation can switch it on under Agents.")
    static let gatewayGone = Problem("gateway-gone", status: 503, title: "The gateway has left")
    static func gatewayViolation(_ what: String) -> Problem {
        Problem("gateway-violation", status: 400, title: "The gateway does not keep to the protocol", detail: what)
    }
    static let gatewaySilent = Problem("gateway-silent", status: 503, title: "Nothing is heard from the gateway")
    static let agentRemoved = Problem("agent-revoked", status: 401, title: "This agent was removed")
    static let gatewaySuspended = Problem(
        "org-suspended", status: 403, title: "This organisation is suspended")
}
