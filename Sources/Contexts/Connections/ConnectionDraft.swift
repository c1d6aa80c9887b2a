internal import HTTPKit
internal import Inventory
internal import JSONKit
internal import Kernel
internal import Outbound

/// What a request says of a connection; what it does not say stays, or is what is usual.
struct ConnectionDraft: Sendable {
    private let body: JSONValue
    private let org: OrgID

    init(_ body: JSONValue, in org: OrgID) throws(Problem) {
        guard body.object != nil else { throw .invalidField("", "an object is wanted") }
        self.body = body
        self.org = org
    }

    var isEmpty: Bool { body.object?.isEmpty ?? true }

    /// Present, and not an empty field of a form. A password is taken as it is; what is pasted of a token may have
    /// blanks around it, and none within.
    func secret(for credential: CredentialForm) throws(Problem) -> Secret<String>? {
        guard let text = try text("secret"), !text.isEmpty else { return nil }
        guard text.utf8.count <= 4096, text.isPlainLine else {
            throw .invalidField("secret", "one line of at most 4096 bytes is wanted")
        }
        guard case .token = credential else { return Secret(text) }
        guard !text.trimmed.isEmpty, !text.trimmed.contains(where: \.isWhitespace) else {
            throw .invalidField("secret", "the secret of a token has no blanks")
        }
        return Secret(text.trimmed)
    }

    /// The configuration it asks for.
    /// - Parameters:
    ///   - old: what is there; `nil` for a new one.
    ///   - rules: of this installation.
    ///   - isNamed: false for one that is only tried and has no name yet.
    func configuration(
        over old: ConnectionConfiguration?, rules: ConnectionRules, isNamed: Bool = true
    ) throws(Problem) -> ConnectionConfiguration {
        let kind = try kind(old?.kind)
        let address = try text("host").map { text throws(Problem) in try PlatformAddress(text) }
        guard let host = address?.host ?? old?.host, !host.isEmpty else {
            throw .invalidField("host", "a name or an address is wanted")
        }
        let route = try route(old?.route ?? .direct)
        try rules.check(host, over: route)
        let credential = try credential(old?.credential ?? .none)
        try kind.check(credential)
        return ConnectionConfiguration(
            kind: kind, name: isNamed ? try name(old?.name) : old?.name ?? "", host: host,
            port: try port(address?.port ?? (address == nil ? old?.port : nil) ?? kind.defaultPort),
            trust: try trust(old?.trust ?? .system), credential: credential,
            cadence: try cadence(old?.cadence, within: rules.cadence(of: kind)),
            isAdaptive: try isAdaptive(old?.isAdaptive ?? false, kind),
            isEnabled: try flag("enabled") ?? old?.isEnabled ?? true, site: try site(old?.site),
            tags: try tags(old?.tags ?? []), route: route,
            probe: try probe(old?.probe, of: kind))
    }

    /// Where it leads, and nothing else of it.
    func place(
        rules: ConnectionRules
    ) throws(Problem) -> (kind: ConnectionKind, host: String, port: Int, route: OutboundRoute) {
        let kind = try kind(nil)
        let address = try PlatformAddress(try text("host") ?? "")
        let route = try route(.direct)
        try rules.check(address.host, over: route)
        return (kind, address.host, try port(address.port ?? kind.defaultPort), route)
    }

    // MARK: Members

    private func kind(_ old: ConnectionKind?) throws(Problem) -> ConnectionKind {
        let told = try text("kind")
        let kind = told.flatMap { ConnectionKind(rawValue: $0) }
        if let old {
            guard told == nil || kind == old else {
                throw .invalidField("kind", "a connection stays one of its platform; add another instead")
            }
            return old
        }
        guard let kind else {
            let all = ConnectionKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidField("kind", "one of \(all) is wanted")
        }
        return kind
    }

    private func name(_ old: String?) throws(Problem) -> String {
        guard let name = try text("name")?.trimmed ?? old, (1...64).contains(name.utf8.count), name.isPlainLine else {
            throw .invalidField("name", "one line of 1 to 64 bytes is wanted")
        }
        return name
    }

    private func port(_ usual: Int) throws(Problem) -> Int {
        guard let value = present("port") else { return usual }
        guard let port = value.int, (1...65_535).contains(port) else {
            throw .invalidField("port", "a number from 1 to 65535 is wanted")
        }
        return port
    }

    private func trust(_ old: ServerTrust) throws(Problem) -> ServerTrust {
        guard let trust = present("trust") else { return old }
        switch trust["mode"]?.string {
        case "system": return .system
        case "authorities":
            let pem = trust["certificates"]?.string ?? old.pem ?? ""
            guard pem.utf8.count <= 65_536, GuardedStream.areCertificates(Array(pem.utf8)) else {
                throw .invalidField("trust.certificates", "certificates as PEM are wanted, at most 64 KiB")
            }
            return .authorities(pem: pem)
        case "pinned":
            guard let pin = trust["fingerprint"]?.string.flatMap(Fingerprint.bytes) else {
                throw .invalidField(
                    "trust.fingerprint", "the SHA-256 of the certificate is wanted: 64 hexadecimal digits")
            }
            return .pinned(pin)
        default: throw .invalidField("trust.mode", "system, authorities or pinned is wanted")
        }
    }

