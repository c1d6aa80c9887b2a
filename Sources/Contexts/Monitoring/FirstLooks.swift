import Inventory
import Kernel
import Resources

/// The lists that connections have told of. What stands in the first reading of a list has not appeared just now: nobody
/// had looked there before. A platform's lists are first read one after the other, over several polls.
struct FirstLooks {
    /// Lists of one connection; beyond them it keeps inventing names, and is met as if for the first time.
    private static let mostLists = 4_096

    private var known: [ConnectionID: Set<String>] = [:]
    /// Read for the first time since the last `end`.
    private var fresh: [ConnectionID: Set<String>] = [:]

    /// What was stored was looked at before.
    init(_ claims: [Claim] = []) {
        for claim in claims { known[claim.said.connection, default: []].insert(claim.said.scope) }
    }

    /// A list, or a part of it, was read; an empty one too.
    mutating func read(_ scope: String, of connection: ConnectionID) {
        guard known[connection]?.contains(scope) != true else { return }
        fresh[connection, default: []].insert(scope)
    }

    /// Whether the list had been read before.
    func isOver(for scope: String, of connection: ConnectionID) -> Bool {
        known[connection]?.contains(scope) == true
    }

    /// What was read is told; from now on its lists are known.
    mutating func end() {
        for (connection, scopes) in fresh {
            var all = known[connection] ?? []
            if all.count + scopes.count > Self.mostLists { all = [] }
            known[connection] = all.union(scopes.prefix(Self.mostLists))
        }
        fresh = [:]
    }

    /// Connections that exist now.
    mutating func keepOnly(_ connections: Set<ConnectionID>) {
        known = known.filter { connections.contains($0.key) }
        fresh = fresh.filter { connections.contains($0.key) }
    }
}
