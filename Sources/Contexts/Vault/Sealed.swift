internal import Crypto
internal import FoundationEssentials
internal import Kernel
internal import Postgres

/// A ciphertext as it stands in a column: 1 (format), id of the data key (16), nonce (12), ciphertext, tag (16).
///
/// It goes into a `bytea` column and comes out of one, and nowhere else: it is neither `Encodable` nor `JSONEncodable`,
/// and a log shows `<sealed>`.
package struct Sealed: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    static let format: UInt8 = 1
    /// What sealing adds to the plain bytes.
    package static let overhead = 1 + 16 + 12 + 16

    let bytes: [UInt8]

    /// Bytes from a column. Whether they are a ciphertext shows when they are opened.
    init(bytes: [UInt8]) { self.bytes = bytes }

    package var description: String { "<sealed>" }
    package var debugDescription: String { "<sealed>" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// The data key it names; `nil` when this is no ciphertext of ours.
    var keyID: DataKeyID? {
        guard bytes.count >= Self.overhead, bytes[0] == Self.format else { return nil }
        return DataKeyID(bytes: bytes[1..<17])
    }

    static func seal(
        _ plain: Secret<[UInt8]>, under key: DataKeyMaterial, for owner: KeyOwner, at place: SealedPlace
    ) throws -> Sealed {
        // A random nonce of 96 bits is safe for 2^32 messages under one key (NIST SP 800-38D); a key that comes near is
        // rotated long before.
        let box = try AES.GCM.seal(
            plain.reveal(), using: key.secret, authenticating: bound(to: key.id, owner, place))
        guard let combined = box.combined else { throw VaultError.damaged }
        return Sealed(bytes: [format] + key.id.bytes + combined)
    }

    func open(under key: DataKeyMaterial, for owner: KeyOwner, at place: SealedPlace) throws -> Secret<[UInt8]> {
        guard keyID == key.id, let box = try? AES.GCM.SealedBox(combined: bytes.dropFirst(17)),
            let plain = try? AES.GCM.open(
                box, using: key.secret, authenticating: Self.bound(to: key.id, owner, place))
        else { throw VaultError.damaged }
        return Secret(Array(plain))
    }

    private static func bound(to key: DataKeyID, _ owner: KeyOwner, _ place: SealedPlace) -> [UInt8] {
        .canonical(
            Array("pulse-sealed".utf8), [format], key.bytes, Array(owner.description.utf8), Array(place.table.utf8),
            Array(place.column.utf8), Array(place.row.utf8))
    }
}

extension Sealed: PostgresEncodable, PostgresDecodable {
    package static var type: UInt32 { 17 }
    package static var arrayType: UInt32 { 1001 }
    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes += self.bytes
        return true
    }
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> Sealed? {
        type == 17 ? Sealed(bytes: Array(bytes)) : nil
    }
}

/// An unwrapped data key. The bytes are wiped when the last copy goes (`SymmetricKey` does that).
struct DataKeyMaterial: Sendable {
    let id: DataKeyID
    let secret: SymmetricKey
}