    private func credential(_ old: CredentialForm) throws(Problem) -> CredentialForm {
        let (token, user) = (try text("tokenId")?.trimmed, try text("user")?.trimmed)
        switch (token, user) {
        case (nil, nil): return old
        case (let token?, nil): return .token(id: token)
        case (nil, let user?): return .password(user: user)
        default: throw .invalidField("user", "a token or a user is wanted, not both")
        }
    }

    private func cadence(_ old: Duration?, within bounds: CadenceBounds) throws(Problem) -> Duration {
        guard let value = present("cadenceSeconds") else { return old ?? bounds.normal }
        let (least, most) = (bounds.least.components.seconds, bounds.most.components.seconds)
        guard let seconds = value.int, (least...most).contains(Int64(seconds)) else {
            throw .invalidField("cadenceSeconds", "whole seconds from \(least) to \(most) are wanted")
        }
        return .seconds(seconds)
    }

    private func isAdaptive(_ old: Bool, _ kind: ConnectionKind) throws(Problem) -> Bool {
        let flag = try flag("adaptive") ?? old
        // When it was down is what a check is for; nobody knows that of a time when it was not looked at.
        guard !flag || kind != .availability else {
            throw .invalidField("adaptive", "checks from outside are made at their own cadence")
        }
        return flag
    }

    private func site(_ old: SiteID?) throws(Problem) -> SiteID? {
        switch body["siteId"] {
        case nil: return old
        case .null: return nil
        case .some(let value):
            guard let id = value.string.flatMap({ SiteID($0) }) else { throw .noSuchSite }
            return id
        }
    }

    private func route(_ old: OutboundRoute) throws(Problem) -> OutboundRoute {
        switch body["agentId"] {
        case nil: return old
        case .null: return .direct
        case .some(let value):
            guard let id = value.string.flatMap({ AgentID($0) }) else { throw .noSuchGateway }
            return .viaAgent(id, of: org)
        }
    }

    private func probe(_ old: ProbeSettings?, of kind: ConnectionKind) throws(Problem) -> ProbeSettings? {
        guard kind == .availability else {
            guard present("probe") == nil else { throw .invalidField("probe", "\(kind.title) is asked, not checked") }
            return nil
        }
        guard let told = present("probe") else {
            guard let old else { throw .invalidField("probe.protocol", "say what is to be checked") }
            return old
        }
        return try ProbeSettings(told)
    }

    private func tags(_ old: [String]) throws(Problem) -> [String] {
        guard let value = present("tags") else { return old }
        let tags = (value.array ?? []).compactMap { $0.string?.trimmed.lowercased() }
        guard value.array?.count == tags.count, tags.count <= 16,
            tags.allSatisfy({ (1...64).contains($0.utf8.count) && $0.isPlainLine })
        else { throw .invalidField("tags", "at most 16 of 1 to 64 bytes are wanted") }
        return Array(Set(tags)).sorted()
    }

    private func flag(_ member: String) throws(Problem) -> Bool? {
        guard let value = present(member) else { return nil }
        guard let flag = value.bool else { throw .invalidField(member, "true or false is wanted") }
        return flag
    }

    private func text(_ member: String) throws(Problem) -> String? {
        guard let value = present(member) else { return nil }
        guard let text = value.string else { throw .invalidField(member, "a text is wanted") }
        return text
    }

    private func present(_ member: String) -> JSONValue? {
        guard let value = body[member], value != .null else { return nil }
        return value
    }
}

/// What of a connection depends on this installation.
struct ConnectionRules: Sendable {
    let policy: OutboundPolicy
    let makers: [ConnectionKind: any CollectorMaker]

    init(policy: OutboundPolicy, makers: [any CollectorMaker]) {
        self.policy = policy
        self.makers = Dictionary(makers.map { ($0.kind, $0) }) { first, _ in first }
    }

    func cadence(of kind: ConnectionKind) -> CadenceBounds {
        guard let told = makers[kind]?.cadence else { return kind.usualCadence }
        return CadenceBounds(least: told.least, normal: told.normal, most: told.most)
    }

    /// A number is judged now; a name when it is used, each time, since what it leads to may change. What an agent may
    /// reach is for the agent's own administrator to say.
    func check(_ host: String, over route: OutboundRoute) throws(Problem) {
        guard case .direct = route, InternetAddress(host) != nil, !policy.permits(host) else { return }
        throw .invalidField(
            "host",
            "this address leads to a private or reserved network, which cannot be reached from here; reach it through an agent inside that network"
        )
    }

    static func unsupported(_ kind: ConnectionKind) -> ConnectionFault {
        ConnectionFault(.unsupported, "This installation of Pulse does not ask \(kind.title) yet.")
    }
}
