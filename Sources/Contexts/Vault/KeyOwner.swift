package import Kernel

/// Whose key seals: an organisation's, or that of the installation for what belongs to no organisation (a person's TOTP
/// secret). What belongs to an organisation is sealed with its own key, or its erasure would leave it readable.
package enum KeyOwner: Hashable, Sendable, CustomStringConvertible {
    case org(OrgID)
    case instance

    /// No organisation has the nil UUID (a constraint of `orgs`), so the installation's own keys live under it in the
    /// same tables, behind the same row-level security.
    static let instanceID = OrgID(bytes: [UInt8](repeating: 0, count: 16))

    var id: OrgID {
        switch self {
        case .org(let id): id
        case .instance: Self.instanceID
        }
    }

    init(id: OrgID) { self = id == Self.instanceID ? .instance : .org(id) }

    package var description: String {
        switch self {
        case .org(let id): "org:\(id)"
        case .instance: "instance"
        }
    }
}

/// Where a ciphertext stands. It is bound into it: moved to another row, column or table, it does not open.
package struct SealedPlace: Hashable, Sendable {
    package let table: String
    package let column: String
    /// The row's key within its organisation, as PostgreSQL prints it.
    package let row: String

    package init(table: String, column: String, row: String) {
        self.table = table
        self.column = column
        self.row = row
    }

    package init<Subject>(table: String, column: String, row: ID<Subject>) {
        self.init(table: table, column: column, row: row.description)
    }
}

/// The installation's own key, and an organisation's, are named by their ids alone.
package enum WrappingKeySubject {}
package typealias WrappingKeyID = ID<WrappingKeySubject>
package enum KeyRotationSubject {}
package typealias KeyRotationID = ID<KeyRotationSubject>

extension [UInt8] {
    /// Fields with their lengths before them: no two lists of fields have the same bytes.
    static func canonical(_ fields: [UInt8]...) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in fields {
            for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: field.count >> shift)) }
            bytes += field
        }
        return bytes
    }
}
