import Inventory
import Kernel
import Resources

/// What has happened in an organisation since the last commit.
struct MonitorChanges: Sendable {
    /// Rows of the inventory to write, live blobs to write, resources that readers must hear of.
    var rows: Set<ResourceID> = []
    var live: Set<ConnectionID> = []
    var resources: Set<ResourceID> = []
    var removed: Set<ResourceID> = []
    var claims: Set<Claim.Place> = []
    var goneClaims: Set<Claim.Place> = []
    var keys: [Evidence: ResourceID] = [:]
    var goneKeys: Set<Evidence> = []
    var successions: [ResourceID: ResourceID] = [:]
    var revived: Set<ResourceID> = []
    var missed: [Claim.Place: Observation] = [:]
    var outlived: [Claim.Place: Timestamp] = [:]
    /// For the timeline.
    var told: [ResourceChange] = []

    /// Readers would see a difference.
    var isVisible: Bool { !resources.isEmpty || !removed.isEmpty }
    var isEmpty: Bool {
        !isVisible && rows.isEmpty && live.isEmpty && claims.isEmpty && goneClaims.isEmpty && keys.isEmpty
            && goneKeys.isEmpty && missed.isEmpty && outlived.isEmpty && told.isEmpty
    }

    /// What the registry has changed after what it had changed before.
    mutating func add(_ told: RegistryChanges) {
        removed.subtract(told.resources)
        goneClaims.subtract(told.claims)
        goneClaims.formUnion(told.goneClaims)
        claims.subtract(told.goneClaims)
        claims.formUnion(told.claims)
        goneKeys.subtract(told.keys.keys)
        goneKeys.formUnion(told.goneKeys)
        for evidence in told.goneKeys { keys[evidence] = nil }
        keys.merge(told.keys) { $1 }
        missed.merge(told.missed) { $1 }
        outlived.merge(told.outlived) { $1 }
        revived.subtract(told.successions.keys)
        revived.formUnion(told.revived)
        for id in told.revived { successions[id] = nil }
        successions.merge(told.successions) { $1 }
    }

    /// A resource is gone, and with its row all that hangs on it.
    mutating func forget(_ id: ResourceID) {
        rows.remove(id)
        resources.remove(id)
        keys = keys.filter { $0.value != id }
    }
}
