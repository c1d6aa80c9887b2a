internal import CollectorKit
internal import Inventory
internal import JSONKit
internal import Kernel
internal import NIOConcurrencyHelpers
internal import Outbound

/// Fetches, and nothing else: signs in, asks whichever member of the cluster is there, and reads what comes back.
final class ProxmoxClient: Sendable {
    struct Endpoint: Hashable, Sendable {
        let host: String
        let port: Int
        let trust: ServerTrust
    }

    private struct Ticket {
        let value: Secret<String>
        let until: Duration
    }

    private struct State {
        var book: EndpointBook<Endpoint>
        var clients: [Endpoint: PlatformClient] = [:]
        var ticket: Ticket?
    }

    private let reach: OutboundReach
    private let time: any TimeSource
    private let credential: PlatformCredential
    private let route: OutboundRoute
    private let first: Endpoint
    private let width: Int
    private let state: NIOLockedValueBox<State>

    /// - Throws: `.misconfigured` for what cannot work, before anybody is asked.
    init(
        _ spec: ConnectionSpec, _ reach: OutboundReach, _ time: any TimeSource, width: Int
    ) throws(ConnectionFault) {
        try Self.check(spec.credential)
        self.width = width
        first = Endpoint(host: spec.host, port: spec.port, trust: spec.trust)
        (self.reach, self.time, credential, route) = (reach, time, spec.credential, spec.route)
        state = NIOLockedValueBox(State(book: EndpointBook(first)))
        _ = try client(for: first)
    }

