internal import Kernel
internal import SignedXML

/// Reads a Response: first that it is put together as the standard says and no other way, then who signed what, then
/// what it says. The order decides which reason is told, not what is let in.
struct ResponseReader {
    private static let parts: Set<String> = [
        "Issuer", "Signature", "Extensions", "Status", "Assertion", "EncryptedAssertion",
    ]
    /// Names that stand in their one place or nowhere, whatever namespace somebody gives them.
    private static let guarded: Set<String> = [
        "Response", "Assertion", "EncryptedAssertion", "Signature", "LogoutRequest", "LogoutResponse", "AuthnRequest",
    ]

    let settings: SAMLSettings
    let addresses: SAMLAddresses
    let entityID: String
    let issuer: String
    let keys: [XMLKey]
    let pair: XMLKeyPair?

    func read(_ incoming: SAMLIncoming, awaiting requestID: String?, at now: Timestamp) throws(SAMLRefusal) -> SAMLLogin
    {
        guard incoming.kind == .response, !incoming.isRedirect else { throw SAMLRefusal(.notAResponse) }
        let root = incoming.document.root
        guard root["Version"] == "2.0" else { throw SAMLRefusal(.wrongVersion) }
        try checkPlaces(of: root)
        try checkStatus(root)
        try checkParts(root)
        let (response, verified) = try verified(incoming.document)
        try check(response, isSigned: response.isSigned, awaiting: requestID, now)
        if settings.wantAssertionsSigned, !verified.isSignedItself { throw SAMLRefusal(.assertionUnsigned) }
        return try login(try Assertion(verified), awaiting: requestID, at: now)
    }

    // MARK: - How it is put together

    private func checkPlaces(of root: XMLElement) throws(SAMLRefusal) {
        var seen: [String: Int] = [:]
        root.walk { element in if Self.guarded.contains(element.name) { seen[element.name, default: 0] += 1 } }
        let assertions = root.children("Assertion", in: Names.assertion)
        let sealed = root.children("EncryptedAssertion", in: Names.assertion)
        guard seen["Assertion", default: 0] == assertions.count, seen["EncryptedAssertion", default: 0] == sealed.count,
            seen["Response"] == 1, seen["LogoutRequest"] == nil, seen["LogoutResponse"] == nil,
            seen["AuthnRequest"] == nil
        else { throw SAMLRefusal(.misplacedAssertion) }
        let signed = ([root] + assertions).reduce(0) { $0 + $1.children("Signature", in: Names.signature).count }
        guard seen["Signature", default: 0] == signed else { throw SAMLRefusal(.misplacedSignature) }
        guard assertions.count + sealed.count <= 1 else { throw SAMLRefusal(.severalAssertions) }
    }

    private func checkParts(_ root: XMLElement) throws(SAMLRefusal) {
        for child in root.elements {
            guard Self.parts.contains(child.name),
                [Names.message, Names.assertion, Names.signature].contains(child.space)
            else { throw SAMLRefusal(.unexpectedElement, child.name) }
        }
    }

    private func checkStatus(_ root: XMLElement) throws(SAMLRefusal) {
        let status = root.only("Status", in: Names.message)
        let code = status?.only("StatusCode", in: Names.message)
        guard code?["Value"] == Names.success else {
            let finer = code?.elements.first?["Value"] ?? code?["Value"]
            let words = status?.only("StatusMessage", in: Names.message)?.content
            throw SAMLRefusal(.statusRefused, [finer, words].compactMap { $0 }.joined(separator: " "))
        }
    }

    // MARK: - Who signed it

    private typealias Outer = (element: XMLElement, isSigned: Bool)

    /// Every signature that is there has to hold. What the response's covers is read from there, the assertion from its own.
    private func verified(_ document: XMLDocument) throws(SAMLRefusal) -> (Outer, VerifiedElement) {
        let root = document.root
        var response: VerifiedElement?
        if !root.children("Signature", in: Names.signature).isEmpty {
            response = try translated { () throws(XMLRefusal) in try document.verified(.root, by: keys) }
        }
        let outer: Outer = response.map { ($0.element, true) } ?? (root, false)
        if let assertion = root.only("Assertion", in: Names.assertion) {
            guard settings.allowUnencrypted else { throw SAMLRefusal(.unencrypted) }
            return (outer, try plain(assertion, in: document, response))
        }
        guard let sealed = outer.element.only("EncryptedAssertion", in: Names.assertion) else {
            throw SAMLRefusal(.noAssertion)
        }
        let opened = try opened(sealed, response)
        try checkPlaces(ofOpened: opened.element)
        return (outer, opened)
    }

