/// One real machine of the labelled observations: hardware, VM or container, with what happens to it in sixty days.
struct ObservedSystem: Sendable {
    enum Kind: Sendable { case node, vm, container, metal }

    /// Where Proxmox VE shows it, from a time on.
    struct Place: Sendable {
        let since: Double
        let cluster: Int
        let node: Int
        /// `nil` for a node.
        let vmid: Int?
    }

    let trueID: String
    let kind: Kind
    let seed: Seed
    /// First and last moment it exists.
    var born: Double
    var gone: Double
    /// Each: from when on.
    var hostnames: [(since: Double, name: String)]
    var machineIDs: [(since: Double, id: String?)]
    var addresses: [(since: Double, address: String)]
    var macs: [(since: Double, mac: String)]
    /// Oldest first; empty for metal.
    var places: [Place] = []
    /// What its firmware says; some say what all of their make say.
    var hardwareID: String?
    /// What an agent within reads there: a privileged container sees its host's.
    var visibleHardwareID: String?
    /// `nil`: no agent. A copied disk brings its agent's name along.
    var agentID: String?
    var engineID: String?
    var guestAgentAnswers = false
    var diskSerials: [String] = []

    func hostname(at time: Double) -> String { hostnames.last { $0.since <= time }?.name ?? hostnames[0].name }
    func machineID(at time: Double) -> String? { machineIDs.last { $0.since <= time }?.id ?? nil }
    func address(at time: Double) -> String { addresses.last { $0.since <= time }?.address ?? addresses[0].address }
    func mac(at time: Double) -> String { macs.last { $0.since <= time }?.mac ?? macs[0].mac }
    func place(at time: Double) -> Place? { places.last { $0.since <= time } ?? places.first }
}