    private static func check(_ credential: PlatformCredential) throws(ConnectionFault) {
        func isPlain(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
        switch credential {
        case .token(let id, let secret):
            let parts = id.split(separator: "!", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[1].isEmpty, parts[0].count(where: { $0 == "@" }) == 1, isPlain(id),
                isPlain(secret.reveal())
            else { throw ConnectionFault(.misconfigured, "A token is written user@realm!name, with its secret.") }
        case .password(let user, _):
            let parts = user.split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
                throw ConnectionFault(.misconfigured, "The user needs its realm, as in root@pam.")
            }
        case .none: throw ConnectionFault(.misconfigured, "Proxmox VE needs a token or a password.")
        }
    }

    // MARK: Members

    var members: [Endpoint] { state.withLockedValue { $0.book.endpoints } }

    /// Other members of the cluster, for when the first does not answer. What they show was learned from a member that is
    /// believed; where that is not known the connection's own trust must do, which a pin of one leaf cannot.
    func learn(members: [(host: String, leaf: [UInt8]?)]) {
        let endpoints = members.compactMap { member -> Endpoint? in
            if let leaf = member.leaf { return Endpoint(host: member.host, port: first.port, trust: .pinned(leaf)) }
            if case .pinned = first.trust { return nil }
            return Endpoint(host: member.host, port: first.port, trust: first.trust)
        }
        // 32 members is what corosync carries.
        let kept = endpoints.filter { $0.host != first.host }.prefix(31)
        state.withLockedValue { state in
            state.book.set(members: Array(kept))
            let known = Set(state.book.endpoints)
            state.clients = state.clients.filter { known.contains($0.key) }
        }
    }

    private func client(for endpoint: Endpoint) throws(ConnectionFault) -> PlatformClient {
        if let known = state.withLockedValue({ $0.clients[endpoint] }) { return known }
        let target = "\(endpoint.host):\(endpoint.port)"
        let http: HostClient
        do {
            http = try reach.client(
                of: endpoint.host, port: endpoint.port, trust: endpoint.trust, route: route, width: width)
        } catch {
            throw ConnectionFault(error, reaching: target)
        }
        let client = PlatformClient(http, target: target, prefix: "/api2/json") { Self.meaning(of: $0, at: $1) }
        state.withLockedValue { $0.clients[endpoint] = client }
        return client
    }

    /// 595: pveproxy could not pass the question on.
    private static func meaning(of status: Int, at path: String) -> ConnectionFault? {
        guard status == 595 else { return nil }
        return path.hasPrefix("/nodes/")
            ? ConnectionFault(.unreachable, "The node may be offline: the others of its cluster cannot reach it (595).")
            : ConnectionFault(.authentication, "Proxmox VE could not check the account (595).")
    }

    // MARK: Questions

    /// - Throws: what the last member asked said.
    func get<Value: Sendable>(
        _ path: String, timeout: Duration = .seconds(30), within allowance: PollAllowance,
        _ read: (inout JSONReader) throws(JSONError) -> Value
    ) async throws(PlatformFailure) -> Value {
        try PVEAnswer.data(try await bytes(of: path, timeout: timeout, within: allowance), read)
    }

    private func bytes(
        of path: String, timeout: Duration, within allowance: PollAllowance
    ) async throws(PlatformFailure) -> [UInt8] {
        var attempt = 0
        while true {
            let now = time.monotonic
            let endpoint = state.withLockedValue { $0.book.pick(at: now) }
            do {
                let bytes = try await ask(endpoint, path, timeout: timeout, within: allowance)
                state.withLockedValue { $0.book.succeeded(endpoint) }
                return bytes
            } catch {
                let failedAt = time.monotonic
                let verdict = state.withLockedValue { state in
                    // A guest's own trouble says nothing about the member that passed it on.
                    path.contains("/agent/")
                        ? .final
                        : state.book.failed(
                            endpoint, error, attempt: attempt, at: failedAt, spread: .random(in: 0...1))
                }
                switch verdict {
                case .final: throw error
                case .again: break
                case .againAfter(let pause):
                    guard (try? await time.sleep(for: min(pause, allowance.timeLeft))) != nil else { throw error }
                }
                attempt += 1
            }
        }
    }

    private func ask(
        _ endpoint: Endpoint, _ path: String, timeout: Duration, within allowance: PollAllowance
    ) async throws(PlatformFailure) -> [UInt8] {
        let client: PlatformClient
        do { client = try self.client(for: endpoint) } catch { throw PlatformFailure(error) }
        guard case .password(let user, let password) = credential else {
            return try await client.send(path, headers: tokenHeader, timeout: timeout, within: allowance)
        }
        let ticket = try await self.ticket(client, user, password, instead: nil, within: allowance)
        do {
            return try await client.send(path, headers: Self.header(ticket), timeout: timeout, within: allowance)
        } catch {
            // It may have been revoked or have grown old; once, not for ever.
            guard error.status == 401 else { throw error }
            let fresh = try await self.ticket(client, user, password, instead: ticket, within: allowance)
            return try await client.send(path, headers: Self.header(fresh), timeout: timeout, within: allowance)
        }
    }

    private var tokenHeader: [(String, String)] {
        guard case .token(let id, let secret) = credential else { return [] }
        return [("authorization", "PVEAPIToken=\(id)=\(secret.reveal())")]
    }

    private static func header(_ ticket: Secret<String>) -> [(String, String)] {
        [("cookie", "PVEAuthCookie=\(ticket.reveal())")]
    }

    // MARK: Tickets

    /// Every member takes a ticket of every other.
    private func ticket(
        _ client: PlatformClient, _ user: String, _ password: Secret<String>, instead old: Secret<String>?,
        within allowance: PollAllowance
    ) async throws(PlatformFailure) -> Secret<String> {
        let now = time.monotonic
        let known = state.withLockedValue { $0.ticket }
        if let known, known.until > now, known.value.reveal() != old?.reveal() { return known.value }
        let text = try await signIn(client, user, password, within: allowance)
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ";") }) else {
            throw PlatformFailure(ConnectionFault(.badAnswer, "Proxmox VE gave a ticket that cannot be used."))
        }
        // Proxmox lets one live for two hours.
        let ticket = Ticket(value: Secret(text), until: now + .seconds(2 * 3600 - 300))
        state.withLockedValue { $0.ticket = ticket }
        return ticket.value
    }

    private func signIn(
        _ client: PlatformClient, _ user: String, _ password: Secret<String>, within allowance: PollAllowance
    ) async throws(PlatformFailure) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("username", user)
            writer.member("password", password.reveal())
        }
        let bytes: [UInt8]
        do {
            bytes = try await client.send(
                "/access/ticket", method: "POST", headers: [("content-type", "application/json")], body: writer.bytes,
                isRepeatable: true, within: allowance)
        } catch {
            // Older ones read forms only.
            guard error.status == 400 || error.status == 415 else { throw error }
            let form = "username=\(Self.escaped(user))&password=\(Self.escaped(password.reveal()))"
            bytes = try await client.send(
                "/access/ticket", method: "POST", headers: [("content-type", "application/x-www-form-urlencoded")],
                body: Array(form.utf8), isRepeatable: true, within: allowance)
        }
        return try PVEAnswer.data(bytes) { reader throws(JSONError) in
            try reader.row("") { key, reader, row throws(JSONError) in
                if key == "ticket" { row = try reader.laxText() ?? "" } else { try reader.skip() }
            }
        }
    }

    /// A name as one segment of a path or one value of a query: a host's answers never lead anywhere else.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: ".") where text != "." && text != "..": escaped += "."
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += "%" + (digits.utf8.count == 1 ? "0" + digits : digits)
            }
        }
        return escaped
    }
}
