internal import CFido

/// What an authenticator says when it makes a passkey and when it signs with one (WebAuthn level 2, ES256), read and
/// checked by libfido2. The caller checks what the browser adds: the challenge, the origin and what was asked for.
package enum PasskeyProof {
    /// A passkey as it is kept.
    package struct Key: Sendable {
        package let credentialID: [UInt8]
        /// The point on P-256, 32 bytes each of x and y.
        package let publicKey: [UInt8]
        /// Rises with each use, or stays 0 where an authenticator does not count.
        package let uses: UInt32
    }

    /// The person touched the authenticator and proved to it who they are (a finger, a PIN).
    private static let presentAndVerified: UInt8 = 0x01 | 0x04

    /// A new passkey's data; `nil` when it is another site's, was made without asking the person, or cannot be read.
    /// No attestation is wanted: who built the authenticator is nothing we decide by.
    package static func newKey(authenticatorData: [UInt8], site: String) -> Key? {
        guard authenticatorData.count > 37, Array(authenticatorData[..<32]) == Digests.sha256(site),
            authenticatorData[32] & presentAndVerified == presentAndVerified
        else { return nil }
        var credential = fido_cred_new()
        guard let made = credential else { return nil }
        defer { fido_cred_free(&credential) }
        guard fido_cred_set_type(made, pulse_cose_es256) == pulse_fido_ok,
            fido_cred_set_authdata_raw(made, authenticatorData, authenticatorData.count) == pulse_fido_ok,
            let id = fido_cred_id_ptr(made), let point = fido_cred_pubkey_ptr(made), fido_cred_pubkey_len(made) == 64
        else { return nil }
        return Key(
            credentialID: Array(UnsafeBufferPointer(start: id, count: fido_cred_id_len(made))),
            publicKey: Array(UnsafeBufferPointer(start: point, count: 64)), uses: fido_cred_sigcount(made))
    }

    /// How often the authenticator says the passkey was used; `nil` when the signature is not this key's over just these
    /// bytes, for this site, with the person present and verified.
    package static func uses(
        signedBy publicKey: [UInt8], authenticatorData: [UInt8], clientData: [UInt8], signature: [UInt8], site: String
    ) -> UInt32? {
        var assertion = fido_assert_new()
        var key = es256_pk_new()
        defer {
            fido_assert_free(&assertion)
            es256_pk_free(&key)
        }
        guard let assertion, let key, !signature.isEmpty, !clientData.isEmpty else { return nil }
        let steps = [
            es256_pk_from_ptr(key, publicKey, publicKey.count),
            fido_assert_set_clientdata(assertion, clientData, clientData.count), fido_assert_set_rp(assertion, site),
            fido_assert_set_count(assertion, 1),
            fido_assert_set_authdata_raw(assertion, 0, authenticatorData, authenticatorData.count),
            fido_assert_set_sig(assertion, 0, signature, signature.count),
            fido_assert_set_up(assertion, FIDO_OPT_TRUE), fido_assert_set_uv(assertion, FIDO_OPT_TRUE),
        ]
        guard steps.allSatisfy({ $0 == pulse_fido_ok }),
            fido_assert_verify(assertion, 0, pulse_cose_es256, UnsafeRawPointer(key)) == pulse_fido_ok
        else { return nil }
        return fido_assert_sigcount(assertion, 0)
    }
}
