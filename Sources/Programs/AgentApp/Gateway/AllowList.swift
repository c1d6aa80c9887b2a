import Kernel

/// What this machine's administrator allows the server to reach through it. Nothing unless it is said.
///
/// A name is resolved here, and every address it has must be allowed: by a network, or because the name itself is. This
/// machine's own loopback, link-local networks and the places where clouds tell secrets are reached only by a rule
/// within them; what is nobody's address is never reached. A port alone is one of TCP: datagrams and pings are allowed
/// only where they are named.
package struct AllowList: Hashable, Sendable {
    let rules: [AllowRule]

    /// - Parameter lines: each `network:services` or `name:services`; empty ones and what follows `#` is passed over.
    package init(_ lines: [String]) throws(AgentError) {
        var rules: [AllowRule] = []
        for line in lines {
            let text = String(line.prefix { $0 != "#" }).trimmed
            guard !text.isEmpty else { continue }
            rules.append(try AllowRule(text))
        }
        guard rules.count <= 128 else { throw .settings("at most 128 rules may be allowed, not \(rules.count)") }
        self.rules = rules
    }

    package var isEmpty: Bool { rules.isEmpty }
    package var lines: [String] { rules.map(\.text) }

    /// Whether it is worth asking for the addresses of a name: some rule is for this service at least.
    func mayLead(to service: TargetService) -> Bool { rules.contains { $0.holds(service) } }

    /// - Parameters:
    ///   - host: as it was asked for.
    ///   - addresses: all that it has; for an address itself just that.
    func permits(_ addresses: [NetworkAddress], of host: String, by service: TargetService) -> Bool {
        let fitting = rules.filter { $0.holds(service) }
        let isNamed = fitting.contains { $0.names(host) }
        return !addresses.isEmpty
            && addresses.allSatisfy { address in
                guard !Special.isNever(address) else { return false }
                let special = Special.network(of: address)
                return isNamed && special == nil
                    || fitting.contains { rule in
                        guard let network = rule.network, network.contains(address) else { return false }
                        return special.map { $0.contains(network) } ?? true
                    }
            }
    }
}

/// What may be reached of a host.
enum TargetService: Hashable, Sendable {
    case tcp(Int)
    case udp(Int)
    /// Pings.
    case icmp
}

/// One line of an allow-list: a place, a colon, and services with commas between: `8006`, `8006-8007`, `161/udp`, `53/tcp`,
/// `icmp`.
struct AllowRule: Hashable, Sendable {
    private enum Place: Hashable, Sendable {
        case network(AddressNetwork)
        case name(String)
    }

    /// As it was written.
    let text: String
    private let place: Place
    private var tcp: [ClosedRange<Int>] = []
    private var udp: [ClosedRange<Int>] = []
    private var echoes = false

    init(_ text: String) throws(AgentError) {
        func refuse(_ why: String) -> AgentError {
            .settings(
                "the rule \"\(text)\" \(why): network:port or name:port is wanted, such as 192.168.1.0/24:8006, or :161/udp, or :icmp"
            )
        }
        guard text.utf8.count <= 300 else { throw refuse("is too long") }
        let (host, ports): (Substring, Substring)
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw refuse("has no ]") }
            let rest = text[text.index(after: end)...]
            guard rest.hasPrefix(":") else { throw refuse("names no port") }
            (host, ports) = (text[text.index(after: text.startIndex)..<end], rest.dropFirst())
        } else {
            guard let colon = text.lastIndex(of: ":") else { throw refuse("names no port") }
            (host, ports) = (text[..<colon], text[text.index(after: colon)...])
            guard !host.contains(":") else { throw refuse("needs [ and ] around the address") }
        }
        self.text = text
        if let network = AddressNetwork(host) {
            place = .network(network)
        } else if Self.isName(host) {
            place = .name(Self.plain(String(host)))
        } else {
            throw refuse("has neither a network nor a name")
        }
        for part in ports.split(separator: ",", omittingEmptySubsequences: false) {
            guard part != "icmp" else {
                echoes = true
                continue
            }
            let words = part.split(separator: "/", omittingEmptySubsequences: false)
            guard let range = Self.range(words[0]), words.count <= 2 else { throw refuse("has a port that is none") }
            switch words.count == 2 ? words[1] : "tcp" {
            case "tcp": tcp.append(range)
            case "udp": udp.append(range)
            default: throw refuse("names what is neither tcp, udp nor icmp")
            }
        }
    }

    private static func range(_ text: Substring) -> ClosedRange<Int>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard (1...2).contains(ends.count), let first = ends.first, let last = ends.last, first <= last,
            (1...65_535).contains(first), (1...65_535).contains(last)
        else { return nil }
        return first...last
    }

    var network: AddressNetwork? { if case .network(let network) = place { network } else { nil } }
    func names(_ host: String) -> Bool { place == .name(Self.plain(host)) }
    func holds(_ service: TargetService) -> Bool {
        switch service {
        case .tcp(let port): tcp.contains { $0.contains(port) }
        case .udp(let port): udp.contains { $0.contains(port) }
        case .icmp: echoes
        }
    }

    /// Case and a dot at the end make no other name.
    private static func plain(_ host: String) -> String {
        let lower = host.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }

    /// What resolvers would take for an address in disguise (`127.1`, `0x7f.1`) is no name.
    private static func isName(_ text: Substring) -> Bool {
        let labels = plain(String(text)).split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 253, let last = labels.last else { return false }
        let areLabels = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy {
                    (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95
                }
        }
        return areLabels && !last.utf8.allSatisfy { (48...57).contains($0) } && !last.hasPrefix("0x")
    }
}

/// Addresses that a broad rule does not mean.
private enum Special {
    /// Nobody's: this host, everybody, reserved; also inside of another address.
    static func isNever(_ address: NetworkAddress) -> Bool {
        never.contains { $0.contains(address) }
            || address.wrapped.map { isNever($0) || network(of: $0) != nil } ?? false
    }

    /// The one it lies in: a rule must lie within it as well.
    static func network(of address: NetworkAddress) -> AddressNetwork? { explicit.first { $0.contains(address) } }

    private static let never = networks(["0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8"])
    private static let explicit = networks([
        "127.0.0.0/8", "::1/128", "169.254.169.254/32", "169.254.0.0/16", "fe80::/10", "100.100.100.200/32",
        "fd00:ec2::254/128",
    ])

    private static func networks(_ texts: [String]) -> [AddressNetwork] { texts.compactMap { AddressNetwork($0) } }
}
