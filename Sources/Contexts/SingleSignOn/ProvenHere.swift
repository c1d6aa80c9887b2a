internal import Kernel
internal import SignOnKit
internal import Vault

extension ProvenPerson {
    /// The key of `sso_links`.
    func subjectHash(at provider: IdentityProvider) -> [UInt8] {
        subjectHash(at: provider.id, speaking: provider.speech.type)
    }
}

extension LogoutNote {
    static func place(of session: SessionID) -> SealedPlace {
        SealedPlace(table: "sso_sessions", column: "logout", row: "\(session)")
    }
}
