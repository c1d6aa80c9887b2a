import Inventory
import Kernel

/// Whether two claims are of one thing. Pure, and blind to everything but the two.
enum ClaimMatch {
    /// From here on two claims become one resource by themselves. Confidences are those that people are shown: machine-id
    /// 1.00, SMBIOS UUID 0.99, host name with a MAC 0.90, host name with an address 0.80, a name or an address alone less.
    static let threshold = 0.85
    /// A machine that contradicts another by its hardware may still be it, installed anew, once the other is this silent.
    static let abandonedAfter: Duration = .seconds(15 * 60)

    /// Things that hypervisors, appliances and agents speak of at once.
    static let machines: Set<ResourceType> = [.agent, .vm, .systemContainer]

    static func confidence(_ left: Observation, _ right: Observation) -> Double {
        var best = 0.0
        for evidence in shared(left, right) { best = max(best, weight(of: evidence)) }
        if best >= threshold { return best }
        guard isMachine(left), isMachine(right), let name = hostname(left), name == hostname(right) else { return 0 }
        if !macs(left).isDisjoint(with: macs(right)) { return 0.9 }
        return addresses(left).isDisjoint(with: addresses(right)) ? 0.5 : 0.8
    }

    /// What both say and what proves something between these two. Containers see the disks of their host, and the hosts of one
    /// storage system see the same, so a disk takes the host's name as well; clusters are often named alike, so their names tell
    /// only where an agent says that it stands.
    static func shared(_ left: Observation, _ right: Observation) -> [Evidence] {
        left.evidence.filter { evidence in
            guard right.evidence.contains(evidence) else { return false }
            return switch evidence.kind {
            case .hostDisk: hostname(left) == hostname(right)
            case .clusterNode: (left.source == .agent) != (right.source == .agent)
            default: true
            }
        }
    }

    static func weight(of evidence: Evidence) -> Double {
        switch evidence.kind {
        case .machineID, .platformID, .agentID, .diskSerial, .claim: 1
        case .dmiUUID: placeholders.contains(evidence.value) ? 0 : 0.99
        case .hostDisk: 0.95
        case .clusterNode: 0.9
        }
    }

    /// What makers of boards ship instead of a number.
    private static let placeholders: Set<String> = [
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009",
        "12345678-1234-5678-90ab-cddeefaabbcc", "11111111-2222-3333-4444-555555555555",
        "fefefefe-fefe-fefe-fefe-fefefefefefe", "4c4c4544-0000-2010-8020-80c04f202020",
    ]

    /// The same words of a connection, and not the same thing: a number that was given to another guest, a copy that
    /// reports with its original's credentials.
    static func isAnother(_ new: Observation, than old: Observation) -> Bool {
        guard isMachine(new) else { return false }
        let cards = (macs(new), macs(old))
        guard !cards.0.isEmpty, !cards.1.isEmpty, cards.0.isDisjoint(with: cards.1) else { return false }
        if let board = boardID(new), let before = boardID(old) { return board != before }
        return hostname(new) != hostname(old)
    }

    static func sharesCards(_ left: Observation, _ right: Observation) -> Bool {
        if left.identity.macAddresses == right.identity.macAddresses { return true }
        let cards = (macs(left), macs(right))
        return cards.0.isEmpty || cards.1.isEmpty || !cards.0.isDisjoint(with: cards.1)
    }

    private static func boardID(_ claim: Observation) -> String? {
        value(of: .dmiUUID, in: claim).flatMap { placeholders.contains($0) ? nil : $0 }
    }

    /// Something says that they are two, whatever else they share.
    /// - Parameter isAbandoned: `right` has been silent for so long that it may have become `left`.
    static func contradict(_ left: Observation, _ right: Observation, isAbandoned: Bool) -> Bool {
        guard left.type == right.type || (isMachine(left) && isMachine(right)) else { return true }
        // Nobody calls one thing by two names.
        if left.connection == right.connection { return left.key != right.key }
        if differ(left, right, by: platformInstance) { return true }
        if left.type == .physicalDisk { return false }
        // A virtual machine is no container; an agent may be inside of either.
        if left.type != right.type, left.type != .agent, right.type != .agent { return true }
        if differ(left, right, by: { value(of: .machineID, in: $0) }) {
            guard isAbandoned, left.name == right.name else { return true }
        }
        if differ(left, right, by: boardID) { return true }
        let disks = (serials(left), serials(right))
        if !disks.0.isEmpty, !disks.1.isEmpty, disks.0.isDisjoint(with: disks.1) { return true }
        // Copies of one disk share the machine-id, not the network cards.
        let (leftCards, rightCards) = (macs(left), macs(right))
        return !leftCards.isEmpty && !rightCards.isEmpty && leftCards.isDisjoint(with: rightCards)
    }

    /// By what machines are looked for that nothing strong tells of. A card alone decides nothing; `confidence` asks for
    /// the host's name beside it.
    static func cards(of claim: Observation) -> Set<String> { isMachine(claim) ? macs(claim) : [] }

    private static func isMachine(_ claim: Observation) -> Bool { machines.contains(claim.type) }

    /// Lower case, cut at the first dot: some write the domain, some do not.
    private static func hostname(_ claim: Observation) -> String? {
        let name = (claim.identity.hostnames.first ?? "").trimmed.lowercased().prefix { $0 != "." }
        return name.isEmpty ? nil : String(name)
    }

    private static func macs(_ claim: Observation) -> Set<String> {
        Set(claim.identity.macAddresses.lazy.map { $0.lowercased() }.filter(isTellingCard))
    }

    /// Not Docker's, which makes them from addresses, nor VRRP's, which routers share.
    private static func isTellingCard(_ mac: String) -> Bool {
        mac != "00:00:00:00:00:00" && !mac.hasPrefix("02:42:") && !mac.hasPrefix("00:00:5e:00:01:")
    }

    private static func addresses(_ claim: Observation) -> Set<String> {
        Set(claim.identity.ipAddresses.filter(isTelling))
    }

    /// Loopback, link-local and the networks that container engines make everywhere say nothing of who it is.
    static func isTelling(_ address: String) -> Bool {
        let text = address.lowercased()
        if ["127.", "169.254.", "fe80:", "0.0.0.0"].contains(where: text.hasPrefix) || ["::1", "::"].contains(text) {
            return false
        }
        let parts = text.split(separator: ".")
        if parts.count == 4, parts[0] == "172", let second = Int(parts[1]), (17...31).contains(second) { return false }
        return true
    }

    private static func serials(_ claim: Observation) -> Set<String> {
        Set(claim.evidence.lazy.filter { $0.kind == .hostDisk }.map(\.value))
    }

    private static func value(of kind: Evidence.Kind, in claim: Observation) -> String? {
        claim.evidence.first { $0.kind == kind }?.value
    }

    /// Of two names by the same instance of a platform, both for this kind of thing.
    private static func platformInstance(_ claim: Observation) -> (instance: Substring, name: Substring)? {
        guard let text = value(of: .platformID, in: claim), let slash = text.firstIndex(of: "/") else { return nil }
        return (text[..<slash], text[slash...])
    }

    private static func differ(
        _ left: Observation, _ right: Observation, by name: (Observation) -> (instance: Substring, name: Substring)?
    ) -> Bool {
        guard let left = name(left), let right = name(right), left.instance == right.instance else { return false }
        return left.name != right.name
    }

    private static func differ(_ left: Observation, _ right: Observation, by value: (Observation) -> String?) -> Bool {
        guard let left = value(left), let right = value(right) else { return false }
        return left != right
    }
}
