internal import CollectorKit
internal import Inventory
internal import JSONKit
internal import Kernel
internal import Outbound

/// Checks one place, and remembers how often in a row it was not there.
actor ProbeCollector: Collector {
    private static let certificateEvery: Duration = .seconds(15 * 60)

    private var spec: ConnectionSpec
    private let settings: ProbeSettings
    private let looker: Looker
    private let reach: OutboundReach
    private var failures = 0
    /// `nil` until enough was seen to decide.
    private var lastStatus: ResourceStatus?
    private var certificate: (told: ServerCertificate, at: Timestamp)?

    init(_ spec: ConnectionSpec, _ settings: ProbeSettings, _ reach: OutboundReach) {
        self.spec = spec
        self.settings = settings
        self.reach = reach
        looker = Looker(spec: spec, settings: settings, reach: reach)
    }

    func follow(_ spec: ConnectionSpec) { self.spec = spec }

    func poll(_ budget: PollBudget, at now: Timestamp) async -> PollReport {
        do {
            var look = try await looker.look()
            await takeCertificate(into: &look, at: now)
            // Nothing is told of a place before it is decided how it is: what was known of it stays.
            guard let status = judge(look, at: now) else {
                return PollReport(degraded: degraded(look), latency: look.latency, requests: 1)
            }
            lastStatus = status
            return PollReport(
                observations: [observation(of: look, status, at: now)], complete: [Self.scope],
                degraded: degraded(look), latency: look.latency, requests: 1)
        } catch {
            return PollReport(fault: ConnectionFault(error, reaching: looker.target), requests: 1)
        }
    }

    func probe(_ budget: PollBudget) async -> Result<ConnectionProbe, ConnectionFault> {
        do {
            let look = try await looker.look()
            if case .unreachable(let why) = look.outcome { return .failure(ConnectionFault(.unreachable, why)) }
            return .success(
                ConnectionProbe(
                    version: nil, instanceName: nil, discovered: [.networkEndpoint: 1], degraded: degraded(look),
                    latency: look.latency ?? .zero))
        } catch {
            return .failure(ConnectionFault(error, reaching: looker.target))
        }
    }

    private func degraded(_ look: Look) -> [DegradedPart] {
        look.fallback.map { [DegradedPart("icmp", $0)] } ?? []
    }

    // MARK: Judging

    /// Certificates of pages are looked at now and then; they change seldom, and end at a known day.
    private func takeCertificate(into look: inout Look, at now: Timestamp) async {
        if let told = look.certificate { certificate = (told, now) }
        guard settings.means == .https else { return }
        if certificate.map({ now - $0.at >= Self.certificateEvery }) ?? true {
            let told = try? await reach.certificate(
                of: spec.host, port: spec.port, route: spec.route,
                timeout: .milliseconds(settings.timeoutMilliseconds * 2))
            if let told { certificate = (told, now) }
        }
        look.certificate = certificate?.told
    }

    /// - Returns: `nil` when it cannot be said yet.
    private func judge(_ look: Look, at now: Timestamp) -> ResourceStatus? {
        switch look.outcome {
        case .indeterminate:
            failures = 0
            return .unknown
        case .unreachable:
            failures += 1
            // One failure alone changes nothing.
            return failures >= settings.failureThreshold ? .offline : lastStatus
        case .reachable:
            failures = 0
            guard let certificate = look.certificate else { return .online }
            if settings.means == .tls, certificate.notAfter <= now { return .offline }
            let isBelieved = certificate.isTrusted || settings.means == .https
            return daysLeft(certificate, now) <= settings.expiryWarningDays || !isBelieved ? .warning : .online
        }
    }

    /// Whole days that are over, as people count: -1 once it has ended.
    private func daysLeft(_ certificate: ServerCertificate, _ now: Timestamp) -> Int {
        let seconds = (certificate.notAfter - now).components.seconds
        return Int(seconds >= 0 ? seconds / 86_400 : -1 - (-seconds) / 86_400)
    }

    // MARK: Telling

    private static let scope = "endpoint"

    private func observation(of look: Look, _ status: ResourceStatus, at now: Timestamp) -> Observation {
        var said = Observation(
            connection: spec.id, source: .availability, type: .networkEndpoint, key: "endpoint", scope: Self.scope,
            name: spec.name, technology: settings.means.rawValue, status: status, tags: spec.tags,
            silence: max(.seconds(120), spec.cadence * 3), measuredAt: now, receivedAt: now)
        said.facts = [block("availability", facts)]
        said.live = [block("availabilityStatus") { json in tell(look, at: now, &json) }]
        let latency = look.latency.map { $0.inSeconds * 1000 }
        let days = look.certificate.map { Double(daysLeft($0, now)) }
        let values: [(MetricFamily, Double?)] = [
            (.latency, latency), (.loss, look.lossPercent), (.certificateDays, days),
        ]
        said.samples = values.compactMap { family, value in value.map { (metric: MetricName(family), value: $0) } }
            .sorted { $0.metric < $1.metric }
        return said
    }

    private func facts(_ json: inout JSONWriter) {
        json.member("protocol", settings.means.rawValue)
        if settings.means != .icmp { json.member("port", spec.port) }
        json.member("path", settings.path)
        json.member("question", settings.question)
        json.member("failureThreshold", settings.failureThreshold)
        // From where it is looked: what one of them cannot reach, the other may.
        switch spec.route {
        case .direct: json.member("from", "server")
        case .viaAgent(let agent, of: _):
            json.member("from", "agent")
            json.member("agentId", agent)
        }
    }

    private func tell(_ look: Look, at now: Timestamp, _ json: inout JSONWriter) {
        switch look.outcome {
        case .reachable: json.member("outcome", "reachable")
        case .unreachable(let why):
            json.member("outcome", "unreachable")
            json.member("error", why)
        case .indeterminate: json.member("outcome", "indeterminate")
        }
        json.member("latencyMillis", look.latency.map { $0.inSeconds * 1000 }, decimals: 2)
        json.member("lossPercent", look.lossPercent, decimals: 1)
        json.member("consecutiveFailures", failures)
        json.member("checkedAt", now)
        json.member("fallback", look.fallback?.detail)
        guard let certificate = look.certificate else { return }
        json.object("certificate") { json in
            json.member("subject", certificate.subject)
            json.member("issuer", certificate.issuer)
            json.member("notAfter", certificate.notAfter)
            json.member("daysLeft", daysLeft(certificate, now))
            json.member("trustStatus", trust(certificate, now))
        }
    }

    private func trust(_ certificate: ServerCertificate, _ now: Timestamp) -> String {
        if certificate.notAfter <= now { return "expired" }
        if certificate.isTrusted { return "trusted" }
        return certificate.subject == certificate.issuer ? "self-signed" : "untrusted"
    }

    private func block(_ name: String, _ members: (inout JSONWriter) -> Void) -> ResourceBlock {
        var writer = JSONWriter(capacity: 256)
        writer.object { members(&$0) }
        return ResourceBlock(name, json: writer.bytes)
    }
}
