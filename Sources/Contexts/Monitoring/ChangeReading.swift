import Inventory
import JSONKit
import Kernel
import Resources

/// What a person would call a change between two states of a resource. Pure. Values that move all the time are none, nor
/// is that we could not ask: that is the connection's story, not the resource's.
enum ChangeReading {
    /// A reboot sets the uptime back; clocks and pollers do by less.
    private static let uptimeSlack: Int64 = 30
    /// Members whose change is told otherwise, or says nothing of the thing itself.
    private static let untold: Set<String> = [
        "id", "sources", "identity", "canonicalIdentity", "metricsTarget", "parentId", "parentName",
    ]

    struct State {
        let stored: StoredResource
        let parentName: String?
        let uptimeSeconds: Int64?
        /// Nobody who speaks of it was heard lately.
        let isUnheard: Bool
    }

    static func changes(from before: State, to after: State, at now: Timestamp) -> [ResourceChange] {
        var changes: [ResourceChange] = []
        let (old, new) = (before.stored, after.stored)
        // To a warning because nobody could be asked, and back: nothing happened to the thing.
        let isHearsay = after.isUnheard && new.status != ResourceStatus.offline.rawValue
        if old.status != new.status, !isHearsay, !before.isUnheard || old.status == ResourceStatus.offline.rawValue {
            changes.append(ResourceChange(of: new, at: now, .stateTransition, from: old.status, to: new.status))
        }
        if let was = before.uptimeSeconds, let uptime = after.uptimeSeconds, was > uptimeSlack,
            uptime < was - uptimeSlack,
            new.status == ResourceStatus.online.rawValue
        {
            changes.append(ResourceChange(of: new, at: now, .restart, from: "\(was)", to: "\(uptime)"))
        }
        if let parent = old.parent, let next = new.parent, parent != next {
            changes.append(
                ResourceChange(
                    of: new, at: now, .relationshipChange, from: before.parentName, to: after.parentName, related: next)
            )
        }
        if old.name != new.name {
            changes.append(
                ResourceChange(of: new, at: now, .configUpdate, from: old.name, to: new.name, reason: "name"))
        }
        if old.facts != new.facts { changes += configuration(old, new, at: now) }
        return changes
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
        if let text = value.string { return String(text.prefix(200)) }
        var writer = JSONWriter(capacity: 64)
        value.encode(to: &writer)
        return String(String(decoding: writer.bytes, as: UTF8.self).prefix(200))
    }

    private static func read(_ facts: [UInt8]) -> [String: JSONValue]? {
        var reader = JSONReader(facts)
        return try? reader.decode(JSONValue.self).object
    }
}
