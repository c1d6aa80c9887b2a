internal import Datagrams
package import Inventory
internal import Kernel
internal import Outbound

/// What one look found.
package struct Look: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        case reachable
        /// Why, as one plain sentence.
        case unreachable(String)
        /// Nothing was said, and that proves nothing.
        case indeterminate
    }

    package var outcome: Outcome
    package var latency: Duration?
    /// Of several questions, 0...100.
    package var lossPercent: Double?
    package var certificate: ServerCertificate?
    /// Another means was used than was asked for, and why.
    package var fallback: ConnectionFault?

    init(
        _ outcome: Outcome, latency: Duration? = nil, lossPercent: Double? = nil, certificate: ServerCertificate? = nil
    ) {
        self.outcome = outcome
        self.latency = latency
        self.lossPercent = lossPercent
        self.certificate = certificate
    }
}

/// Asks one place by one means.
struct Looker: Sendable {
    private static let echoes = 3
    private static let mostBody = 256 * 1024

    let spec: ConnectionSpec
    let settings: ProbeSettings
    let reach: OutboundReach

    private var timeout: Duration { .milliseconds(settings.timeoutMilliseconds) }

    /// For people; what an agent's administrator would have to allow is written as there.
    var target: String {
        guard case .viaAgent = spec.route else { return "\(spec.host):\(spec.port)" }
        let host = spec.host.contains(":") ? "[\(spec.host)]" : spec.host
        return switch settings.means {
        case .icmp: "\(host):icmp"
        case .udp: "\(host):\(spec.port)/udp"
        case .tcp, .http, .https, .tls, .dns: "\(host):\(spec.port)"
        }
    }

    /// - Throws: what says nothing of the place: an address that may not be reached, a gateway that is not there.
    func look() async throws -> Look {
        do {
            switch settings.means {
            case .icmp: return try await ping()
            case .tcp: return try await knock()
            case .udp: return try await datagram()
            case .dns: return try await resolve()
            case .http: return try await page(reach.plainClient(of: spec.host, port: spec.port, route: spec.route))
            case .https:
                return try await page(
                    try reach.client(
                        of: spec.host, port: spec.port, trust: spec.trust, route: spec.route, width: 1,
                        idle: .seconds(1)))
            case .tls: return try await handshake()
            }
        } catch let error as OutboundError {
            guard let reason = Self.sentence(error) else { throw error }
            return Look(.unreachable(reason))
        }
    }

    private static func sentence(_ error: OutboundError) -> String? {
        switch error {
        case .refused, .noGateway, .gatewayRefused, .gatewayBusy, .gatewayTooOld, .misconfigured: nil
        case .unreachable: "It cannot be reached, or hung up."
        case .untrusted: "Its certificate is not valid for it, or nobody we trust signed it."
        case .certificateChanged: "It shows another certificate than the confirmed one."
        case .timeout: "It did not answer in time."
        case .badAnswer: "It gave an answer that cannot be understood."
        case .tooLarge: "It answered more than a check holds."
        }
    }

    // MARK: Means

    private func ping() async throws -> Look {
        do {
            let result = try await reach.echo(spec.host, count: Self.echoes, route: spec.route, timeout: timeout)
            let loss = Double(result.sent - result.times.count) / Double(result.sent) * 100
            guard let best = result.times.min() else {
                return Look(.unreachable("No echo came back in time."), lossPercent: 100)
            }
            return Look(.reachable, latency: best, lossPercent: loss)
        } catch let error as NoEchoSocket {
            return try await knock(insteadOf: ConnectionFault(.permission, Self.sentence(error)))
        } catch OutboundError.gatewayTooOld {
            return try await knock(
                insteadOf: ConnectionFault(
                    .gateway, "The gateway agent is too old to send pings; install a newer one there."))
        }
    }

    private static func sentence(_ error: NoEchoSocket) -> String {
        switch error {
        case .here: "This server may not send pings (net.ipv4.ping_group_range)."
        case .atAgent: "The agent's machine may not send pings (net.ipv4.ping_group_range there)."
        }
    }

