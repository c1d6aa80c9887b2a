/// What somebody makes happen, beside what happens by itself.
package enum ForcedEvent: Hashable, Sendable {
    case migrate(vmid: Int, toNode: Int)
    case stop(vmid: Int)
    case start(vmid: Int)
    case reboot(vmid: Int)
    case rename(vmid: Int, name: String)
    case delete(vmid: Int)
    case stopNode(Int)
    case startNode(Int)
    case renameNode(Int, name: String)

    var vmid: Int? {
        switch self {
        case .migrate(let vmid, _), .stop(let vmid), .start(let vmid), .reboot(let vmid), .rename(let vmid, _),
            .delete(let vmid):
            vmid
        case .stopNode, .startNode, .renameNode: nil
        }
    }

    var node: Int? {
        switch self {
        case .stopNode(let node), .startNode(let node), .renameNode(let node, _): node
        default: nil
        }
    }
}

/// The forced events of one cluster in the order they came, found by what they concern.
struct ForcedEvents: Sendable {
    private var ofGuest: [Int: [(at: Double, event: ForcedEvent)]] = [:]
    private var ofNode: [Int: [(at: Double, event: ForcedEvent)]] = [:]

    mutating func add(_ event: ForcedEvent, at time: Double) {
        if let vmid = event.vmid { ofGuest[vmid, default: []].append((time, event)) }
        if let node = event.node { ofNode[node, default: []].append((time, event)) }
    }

    /// Those up to `time`, oldest first.
    func guest(_ vmid: Int, until time: Double) -> ArraySlice<(at: Double, event: ForcedEvent)> {
        ofGuest.isEmpty ? [] : ofGuest[vmid, default: []].prefix { $0.at <= time }
    }

    func node(_ node: Int, until time: Double) -> ArraySlice<(at: Double, event: ForcedEvent)> {
        ofNode.isEmpty ? [] : ofNode[node, default: []].prefix { $0.at <= time }
    }
}
