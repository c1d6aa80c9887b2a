import Kernel

/// Which organisations are watched here, under which lease, and with which configuration. Pure: it is told what is held and
/// where organisations are, and says which monitors come and go. Whatever is told twice or late does no harm.
struct WatchList {
    enum Event {
        case begin(Set<ShardLease>)
        case stop(Set<ShardLease>)
        /// Nothing new of these shards; what is watched of them is finished by the caller, who then says `stop`.
        case drain(Set<Int16>)
        /// An organisation is active, in this place, and was changed so often.
        case place(OrgPlace)
        /// Of these only those are active.
        case active(Set<OrgID>, among: [OrgID])
        /// The database refused this one's write under this lease.
        case fenced(OrgID, ShardLease)
        /// Something was said for an organisation, to the worker of this shard.
        case heard(OrgID, in: Int16)
    }

    enum Effect: Equatable {
        case open(OrgID, ShardLease)
        case reload(OrgID)
        case close(OrgID)
        /// What was heard is for the worker of that shard.
        case forward(Int16)
    }

    struct Entry: Equatable {
        let lease: ShardLease
        /// Of the configuration that it was last told to read.
        var generation: Int64
    }

    private(set) var held: [Int16: ShardLease] = [:]
    private(set) var watched: [OrgID: Entry] = [:]
    private var draining: Set<Int16> = []
    /// Organisations that were watched here until they were moved. What is for them comes here until all servers know.
    private var moved: [OrgID: OrgPlace] = [:]

    /// Some 50 bytes each, and they are moved seldom.
    private static let movedLimit = 10_000

    mutating func step(_ event: Event) -> [Effect] {
        switch event {
        case .begin(let leases): return begin(leases)
        case .stop(let leases): return stop(leases)
        case .drain(let shards):
            draining.formUnion(shards.filter { held[$0] != nil })
            return []
        case .place(let place): return put(place)
        case .active(let active, let known): return close(known.filter { !active.contains($0) })
        case .fenced(let org, let lease): return watched[org]?.lease == lease ? close([org]) : []
        case .heard(let org, let shard): return heard(org, in: shard)
        }
    }

    private mutating func begin(_ leases: Set<ShardLease>) -> [Effect] {
        // A later epoch of a shard that was held is another lease: others have written meanwhile.
        let effects = stop(Set(leases.compactMap { held[$0.shard] }).subtracting(leases))
        for lease in leases { held[lease.shard] = lease }
        draining.subtract(leases.map(\.shard))
        return effects
    }

    private mutating func stop(_ leases: Set<ShardLease>) -> [Effect] {
        for lease in leases where held[lease.shard] == lease {
            held[lease.shard] = nil
            draining.remove(lease.shard)
        }
        return close(watched.filter { leases.contains($0.value.lease) }.map(\.key))
    }

    private mutating func put(_ place: OrgPlace) -> [Effect] {
        // What was read before something else was told says nothing any more.
        let known = max(watched[place.org]?.generation ?? 0, moved[place.org]?.generation ?? 0)
        guard place.generation >= known else { return [] }
        var effects: [Effect] = []
        if moved[place.org] != nil { moved[place.org] = place }
        if let entry = watched[place.org], entry.lease.shard != place.shard {
            if moved.count >= Self.movedLimit { moved.removeAll() }
            moved[place.org] = place
            effects = close([place.org])
        }
        let opened = open(place.org, in: place.shard)
        effects += opened
        guard var entry = watched[place.org], !opened.isEmpty || entry.generation < place.generation else {
            return effects
        }
        entry.generation = place.generation
        watched[place.org] = entry
        return effects + [.reload(place.org)]
    }

    private mutating func heard(_ org: OrgID, in shard: Int16) -> [Effect] {
        if let place = moved[org], place.shard != shard { return [.forward(place.shard)] }
        return open(org, in: shard)
    }

    /// Only `put` moves one: what else names another shard has not heard of it yet.
    private mutating func open(_ org: OrgID, in shard: Int16) -> [Effect] {
        guard watched[org] == nil, !draining.contains(shard), let lease = held[shard] else { return [] }
        watched[org] = Entry(lease: lease, generation: 0)
        return [.open(org, lease)]
    }

    private mutating func close(_ orgs: [OrgID]) -> [Effect] {
        orgs.compactMap { watched.removeValue(forKey: $0) == nil ? nil : .close($0) }
    }
}
