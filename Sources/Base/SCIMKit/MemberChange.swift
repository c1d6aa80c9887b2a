package import JSONKit
package import Kernel

/// What a PATCH does to the members of a group. Groups are large, so nobody reads all members to change a few.
package enum MemberChange: Sendable, Hashable {
    case add([String])
    case remove([String])
    case replace([String])
    /// Those that a filter chooses by more than their id.
    case removeWhere(Filter)

    /// Parts a PATCH of a group into what concerns its members and the rest.
    /// - Throws: 400 `scim-mutability` for changing a member into another, `scim-invalid-value`.
    package static func split(
        _ operations: [PatchOperation]
    ) throws(Problem) -> (changes: [MemberChange], rest: [PatchOperation]) {
        var (changes, rest): ([MemberChange], [PatchOperation]) = ([], [])
        for operation in operations {
            if let path = operation.path {
                guard path.isMembers else {
                    rest.append(operation)
                    continue
                }
                changes.append(try MemberChange(operation.verb, path, operation.value))
            } else {
                var named = operation.value?.object ?? [:]
                for (name, value) in named.sorted(by: { $0.key < $1.key }) {
                    guard let path = try? PatchPath(name, of: .group), path.isMembers else { continue }
                    changes.append(try MemberChange(operation.verb, path, value))
                    named[name] = nil
                }
                if !named.isEmpty { rest.append(PatchOperation(operation.verb, nil, .object(named))) }
            }
        }
        return (changes, rest)
    }

    private init(_ verb: PatchOperation.Verb, _ path: PatchPath, _ value: JSONValue?) throws(Problem) {
        guard path.address.part == nil, path.filter == nil || verb == .remove else {
            throw .scim(.mutability, "A member comes and goes; it does not change.")
        }
        switch (verb, path.filter) {
        case (.remove, let filter?): self = filter.template?.onlyValue.map { .remove([$0]) } ?? .removeWhere(filter)
        case (.remove, nil): self = try Self.isNothing(value) ? .replace([]) : .remove(Self.ids(in: value ?? .null))
        case (.replace, _): self = .replace(try Self.ids(in: value ?? .null))
        case (.add, _): self = .add(try Self.ids(in: value ?? .null))
        }
    }

    private static func isNothing(_ value: JSONValue?) -> Bool { value == nil || value == .null }

    /// The ids that a list of members names, each once.
    /// - Throws: 400 `scim-invalid-value`.
    package static func ids(in value: JSONValue) throws(Problem) -> [String] {
        if value == .null { return [] }
        let listed = value.array ?? [value]
        guard listed.count <= Bounds.groupMembers else {
            throw .scim(.invalidValue, "A group has at most \(Bounds.groupMembers) members.")
        }
        var (ids, seen): ([String], Set<String>) = ([], [])
        for one in listed {
            guard let id = one.string ?? one.member("value")?.string else {
                throw .scim(.invalidValue, "A member is named by the “value” of a user.")
            }
            if let type = one.member("type")?.string, type.lowercased() != "user" {
                throw .scim(.invalidValue, "Only users are members of groups.")
            }
            if seen.insert(id).inserted { ids.append(id) }
        }
        return ids
    }
}

extension PatchPath {
    fileprivate var isMembers: Bool { address.schema == nil && address.attribute?.name == "members" }
}

extension Members {
    /// The id, when nothing else is said.
    fileprivate var onlyValue: String? { count == 1 ? self["value"]?.string : nil }
}
