import Inventory
import JSONKit
import Kernel
import Resources

/// What a person would call a change between two states of a resource. Pure. Values that move all the time are none, nor
/// is that we could not ask, or that somebody else tells of it now: that is not the resource's story.
enum ChangeReading {
    /// A reboot sets the uptime back; clocks and pollers do by less.
    private static let uptimeSlack: Int64 = 30
    /// Members whose change is told otherwise, or says nothing of the thing itself.
    private static let untold: Set<String> = [
        "id", "sources", "identity", "canonicalIdentity", "metricsTarget", "parentId", "parentName",
    ]

    struct State {
        let stored: StoredResource
        /// Who speaks of it, the leading one first; `nil` when it was only read back.
        let sources: [ResourceRecord.Source]?
        /// The status that was last told of it; `nil` when nobody knows.
        let heard: ResourceStatus?
        /// Its status now is what we make of silence.
        let isGuess: Bool
        /// As it is shown.
        let uptime: ResourceRecord.Uptime?
        /// By each who tells it; empty where one speaks alone.
        let uptimes: [ResourceRecord.Uptime]
        /// As it was stored, of a source that was not heard since; its connection is not stored.
        var storedUptime: ResourceRecord.Uptime?
        let movedAt: Timestamp?
    }

    /// From one machine to another.
    struct Move {
        let from: String?
        let to: String?
        let target: ResourceID

        init(from: String?, to: String?, onto target: ResourceID) {
            self.from = from
            self.to = to
            self.target = target
        }
    }

    static func changes(
        from before: State, to after: State, move: Move? = nil, at now: Timestamp
    ) -> [ResourceChange] {
        var changes: [ResourceChange] = []
        let (old, new) = (before.stored, after.stored)
        // What was known before a silence counts: what happened meanwhile is told when somebody is heard again.
        if !after.isGuess, let was = before.heard, let tells = after.heard, was != tells {
            changes.append(ResourceChange(of: new, at: now, .stateTransition, from: was.rawValue, to: tells.rawValue))
        }
        if let (was, uptime) = restart(from: before, to: after, at: now) {
            changes.append(ResourceChange(of: new, at: now, .restart, from: "\(was)", to: "\(uptime)"))
        }
        if let move {
            changes.append(
                ResourceChange(
                    of: new, at: now, .relationshipChange, from: move.from, to: move.to, related: move.target))
        }
        // Of two who tell of one thing each has names of its own for it.
        guard old.facts != new.facts || old.name != new.name, areToldBySame(before, after) else { return changes }
        if old.name != new.name {
            changes.append(
                ResourceChange(of: new, at: now, .configUpdate, from: old.name, to: new.name, reason: "name"))
        }
        if old.facts != new.facts { changes += configuration(old, new, at: now) }
        return changes
    }

    /// Both uptimes, as the same source told them. A guest that moves goes on in a process of the other machine, which began
    /// before the move was seen; lists may tell of it later than of the move.
    private static func restart(from before: State, to after: State, at now: Timestamp) -> (Int64, Int64)? {
        guard let uptime = after.uptime, after.stored.status == ResourceStatus.online.rawValue,
            let was = seconds(of: uptime, in: before), was > uptimeSlack, uptime.seconds < was - uptimeSlack
        else { return nil }
        if let moved = after.movedAt, uptime.seconds >= (now - moved).components.seconds - uptimeSlack { return nil }
        return (was, uptime.seconds)
    }

    /// What the same one had told.
    private static func seconds(of told: ResourceRecord.Uptime, in before: State) -> Int64? {
        func isTeller(_ other: ResourceRecord.Uptime) -> Bool {
            other.source == told.source && other.connection == told.connection
        }
        if let shown = before.uptime, isTeller(shown) { return shown.seconds }
        if let one = before.uptimes.first(where: isTeller) { return one.seconds }
        return before.storedUptime.flatMap { $0.source == told.source ? $0.seconds : nil }
    }

    private static func areToldBySame(_ before: State, _ after: State) -> Bool {
        guard before.stored.connection == after.stored.connection, before.stored.sources == after.stored.sources else {
            return false
        }
        guard let was = before.sources, let tells = after.sources else { return true }
        return was.elementsEqual(tells) { $0.connection == $1.connection }
    }

    /// Each member of a block of facts that has another value, named as `block.member`.
    private static func configuration(
        _ old: StoredResource, _ new: StoredResource, at now: Timestamp
    ) -> [ResourceChange] {
        guard let before = read(old.facts), let after = read(new.facts) else { return [] }
        var changes: [ResourceChange] = []
        for name in Set(before.keys).union(after.keys).sorted() where !untold.contains(name) && name != "name" {
            guard before[name] != after[name] else { continue }
            // A whole block comes or goes with its source.
            if before[name] == nil || after[name] == nil { continue }
            guard let was = before[name]?.object, let become = after[name]?.object else {
                changes.append(change(new, name, before[name], after[name], at: now))
                continue
            }
            // What was learned first, or is not told now, was not changed by anybody.
            for (member, value) in was.sorted(by: { $0.key < $1.key }) {
                guard let next = become[member], next != value else { continue }
                // That it runs elsewhere is told as a move.
                if name == "proxmox", member == "node", old.parent != nil, new.parent != nil { continue }
                changes.append(change(new, "\(name).\(member)", value, next, at: now))
            }
        }
        return changes
    }

    private static func change(
        _ resource: StoredResource, _ member: String, _ from: JSONValue?, _ to: JSONValue?, at now: Timestamp
    ) -> ResourceChange {
        ResourceChange(
            of: resource, at: now, .configUpdate, from: from.map(text), to: to.map(text), confidence: .medium,
            reason: member)
    }

    /// As a person reads it, short.
    private static func text(_ value: JSONValue) -> String {
        if let text = value.string { return text.asLine(limit: 256) }
        var writer = JSONWriter(capacity: 64)
        value.encode(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self).asLine(limit: 256)
    }

    private static func read(_ facts: [UInt8]) -> [String: JSONValue]? {
        var reader = JSONReader(facts)
        return try? reader.decode(JSONValue.self).object
    }
}
