internal import Compression
internal import Kernel
internal import SignedXML

/// What a browser brought. Read within bounds, and believed in nothing.
package struct SAMLIncoming: Sendable {
    package enum Kind: String, Sendable {
        case response = "Response"
        case logoutRequest = "LogoutRequest"
        case logoutResponse = "LogoutResponse"
    }

    /// How a query was signed; the bytes are those of the query as it came.
    struct QuerySignature: Sendable {
        let algorithm: String
        let signature: [UInt8]
        let signed: [UInt8]
    }

    package let kind: Kind
    /// Of the redirect binding; with the POST binding it is a field of the form.
    package let relayState: String?
    let document: XMLDocument
    /// `nil` for the POST binding, where the signature is in the message.
    let query: QuerySignature?
    let isRedirect: Bool

    /// Not verified: only to find what was stored about the request.
    package var inResponseTo: String? { document.root["InResponseTo"] }
    /// Not verified.
    package var issuer: String? { document.root.only("Issuer", in: Names.assertion)?.content }

    /// - Parameter field: `SAMLResponse` or `SAMLRequest` of a form.
    package init(post field: String) throws(SAMLRefusal) {
        // Four letters for three bytes, and the line ends that some write.
        guard field.utf8.count <= XMLBounds.message.bytes * 3 / 2 else { throw SAMLRefusal(.tooLarge) }
        guard let bytes = Base64Text.decode(field) else { throw SAMLRefusal(.notBase64) }
        try self.init(bytes, relayState: nil, query: nil, isRedirect: false)
    }

    /// - Parameter rawQuery: as it came, nothing decoded.
    package init(redirect rawQuery: String) throws(SAMLRefusal) {
        guard rawQuery.utf8.count <= 65_536 else { throw SAMLRefusal(.tooLarge) }
        let query = try SignedQuery(rawQuery)
        guard let packed = Base64Text.decode(query.message) else { throw SAMLRefusal(.notBase64) }
        let bytes: [UInt8]
        do throws(CompressionError) {
            bytes = try Packed.unpack(packed, limit: XMLBounds.message.bytes)
        } catch {
            if case .tooLarge = error { throw SAMLRefusal(.tooLarge) }
            throw SAMLRefusal(.malformed)
        }
        try self.init(bytes, relayState: query.relayState, query: query.signature, isRedirect: true)
    }

    private init(
        _ bytes: [UInt8], relayState: String?, query: QuerySignature?, isRedirect: Bool
    ) throws(SAMLRefusal) {
        document = try translated { () throws(XMLRefusal) in try XMLDocument(bytes, .message) }
        guard document.root.space == Names.message, let kind = Kind(rawValue: document.root.name) else {
            throw SAMLRefusal(.notAResponse, document.root.name)
        }
        self.kind = kind
        self.relayState = relayState
        self.query = query
        self.isRedirect = isRedirect
    }
}

/// The query of the redirect binding (SAML 2.0 Bindings, 3.4.4.1), each parameter at most once.
private struct SignedQuery {
    let message: String
    let relayState: String?
    let signature: SAMLIncoming.QuerySignature?

    init(_ query: String) throws(SAMLRefusal) {
        var found: [Substring: Substring] = [:]
        for part in query.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard ["SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature"].contains(pair[0]) else {
                continue
            }
            guard pair.count == 2, found.updateValue(pair[1], forKey: pair[0]) == nil else {
                throw SAMLRefusal(.malformed, "\(pair[0]) comes twice")
            }
        }
        let kinds = ["SAMLRequest", "SAMLResponse"].filter { found[$0[...]] != nil }
        guard kinds.count == 1, let raw = found[kinds[0][...]],
            let message = QueryText.decoded(raw.utf8, plusIsSpace: false)
        else { throw SAMLRefusal(.malformed, "neither SAMLRequest nor SAMLResponse") }
        self.message = message
        relayState = found["RelayState"].flatMap { QueryText.decoded($0.utf8, plusIsSpace: true) }
        guard let algorithm = found["SigAlg"], let value = found["Signature"] else {
            signature = nil
            return
        }
        guard let name = QueryText.decoded(algorithm.utf8, plusIsSpace: false),
            let text = QueryText.decoded(value.utf8, plusIsSpace: false), let bytes = Base64Text.decode(text)
        else { throw SAMLRefusal(.signatureShape) }
        let signed = [kinds[0], "RelayState", "SigAlg"].compactMap { name in found[name[...]].map { "\(name)=\($0)" } }
        signature = SAMLIncoming.QuerySignature(
            algorithm: name, signature: bytes, signed: Array(signed.joined(separator: "&").utf8))
    }
}
