internal import Cryptography
internal import JSONKit
internal import JWTKit

/// A compact JWS (RFC 7515) as it came. Nothing in it is true before a key that we know has said so.
package struct SignedToken: Sendable {
    /// Why a text cannot be a token that is read here.
    package enum Fault: Error, Hashable, Sendable {
        /// Not three parts of base64url around JSON objects that say each thing once, or too large.
        case malformed
        /// Five parts: a JWE, for whose key nobody asked.
        case encrypted
        /// The header wants something understood (`crit`, `b64`, `zip`) that is not.
        case critical
        /// `none`, however it is spelled.
        case unsigned
        /// An algorithm whose key both sides would share.
        case symmetric
        case unknownAlgorithm
        case malformedKeyID
    }

    /// A person in hundreds of groups has a token of some 20 KiB.
    package static let mostBytes = 131_072

    package let algorithm: SigningAlgorithm
    package let keyID: String?
    /// `typ` of the header, in lower case and without `application/`.
    package let type: String?
    package let claims: ClaimSet
    private let text: String

    /// Keys and addresses that the header brings along (`jwk`, `jku`, `x5u`, `x5c`) are not looked at.
    package init(_ text: String) throws(Fault) {
        guard text.utf8.count <= Self.mostBytes else { throw .malformed }
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count != 5 else { throw .encrypted }
        guard parts.count == 3, let header = Self.object(parts[0]) else { throw .malformed }
        guard header["crit"] == nil, header["b64"] == nil, header["zip"] == nil else { throw .critical }
        algorithm = try Self.algorithm(header["alg"])
        keyID = try Self.keyID(header["kid"])
        type = try Self.type(header["typ"])
        guard let claims = Self.object(parts[1]), Base64URL.decode(parts[2]) != nil else { throw .malformed }
        self.claims = claims
        self.text = text
    }

    private static func object(_ part: Substring.UTF8View) -> ClaimSet? {
        Base64URL.decode(part).flatMap(ClaimSet.init)
    }

    private static func algorithm(_ value: JSONValue?) throws(Fault) -> SigningAlgorithm {
        guard let name = value?.string else { throw .unknownAlgorithm }
        if let known = SigningAlgorithm.named(name) { return known }
        let folded = name.filter { $0.isLetter || $0.isNumber }.lowercased()
        if folded == "none" || folded.isEmpty { throw .unsigned }
        throw folded.hasPrefix("hs") ? .symmetric : .unknownAlgorithm
    }

    private static func keyID(_ value: JSONValue?) throws(Fault) -> String? {
        guard let value else { return nil }
        guard let id = value.string, (1...256).contains(id.utf8.count) else { throw .malformedKeyID }
        return id
    }

    private static func type(_ value: JSONValue?) throws(Fault) -> String? {
        guard let value else { return nil }
        guard let name = value.string?.lowercased(), name.utf8.count <= 64 else { throw .malformed }
        return name.hasPrefix("application/") ? String(name.dropFirst("application/".count)) : name
    }

    /// Whether this key made its signature, with the one algorithm that the key was asked for.
    package func isSigned(by key: PublicKey) async -> Bool {
        guard key.algorithm == algorithm else { return false }
        // A collection of this one key: there is nothing for the token's header to choose.
        let collection = JWTKeyCollection()
        guard (try? await collection.add(jwk: key.jwk)) != nil else { return false }
        return (try? await collection.verify(text, as: AnyPayload.self)) != nil
    }
}

/// Signatures are JWTKit's matter, claims are ours.
private struct AnyPayload: JWTPayload {
    func verify(using algorithm: some JWTAlgorithm) {}
}
