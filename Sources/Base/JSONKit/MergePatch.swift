/// RFC 7396: what turns one JSON value into another.
public enum MergePatch {
    /// - Returns: the patch from `old` to `new`; `nil` when they are equal. A member that went is `null`, so neither
    ///   side may hold nulls of its own.
    public static func between(_ old: JSONValue, _ new: JSONValue) -> JSONValue? {
        guard old != new else { return nil }
        guard case .object(let before) = old, case .object(let after) = new else { return new }
        var patch: [String: JSONValue] = [:]
        for (key, value) in after {
            guard let earlier = before[key] else {
                patch[key] = value
                continue
            }
            patch[key] = between(earlier, value)
        }
        for key in before.keys where after[key] == nil { patch[key] = .null }
        return .object(patch)
    }

    public static func apply(_ patch: JSONValue, to target: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var members = target.object ?? [:]
        for (key, change) in changes {
            if change == .null {
                members.removeValue(forKey: key)
            } else {
                members[key] = apply(change, to: members[key] ?? .null)
            }
        }
        return .object(members)
    }
}
