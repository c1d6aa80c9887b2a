internal import JSONKit
internal import Kernel
internal import Postgres
internal import SCIMKit

/// Carries out what a request does to the members of one group, one change after the other.
struct GroupMoves: Sendable {
    let store: GroupStore
    let group: DirectoryGroupID
    let base: String

    /// - Returns: whoever came or went.
    func make(_ changes: [MemberChange]) async throws -> Set<DirectoryUserID> {
        var moved: Set<DirectoryUserID> = []
        for change in changes {
            switch change {
            case .add(let texts): moved.formUnion(try await store.add(texts, to: group))
            case .remove(let texts):
                moved.formUnion(try await store.remove(texts.compactMap { DirectoryUserID($0) }, from: group))
            case .replace(let texts):
                let kept = Set(texts.compactMap { DirectoryUserID($0) })
                let gone = try await store.memberIDs(of: group).filter { !kept.contains($0) }
                moved.formUnion(try await store.remove(gone, from: group))
                moved.formUnion(try await store.add(texts, to: group))
            case .removeWhere(let filter): moved.formUnion(try await remove(where: filter))
            }
        }
        return moved
    }

    private func remove(where filter: Filter) async throws -> [DirectoryUserID] {
        let all = try await store.toldMembers(of: group, base: base)
        let chosen = all.filter(filter.matches).compactMap { $0["value"]?.string.flatMap { DirectoryUserID($0) } }
        return try await store.remove(chosen, from: group)
    }
}

extension GroupStore {
    fileprivate func toldMembers(of group: DirectoryGroupID, base: String) async throws -> [Members] {
        let answer = try await rows(Self.members(of: [group], limit: Bounds.groupMembers))
        return try Self.readMembers(answer, base: base)[group] ?? []
    }
}
