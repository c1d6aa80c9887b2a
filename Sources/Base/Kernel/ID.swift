package import FoundationEssentials

/// A UUID that remembers what it identifies; in JSON and SQL it is just the UUID, lower case.
package struct ID<Subject>: Hashable, Sendable, Comparable, CustomStringConvertible, LosslessStringConvertible {
    package let uuid: UUID

    package init(_ uuid: UUID) { self.uuid = uuid }

    /// Reads the 36-character form in either case; anything else is `nil`.
    package init?(_ text: String) {
        guard text.utf8.count == 36, let uuid = UUID(uuidString: text) else { return nil }
        self.uuid = uuid
    }

    // Written and compared in hot paths: one allocation, and none.

    package var description: String {
        String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            func write(_ digit: UInt8) {
                text[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                place += 1
            }
            withUnsafeBytes(of: uuid.uuid) { bytes in
                for (index, byte) in bytes.enumerated() {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        text[place] = UInt8(ascii: "-")
                        place += 1
                    }
                    write(byte >> 4)
                    write(byte & 15)
                }
            }
            return place
        }
    }

    /// By the 16 bytes in network order, as PostgreSQL does.
    package static func < (left: Self, right: Self) -> Bool { left.halves < right.halves }

    private var halves: (UInt64, UInt64) {
        withUnsafeBytes(of: uuid.uuid) { bytes in
            (
                UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    /// The 16 bytes in network order.
    package var bytes: [UInt8] { withUnsafeBytes(of: uuid.uuid) { Array($0) } }

    /// - Precondition: exactly 16 bytes.
    package init(bytes: some Collection<UInt8>) {
        precondition(bytes.count == 16, "a UUID has 16 bytes")
        var value = uuid_t(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: bytes) }
        self.uuid = UUID(uuid: value)
    }

    /// A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then randomness; ids made later sort later.
    package static func new(at now: Timestamp, from randomness: Randomness = .system) -> Self {
        var bytes = randomness.bytes(16)
        let milliseconds = UInt64(bitPattern: now.milliseconds)
        for index in 0..<6 { bytes[index] = UInt8(truncatingIfNeeded: milliseconds >> UInt64(40 - 8 * index)) }
        bytes[6] = 0x70 | (bytes[6] & 0x0F)
        bytes[8] = 0x80 | (bytes[8] & 0x3F)
        return Self(bytes: bytes)
    }

    /// A UUIDv8 (RFC 9562) from the first 16 bytes of a digest: the same evidence always gives the same id.
    /// - Precondition: at least 16 bytes.
    package static func deterministic(fromDigest digest: some Collection<UInt8>) -> Self {
        var bytes = Array(digest.prefix(16))
        bytes[6] = 0x80 | (bytes[6] & 0x0F)
        bytes[8] = 0x80 | (bytes[8] & 0x3F)
        return Self(bytes: bytes)
    }
}

// The subjects are never instantiated: they only tell one id from another.
package enum Organisation {}
package enum User {}
package enum LoginSession {}
package enum EmailLink {}
package enum Agent {}
package enum EnrollmentToken {}
package enum Resource {}
package enum Connection {}
package enum AuditEntry {}
package enum Operator {}
package enum OperatorLogin {}
package enum OperatorLogEntry {}
package enum APIToken {}
package enum Site {}
package enum Invitation {}
package enum ProviderGrant {}
package enum SupportConsent {}
package enum CustomRole {}
package enum OrgShare {}
package enum DataKey {}
package enum Passkey {}
package enum KnownBrowser {}
package enum SRPExchange {}
package enum AuditStream {}
package enum TimelineEntry {}
package enum IssuerTrust {}
package enum ExternalSubject {}
package enum SSOAttempt {}
package enum DirectoryToken {}
package enum DirectoryPerson {}
package enum DirectoryTeam {}

package typealias OrgID = ID<Organisation>
package typealias UserID = ID<User>
package typealias SessionID = ID<LoginSession>
package typealias EmailLinkID = ID<EmailLink>
package typealias AgentID = ID<Agent>
package typealias EnrollmentTokenID = ID<EnrollmentToken>
package typealias ResourceID = ID<Resource>
package typealias ConnectionID = ID<Connection>
package typealias AuditEntryID = ID<AuditEntry>
package typealias OperatorID = ID<Operator>
package typealias OperatorSessionID = ID<OperatorLogin>
package typealias OperatorLogEntryID = ID<OperatorLogEntry>
package typealias TokenID = ID<APIToken>
package typealias SiteID = ID<Site>
package typealias InvitationID = ID<Invitation>
package typealias ProviderGrantID = ID<ProviderGrant>
package typealias SupportConsentID = ID<SupportConsent>
package typealias CustomRoleID = ID<CustomRole>
package typealias OrgShareID = ID<OrgShare>
package typealias DataKeyID = ID<DataKey>
package typealias PasskeyID = ID<Passkey>
package typealias KnownDeviceID = ID<KnownBrowser>
package typealias SRPHandshakeID = ID<SRPExchange>
package typealias AuditStreamID = ID<AuditStream>
package typealias ResourceChangeID = ID<TimelineEntry>
package typealias TrustedIssuerID = ID<IssuerTrust>
package typealias ExternalSubjectID = ID<ExternalSubject>
package typealias SSOAttemptID = ID<SSOAttempt>
package typealias DirectoryTokenID = ID<DirectoryToken>
package typealias DirectoryUserID = ID<DirectoryPerson>
package typealias DirectoryGroupID = ID<DirectoryTeam>
