package import Cryptography
package import Kernel

/// The key that signs this installation's checkpoints and exports, and those that are believed.
package struct TrailKeys: Sendable {
    package let signing: SigningKey
    /// The present one and its predecessors.
    package let trusted: Set<VerifyingKey>

    /// - Parameters:
    ///   - secret: the installation's secret key; the signing key is derived from it and stands nowhere else.
    ///   - former: public keys of earlier secrets, so that what they signed stays believed.
    package init(secret: Secret<[UInt8]>, former: [VerifyingKey] = []) {
        signing = SigningKey(seed: Digests.derivedKey(from: secret, purpose: "pulse audit signing key"))
        trusted = Set(former + [signing.verifying])
    }
}
