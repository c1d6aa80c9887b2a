internal import JSONKit
internal import Kernel
internal import Postgres

/// Who of an archive's people is a member afterwards.
///
/// An archive that this installation has signed, brought by someone who owned the organisation, brings its members along:
/// they have said yes to it once. From anywhere else only whoever brings it becomes a member; the others are invited, and
/// nothing that needs them comes in.
struct ImportedPeople {
    private let person: UserID
    private let email: String
    /// The archive is ours, and brought by an owner of what is in it.
    private let bringsAlong: Bool
    private let transaction: Transaction
    /// In the archive's words: who is in.
    private(set) var members: Set<String> = []
    private var outsiders: [(email: String, role: String)] = []
    /// The id that whoever brings the archive has in it.
    private var ownID: String?

    var cameAlong: Bool { ownID != nil }

    init(person: UserID, bringsAlong: Bool, transaction: Transaction) async throws {
        self.person = person
        self.bringsAlong = bringsAlong
        self.transaction = transaction
        email =
            try await transaction.first("SELECT email FROM person(\(person))") { try $0.next(String.self) } ?? ""
    }

    mutating func meet(_ rows: [ArrivingRows.Row]) async throws {
        let everyone = rows.map { (id: $0.json["user_id"]?.string ?? "", email: $0.json["email"]?.string ?? "", $0) }
        for (id, email, _) in everyone where email.lowercased() == self.email.lowercased() { ownID = id }
        if bringsAlong {
            let known = everyone.compactMap { one in UserID(one.id).map { (id: $0, email: one.email) } }
            let here = try await transaction.rows(
                "SELECT * FROM people_here(\(known.map(\.id)), \(known.map(\.email)))"
            ) { try $0.next(UserID.self) }
            members.formUnion(here.map(\.description))
        }
        if let ownID { members.insert(ownID) }
        for (id, email, row) in everyone where !members.contains(id) {
            outsiders.append((email, row.json["role"]?.string ?? "viewer"))
        }
    }

    /// Whether a row has everyone it needs.
    func mayCome(_ row: ArrivingRows.Row, of table: PortableTable) -> Bool {
        for column in table.columns {
            guard let value = row.json[column.name]?.string else { continue }
            let needsMember =
                (table.name == "members" && column.name == "user_id") || column.references.contains("members")
            if needsMember, !members.contains(value) { return false }
            // Other organisations have not said yes to anything that somebody else brings.
            if !bringsAlong, column.references.contains("orgs") { return false }
        }
        return bringsAlong || table.name != "invitations" || row.json["ended_at"] != .null
    }

    /// Under the id they have here.
    func rename(_ row: inout ArrivingRows.Row, of table: PortableTable) {
        guard let ownID, ownID != person.description, table.name != "prior_trails" else { return }
        row.text = row.text.replacing(ownID, with: person.description)
    }

    /// Invitations for those who are not members: seen by whoever signs in with the address.
    func invitations(to org: OrgID, at now: Timestamp) throws(ArchiveRefusal) -> [ArrivingRows.Row] {
        var addresses: Set<String> = []
        return outsiders.prefix(PortabilityLimits.invited).compactMap { outsider in
            guard addresses.insert(outsider.email.lowercased()).inserted, outsider.email.utf8.count <= 254 else {
                return nil
            }
            let role = ["auditor", "viewer", "editor", "admin"].contains(outsider.role) ? outsider.role : "viewer"
            var json = JSONWriter()
            json.object { json in
                json.member("org_id", org)
                json.member("id", InvitationID.new(at: now))
                json.member("email", outsider.email)
                json.member("email_key", outsider.email.lowercased())
                json.member("role", role)
                json.member("invited_by", person)
                json.member("created_at", now)
                json.member("expires_at", now + .seconds(7 * 86_400))
            }
            return ArrivingRows.Row(number: 0, text: String(decoding: json.bytes, as: UTF8.self), json: .null)
        }
    }
}
