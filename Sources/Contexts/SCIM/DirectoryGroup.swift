internal import JSONKit
internal import Kernel
internal import Postgres
internal import SCIMKit

/// A group of a directory, without its members.
struct DirectoryGroup: Sendable {
    let id: DirectoryGroupID
    var displayName: String
    var externalID: String?
    var version: Int
    let createdAt: Timestamp
    var updatedAt: Timestamp

    static let columns: SQL = "g.id, g.display_name, g.external_id, g.version, g.created_at, g.updated_at"

    /// - Parameter members: read from a request.
    init(_ members: Members, at now: Timestamp) {
        (id, version, createdAt, updatedAt) = (.new(at: now), 1, now, now)
        displayName = members["displayName"]?.string ?? ""
        externalID = members["externalId"]?.string
    }

    init(_ row: inout RowReader) throws {
        id = try row.next()
        displayName = try row.next()
        externalID = try row.next()
        version = Int(try row.next(Int32.self))
        createdAt = try row.next()
        updatedAt = try row.next()
    }

    /// What the directory may write, but for the members.
    var written: Members {
        get {
            var written: Members = ["displayName": .string(displayName)]
            written["externalId"] = externalID.map { .string($0) }
            return written
        }
        set {
            displayName = newValue["displayName"]?.string ?? displayName
            externalID = newValue["externalId"]?.string
        }
    }

    /// Who is in it counts, whether it is told or not.
    var tag: EntityTag { EntityTag(version) }

    /// - Parameter members: `nil` when nobody has asked for them.
    func told(members: [Members]?, base: String) -> ToldResource {
        let location = "\(base)/Groups/\(id)"
        var told = written
        told["id"] = .string("\(id)")
        told["schemas"] = [.string(URN.group)]
        told["meta"] = DirectoryUser.meta("Group", location, tag, createdAt, updatedAt)
        if let members, !members.isEmpty { told["members"] = .array(members.map { .object($0) }) }
        return ToldResource(members: told, tag: tag, location: location)
    }
}
