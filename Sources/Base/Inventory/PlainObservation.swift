import Kernel

/// A platform, and whoever is inside one of its guests, may say anything: control characters that nobody can store, text
/// without end. One such word must not keep all the others of its organisation from being stored.
extension Observation {
    /// Bytes. An index of PostgreSQL holds 2,704 of all that stands in one row of it.
    private static let (longestKey, longestName, longestTag, mostTags) = (512, 256, 128, 64)

    /// What it is known by and shown as, in plain lines of bounded length. `facts` and `live` are JSON, which may hold any
    /// text.
    package mutating func makePlain() {
        guard !isCertainlyPlain else { return }
        if name.isEmpty { name = key }
        key = key.asKey(limit: Self.longestKey)
        scope = Self.plainKey(scope)
        parent = parent?.asKey(limit: Self.longestKey)
        name = name.asLine(limit: Self.longestName)
        technology = technology?.asLine(limit: Self.longestTag)
        for (index, one) in evidence.enumerated() {
            evidence[index] = Evidence(one.kind, one.value.asKey(limit: Self.longestKey * 2))
        }
        tags = Self.plain(tags, most: Self.mostTags, limit: Self.longestTag)
        identity.makePlain(most: Self.mostTags, limit: Self.longestName)
    }

    /// Nearly always, and then nothing is copied: this is asked of every thing in every poll.
    private var isCertainlyPlain: Bool {
        func all(_ texts: [String]) -> Bool {
            texts.count <= Self.mostTags && texts.allSatisfy { $0.isPlainASCII(limit: Self.longestTag) }
        }
        return !name.isEmpty && name.isPlainASCII(limit: Self.longestName) && key.isPlainASCII(limit: Self.longestKey)
            && scope.isPlainASCII(limit: Self.longestKey) && parent?.isPlainASCII(limit: Self.longestKey) != false
            && technology?.isPlainASCII(limit: Self.longestTag) != false
            && evidence.allSatisfy { $0.value.isPlainASCII(limit: Self.longestKey * 2) } && all(tags)
            && identity.machineID?.isPlainASCII(limit: Self.longestTag) != false
            && identity.dmiUUID?.isPlainASCII(limit: Self.longestTag) != false && all(identity.hostnames)
            && all(identity.ipAddresses) && all(identity.macAddresses) && all(identity.clusterNames)
    }

    package static func plainKey(_ name: String) -> String { name.asKey(limit: longestKey) }

    fileprivate static func plain(_ texts: [String], most: Int, limit: Int) -> [String] {
        texts.prefix(most).map { $0.asLine(limit: limit) }
    }
}

extension ResourceIdentity {
    fileprivate mutating func makePlain(most: Int, limit: Int) {
        machineID = machineID?.asKey(limit: limit)
        dmiUUID = dmiUUID?.asKey(limit: limit)
        hostnames = Observation.plain(hostnames, most: most, limit: limit)
        ipAddresses = Observation.plain(ipAddresses, most: most, limit: limit)
        macAddresses = Observation.plain(macAddresses, most: most, limit: limit)
        clusterNames = Observation.plain(clusterNames, most: most, limit: limit)
    }
}
