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
        let shared = Set(left.evidence).intersection(right.evidence)
        if shared.contains(where: { [.machineID, .platformID, .agentID, .diskSerial].contains($0.kind) }) { return 1 }
        if shared.contains(where: { $0.kind == .dmiUUID }) { return 0.99 }
        guard isMachine(left), isMachine(right), let name = hostname(left), name == hostname(right) else { return 0 }
        if !macs(left).isDisjoint(with: macs(right)) { return 0.9 }
        return addresses(left).isDisjoint(with: addresses(right)) ? 0.5 : 0.8
    }

    /// Something says that they are two, whatever else they share.
    /// - Parameter isAbandoned: `right` has been silent for so long that it may have become `left`.
    static func contradict(_ left: Observation, _ right: Observation, isAbandoned: Bool) -> Bool {
        guard left.type == right.type || (isMachine(left) && isMachine(right)) else { return true }
        // Nobody calls one thing by two names.
        if left.connection == right.connection { return left.key != right.key }
        if differ(left, right, by: platformInstance) { return true }
        if left.type == .physicalDisk { return false }
        if isAbandoned && left.name == right.name { return false }
        // A guest and its host are two, even where the guest shows the host's hardware.
        if left.type != right.type, left.type != .agent, right.type != .agent { return true }
        if differ(left, right, by: { value(of: .machineID, in: $0) }) { return true }
        if differ(left, right, by: { value(of: .dmiUUID, in: $0) }) { return true }
        // Copies of one disk share the machine-id, not the network cards.
        let (leftCards, rightCards) = (macs(left), macs(right))
        return !leftCards.isEmpty && !rightCards.isEmpty && leftCards.isDisjoint(with: rightCards)
    }

    /// By what machines are found that nothing strong tells of: each card with the host's name.
    static func cards(of claim: Observation) -> [String] {
        guard isMachine(claim), let name = hostname(claim) else { return [] }
        return macs(claim).map { "\(name) \($0)" }
    }

    private static func isMachine(_ claim: Observation) -> Bool { machines.contains(claim.type) }

    /// Lower case, cut at the first dot: some write the domain, some do not.
    private static func hostname(_ claim: Observation) -> String? {
        let name = (claim.identity.hostnames.first ?? "").lowercased().prefix { $0 != "." }
        return name.isEmpty ? nil : String(name)
    }

    /// Locally made ones of bridges and container ends are as good as none.
    private static func macs(_ claim: Observation) -> Set<String> {
        Set(
            claim.identity.macAddresses.lazy.map { $0.lowercased() }.filter {
                $0 != "00:00:00:00:00:00" && !$0.hasPrefix("02:42:")
            })
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