    private func plain(
        _ assertion: XMLElement, in document: XMLDocument, _ response: VerifiedElement?
    ) throws(SAMLRefusal) -> VerifiedElement {
        if !assertion.children("Signature", in: Names.signature).isEmpty {
            return try translated { () throws(XMLRefusal) in
                try document.verified(.child("Assertion", in: Names.assertion), by: keys)
            }
        }
        guard let response else { throw SAMLRefusal(.unsigned) }
        guard let vouchedFor = response.only("Assertion", in: Names.assertion) else { throw SAMLRefusal(.noAssertion) }
        return vouchedFor
    }

    private func opened(_ sealed: XMLElement, _ response: VerifiedElement?) throws(SAMLRefusal) -> VerifiedElement {
        guard let pair else { throw SAMLRefusal(.noDecryptionKey) }
        return try translated { () throws(XMLRefusal) in
            guard let vouchedFor = response?.only("EncryptedAssertion", in: Names.assertion) else {
                return try EncryptedElement(sealed).opened(by: pair).verified(.root, by: keys)
            }
            return try vouchedFor.opened(by: pair, signedBy: keys)
        }
    }

    /// What was sealed is as suspicious as the rest until it has been looked at. Its own signature is not in it any more, if
    /// that was what was verified.
    private func checkPlaces(ofOpened assertion: XMLElement) throws(SAMLRefusal) {
        var seen = 0
        assertion.walk { element in if Self.guarded.contains(element.name) { seen += 1 } }
        guard assertion.is("Assertion", in: Names.assertion), seen == 1 else { throw SAMLRefusal(.misplacedAssertion) }
    }

    // MARK: - What it says

    private func check(
        _ response: Outer, isSigned: Bool, awaiting requestID: String?, _ now: Timestamp
    ) throws(SAMLRefusal) {
        let element = response.element
        // The standard wants a signed message to say where it goes; of an unsigned one the assertion says it.
        guard element["Destination"].map({ $0 == addresses.acs }) ?? !isSigned else {
            throw SAMLRefusal(.wrongDestination, element["Destination"])
        }
        try Issuer.check(element, is: issuer, isNeeded: false)
        guard let issuedAt = try SAMLTime.read("IssueInstant", of: element) else { throw SAMLRefusal(.badTime) }
        try SAMLTime.checkAge(issuedAt, now, settings.skew)
        if let requestID {
            guard element["InResponseTo"] == requestID else {
                throw SAMLRefusal(.wrongInResponseTo, element["InResponseTo"])
            }
        } else {
            guard element["InResponseTo"] == nil, settings.allowIdpInitiated else { throw SAMLRefusal(.unsolicited) }
        }
    }

    private func login(
        _ assertion: Assertion, awaiting requestID: String?, at now: Timestamp
    ) throws(SAMLRefusal) -> SAMLLogin {
        let expiresAt = try assertion.check(
            Assertion.Expected(
                issuer: issuer, audience: entityID, recipient: addresses.acs, requestID: requestID, now: now,
                skew: settings.skew))
        let session = try SignInStatement(assertion.element, now, settings.skew)
        let attributes = try AttributeReader(assertion.element, settings)
        let reader = SubjectReader(settings: settings, pair: pair, keys: keys)
        let subject = try reader.subject(of: assertion, attributes)
        return SAMLLogin(
            subject: subject, username: attributes.username ?? subject.name?.value,
            email: attributes.email(subject.name), displayName: attributes.displayName, groups: attributes.groups,
            attributes: attributes.all, authenticatedAt: session.authenticatedAt, methods: session.methods,
            sessionIndex: session.index, endsAt: session.endsAt, inResponseTo: requestID, assertionID: assertion.id,
            expiresAt: expiresAt)
    }
}
