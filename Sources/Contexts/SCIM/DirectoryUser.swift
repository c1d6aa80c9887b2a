internal import Cryptography
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SCIMKit

/// A user of a directory, and whom it stands for here.
struct DirectoryUser: Sendable {
    let id: DirectoryUserID
    /// As the directory wrote it.
    var members: Members {
        didSet { isActive = members["active"]?.bool ?? isActive }
    }
    /// What `active` said last: taking it away says nothing.
    private(set) var isActive: Bool
    var version: Int
    /// The person, once the user was active.
    var person: UserID?
    let createdAt: Timestamp
    var updatedAt: Timestamp

    static let columns: SQL = "u.id, u.resource, u.is_active, u.version, u.user_id, u.created_at, u.updated_at"

    /// - Parameter members: read from a request.
    init(_ members: Members, at now: Timestamp) {
        (id, version, person, createdAt, updatedAt) = (.new(at: now), 1, nil, now, now)
        isActive = members["active"]?.bool ?? true
        self.members = members.merging(["active": true]) { told, _ in told }
    }

    init(_ row: inout RowReader) throws {
        id = try row.next()
        members = try JSONValue(json: Array(try row.next(String.self).utf8)).object ?? [:]
        isActive = try row.next()
        version = Int(try row.next(Int32.self))
        person = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }

    var userName: String { members["userName"]?.string ?? "" }
    var externalID: String? { members["externalId"]?.string }
    var resource: String { String(decoding: JSONValue.object(members).json, as: UTF8.self) }

    /// What people in Pulse see: the display name, else the name's parts, else the user name.
    var shownName: String {
        let name = members["name"]
        let parts = [name?["givenName"], name?["familyName"]].compactMap { $0?.string }
        let candidates: [String?] = [
            members["displayName"]?.string, name?["formatted"]?.string, parts.joined(separator: " "),
        ]
        return candidates.compactMap { $0?.trimmed }.first { !$0.isEmpty } ?? userName
    }

    /// The address that counts: the primary one, the one for work, any; else the user name where it is one.
    var email: EmailAddress? {
        let listed = members["emails"]?.array ?? []
        let ordered =
            listed.filter { $0["primary"] == true } + listed.filter { $0["type"]?.string?.lowercased() == "work" }
            + listed
        return ordered.lazy.compactMap { $0["value"]?.string.flatMap { EmailAddress($0) } }.first
            ?? EmailAddress(userName)
    }

    /// Lower case, each once.
    var emailKeys: [String] {
        let keys = (members["emails"]?.array ?? []).compactMap { $0["value"]?.string?.lowercased() }
        return Array(Set(keys)).sorted()
    }

    /// Changes with the groups that are told of the user, too: who was read with one role is not the same with another.
    private func tag(_ groups: [Members]) -> EntityTag {
        guard !groups.isEmpty else { return EntityTag(version) }
        let told = JSONValue.array(
            groups.map { .array([$0["value"] ?? .null, $0["display"] ?? .null]) })
        return EntityTag(version, mark: Base64URL.encode(Array(Digests.sha256(told.json).prefix(6))))
    }

    /// - Parameter groups: those the user is in, by id; `nil`: none.
    func told(groups: [Members]?, base: String) -> ToldResource {
        let location = "\(base)/Users/\(id)"
        var told = members
        told["id"] = .string("\(id)")
        told["schemas"] = .array(
            [.string(URN.user)] + (members[URN.enterprise] == nil ? [] : [.string(URN.enterprise)]))
        let tag = tag(groups ?? [])
        told["meta"] = Self.meta("User", location, tag, createdAt, updatedAt)
        if let groups, !groups.isEmpty { told["groups"] = .array(groups.map { .object($0) }) }
        return ToldResource(members: told, tag: tag, location: location)
    }

    static func meta(
        _ type: String, _ location: String, _ tag: EntityTag, _ created: Timestamp, _ updated: Timestamp
    ) -> JSONValue {
        [
            "resourceType": .string(type), "location": .string(location), "version": .string("\(tag)"),
            "created": .string(created.description), "lastModified": .string(updated.description),
        ]
    }
}
