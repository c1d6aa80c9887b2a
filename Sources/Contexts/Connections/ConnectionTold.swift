internal import HTTPKit
internal import Inventory
internal import JSONKit
internal import Kernel

/// What the trail may say of a connection: never its secret, and of its address only that it is another, since the trail
/// is not sealed.
extension ConnectionConfiguration {
    var told: JSONValue { .object(members) }

    /// Beside what was there before.
    func told(renewingSecret isRenewed: Bool, from old: ConnectionConfiguration) -> JSONValue {
        var all = members
        if isRenewed { all["newSecretSet"] = true }
        if host != old.host { all["newAddress"] = true }
        return .object(all)
    }

    private var members: [String: JSONValue] {
        var members: [String: JSONValue] = [
            "kind": .string(kind.rawValue), "name": .string(name), "port": .integer(Int64(port)),
            "trust": .string(trust.mode), "cadenceSeconds": .integer(cadence.components.seconds),
            "adaptive": .bool(isAdaptive), "enabled": .bool(isEnabled), "tags": .array(tags.map { .string($0) }),
        ]
        members["fingerprint"] = trust.pin.map { .string(Fingerprint.text($0)) }
        members["signInName"] = credential.name.map { .string($0) }
        members["siteId"] = site.map { .string("\($0)") }
        members["probe"] = probe?.json
        members["agentId"] = route.agent.map { .string("\($0)") }
        return members
    }
}

extension StoredConnection {
    /// Its address stays shut; nobody needs it to be told that it went.
    var told: JSONValue { ConnectionConfiguration(self, host: "").told }
}

extension APIRequest {
    /// The revision that `If-Match` names; `nil` without one, or with `*`. What is no tag of ours fits nothing.
    func wantedRevision() -> Int64? {
        guard let header = headers["if-match"]?.trimmed, header != "*" else { return nil }
        let tag = header.filter { $0 != "\"" }
        return Int64(tag.prefix { $0 != "." }) ?? -1
    }
}