    private func knock(insteadOf fault: ConnectionFault) async throws -> Look {
        do {
            var look = try await knock()
            look.fallback = ConnectionFault(
                fault.reason, "\(fault.detail) A TCP connection to port \(spec.port) was tried instead.")
            return look
        } catch OutboundError.gatewayRefused {
            // What the agent's administrator changes is seen at the next try.
            throw ConnectionFault(
                .gateway, "\(fault.detail) Nor does it allow \(spec.host):\(spec.port), which would be tried instead.")
        }
    }

    private func knock() async throws -> Look {
        do {
            let took = try await reach.knock(at: spec.host, port: spec.port, route: spec.route, timeout: timeout)
            return Look(.reachable, latency: took)
        } catch OutboundError.unreachable {
            return Look(.unreachable("Nobody accepts connections at \(spec.host):\(spec.port)."))
        }
    }

    private func datagram() async throws -> Look {
        let answer = try await reach.exchange(
            Array((settings.request ?? "").utf8), with: spec.host, port: spec.port, route: spec.route, timeout: timeout)
        guard let answer else {
            return settings.allowsSilence ? Look(.indeterminate) : Look(.unreachable("No answer came in time."))
        }
        guard holds(answer.bytes) else {
            return Look(.unreachable("The answer is not the expected one."), latency: answer.took)
        }
        return Look(.reachable, latency: answer.took)
    }

    private func resolve() async throws -> Look {
        let query = DNSMessage.query(settings.question ?? spec.host, number: UInt16.random(in: 1...UInt16.max))
        guard let query else { return Look(.unreachable("The name that is asked for cannot be one.")) }
        guard let answer = try await ask(query) else {
            return Look(.unreachable("The name server did not answer in time."))
        }
        let outcome: Look.Outcome =
            switch DNSMessage.verdict(of: answer.bytes, to: query) {
            case .answers: .reachable
            case .nothing: .unreachable("The name server knows no address of that name.")
            case .refused(let code): .unreachable("The name server refuses the question (code \(code)).")
            case .garbage: .unreachable("What answered is no name server.")
            }
        return Look(outcome, latency: answer.took)
    }

    /// By datagram as everybody does. Name servers answer over streams as well (RFC 7766), which is all that some agents
    /// allow or know.
    private func ask(_ query: DNSMessage.Query) async throws -> DatagramAnswer? {
        do {
            return try await reach.exchange(
                query.bytes, with: spec.host, port: spec.port, route: spec.route, timeout: timeout)
        } catch OutboundError.gatewayRefused, OutboundError.gatewayTooOld {
            let start = ContinuousClock.now
            return try await reach.ask(
                query.bytes, of: spec.host, port: spec.port, route: spec.route, timeout: timeout
            ).map { DatagramAnswer(took: ContinuousClock.now - start, bytes: $0) }
        }
    }

    private func page(_ client: HostClient) async throws -> Look {
        defer { client.close() }
        let start = ContinuousClock.now
        let answer = try await client.send(
            OutboundRequest(
                settings.path ?? "/", headers: [("accept", "*/*")], timeout: timeout, headerTimeout: timeout,
                maxBytes: Self.mostBody))
        var look = Look(.reachable, latency: ContinuousClock.now - start)
        if !(200..<400).contains(answer.status) {
            look.outcome = .unreachable("It answers with status \(answer.status).")
        } else if !holds(answer.body) {
            look.outcome = .unreachable("The page does not hold what is expected.")
        }
        return look
    }

    private func handshake() async throws -> Look {
        let start = ContinuousClock.now
        let certificate = try await reach.certificate(
            of: spec.host, port: spec.port, route: spec.route, timeout: timeout * 2)
        return Look(.reachable, latency: ContinuousClock.now - start, certificate: certificate)
    }

    private func holds(_ bytes: [UInt8]) -> Bool {
        guard let expected = settings.expected, !expected.isEmpty else { return true }
        return bytes.firstRange(of: Array(expected.utf8)) != nil
    }
}
