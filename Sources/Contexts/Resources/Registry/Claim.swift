package import Inventory
package import Kernel

/// What one connection says of one thing, as it was said last.
package struct Claim: Sendable {
    /// Where it stands: the connection, and the connection's own name for the thing.
    package struct Place: Hashable, Sendable, Comparable {
        package let connection: ConnectionID
        package let key: String

        package init(_ connection: ConnectionID, _ key: String) {
            self.connection = connection
            self.key = key
        }

        package static func < (left: Self, right: Self) -> Bool {
            (left.connection, left.key) < (right.connection, right.key)
        }
    }

    /// Behind one reference: claims are looked at with every poll, and every look at the observation itself would count a
    /// dozen and a half references up and down.
    private final class Words: Sendable {
        let observation: Observation

        init(_ observation: Observation) { self.observation = observation }
    }

    private var words: Words
    package internal(set) var resource: ResourceID
    /// Complete reports in a row that did not tell of it.
    var missed = 0
    /// Said since this registry began; what was only read back from storage knows no values.
    package internal(set) var isHeard: Bool
    /// Silent for longer than it may be.
    package internal(set) var isStale = false

    init(said: Observation, resource: ResourceID, isHeard: Bool) {
        words = Words(said)
        self.resource = resource
        self.isHeard = isHeard
    }

    /// Without samples: those go to History at once.
    package var said: Observation { words.observation }
    package var place: Place { Place(said.connection, said.key) }

    func isSilent(at now: Timestamp, since start: Timestamp, longerThan patience: Duration) -> Bool {
        now - max(said.receivedAt, start) > patience
    }

    /// The same again, with new values.
    /// - Parameter isStale: it is shown again with the time of old.
    mutating func hear(_ observation: Observation, isStale: Bool) {
        words = Words(observation)
        missed = 0
        isHeard = true
        self.isStale = isStale
    }
}

extension Observation {
    /// What is stored of a claim is the same: who and what it is, not what was measured.
    func isToldLike(_ other: Observation) -> Bool {
        name == other.name && technology == other.technology && status == other.status && parent == other.parent
            && tags == other.tags && facts == other.facts && silence == other.silence
    }
}

extension Observation {
    /// What was known and is not told this time is not gone: a short list says less than a look inside.
    mutating func inherit(from known: Observation) {
        let told = evidence.count
        for other in known.evidence where !evidence[..<told].contains(where: { $0.kind == other.kind }) {
            evidence.append(other)
        }
        identity.machineID = identity.machineID ?? known.identity.machineID
        identity.dmiUUID = identity.dmiUUID ?? known.identity.dmiUUID
        if identity.hostnames.isEmpty { identity.hostnames = known.identity.hostnames }
        if identity.ipAddresses.isEmpty { identity.ipAddresses = known.identity.ipAddresses }
        if identity.macAddresses.isEmpty { identity.macAddresses = known.identity.macAddresses }
        if identity.clusterNames.isEmpty { identity.clusterNames = known.identity.clusterNames }
    }
}
