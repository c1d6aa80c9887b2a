package import Kernel
internal import SignedXML

/// A provider's wish that somebody is signed out here. It is signed, or there is none.
package struct SAMLLogoutRequest: Sendable {
    /// To be remembered until `expiresAt`, so that it works once.
    package let id: String
    package let name: SAMLName
    /// Empty: all sessions of this person.
    package let sessionIndexes: [String]
    package let expiresAt: Timestamp

    /// Whether this session of ours is meant.
    package func names(_ session: SAMLSession) -> Bool {
        guard session.name.value == name.value, session.name.format == name.format else { return false }
        return sessionIndexes.isEmpty || session.index.map { sessionIndexes.contains($0) } ?? true
    }
}

extension SAMLServiceProvider {
    private var logoutEndpoint: SAMLEndpoint? {
        provider.logsOutAt.first { $0.binding == .redirect } ?? provider.logsOutAt.first
    }

    /// Tells the provider that somebody signs out here.
    /// - Returns: `nil` when it does not want to know.
    package func logOut(
        _ session: SAMLSession, id: String, relayState: String?, at now: Timestamp
    ) throws(SAMLRefusal) -> SAMLOutgoing? {
        guard let endpoint = logoutEndpoint else { return nil }
        let index = session.index.map { "<samlp:SessionIndex>\(XMLText.escaped($0))</samlp:SessionIndex>" } ?? ""
        let xml = { (signature: String) in
            """
            <samlp:LogoutRequest \(opening(id, to: endpoint.location, now)) NotOnOrAfter="\(now + .seconds(300))">\
            <saml:Issuer>\(XMLText.escaped(entityID))</saml:Issuer>\(signature)\(named(session.name))\(index)\
            </samlp:LogoutRequest>
            """
        }
        return try SAMLOutgoing.message(
            .request, xml, id: id, to: endpoint.location, by: endpoint.binding, relayState: relayState, signedBy: pair)
    }

    /// Tells the provider what came of its wish.
    package func answer(
        _ request: SAMLLogoutRequest, id: String, relayState: String?, succeeded: Bool, at now: Timestamp
    ) throws(SAMLRefusal) -> SAMLOutgoing? {
        guard let endpoint = logoutEndpoint else { return nil }
        let location = endpoint.responseLocation ?? endpoint.location
        let status = succeeded ? Names.success : "urn:oasis:names:tc:SAML:2.0:status:Responder"
        let xml = { (signature: String) in
            """
            <samlp:LogoutResponse \(opening(id, to: location, now)) InResponseTo="\(XMLText.escaped(request.id))">\
            <saml:Issuer>\(XMLText.escaped(entityID))</saml:Issuer>\(signature)\
            <samlp:Status><samlp:StatusCode Value="\(status)"/></samlp:Status></samlp:LogoutResponse>
            """
        }
        return try SAMLOutgoing.message(
            .response, xml, id: id, to: location, by: endpoint.binding, relayState: relayState, signedBy: pair)
    }

    private func opening(_ id: String, to location: String, _ now: Timestamp) -> String {
        """
        xmlns:samlp="\(Names.message)" xmlns:saml="\(Names.assertion)" ID="\(id)" Version="2.0" \
        IssueInstant="\(SAMLTime.written(now))" Destination="\(XMLText.escaped(location))"
        """
    }

    private func named(_ name: SAMLName) -> String {
        var attributes = " Format=\"\(XMLText.escaped(name.format))\""
        if let qualifier = name.qualifier { attributes += " NameQualifier=\"\(XMLText.escaped(qualifier))\"" }
        if let qualifier = name.spQualifier { attributes += " SPNameQualifier=\"\(XMLText.escaped(qualifier))\"" }
        return "<saml:NameID\(attributes)>\(XMLText.escaped(name.value))</saml:NameID>"
    }

    package func readLogoutRequest(
        _ incoming: SAMLIncoming, at now: Timestamp
    ) throws(SAMLRefusal) -> SAMLLogoutRequest {
        let element = try verified(incoming, .logoutRequest, now)
        guard let id = element["ID"], (1...256).contains(id.utf8.count) else { throw SAMLRefusal(.idShape) }
        var end = now + Assertion.longestAge
        if let until = try SAMLTime.read("NotOnOrAfter", of: element) {
            guard now < until + settings.skew else { throw SAMLRefusal(.expired, "\(until)") }
            end = min(end, until)
        }
        let reader = SubjectReader(settings: settings, pair: pair, keys: provider.keys)
        guard let name = try reader.name(in: element) else { throw SAMLRefusal(.noSubject) }
        let indexes = element.children("SessionIndex", in: Names.message).compactMap(\.content)
        return SAMLLogoutRequest(
            id: id, name: name, sessionIndexes: indexes, expiresAt: end + settings.skew + settings.skew)
    }

    /// - Parameter requestID: of our request that it answers.
    package func readLogoutResponse(
        _ incoming: SAMLIncoming, awaiting requestID: String, at now: Timestamp
    ) throws(SAMLRefusal) {
        let element = try verified(incoming, .logoutResponse, now)
        guard element["InResponseTo"] == requestID else {
            throw SAMLRefusal(.wrongInResponseTo, element["InResponseTo"])
        }
        let code = element.only("Status", in: Names.message)?.only("StatusCode", in: Names.message)
        guard code?["Value"] == Names.success else { throw SAMLRefusal(.statusRefused, code?["Value"]) }
    }

    private func verified(
        _ incoming: SAMLIncoming, _ kind: SAMLIncoming.Kind, _ now: Timestamp
    ) throws(SAMLRefusal) -> XMLElement {
        guard incoming.kind == kind else { throw SAMLRefusal(.notAResponse, incoming.kind.rawValue) }
        let element = incoming.isRedirect ? try verifiedQuery(incoming) : try verifiedForm(incoming)
        guard element["Version"] == "2.0" else { throw SAMLRefusal(.wrongVersion) }
        try Issuer.check(element, is: issuer, isNeeded: true)
        guard element["Destination"] == addresses.logout else {
            throw SAMLRefusal(.wrongDestination, element["Destination"])
        }
        guard let issuedAt = try SAMLTime.read("IssueInstant", of: element) else { throw SAMLRefusal(.badTime) }
        try SAMLTime.checkAge(issuedAt, now, settings.skew)
        return element
    }

    private func verifiedForm(_ incoming: SAMLIncoming) throws(SAMLRefusal) -> XMLElement {
        var signatures = 0
        incoming.document.root.walk { if $0.name == "Signature" { signatures += 1 } }
        let own = incoming.document.root.children("Signature", in: Names.signature).count
        guard signatures == own else { throw SAMLRefusal(.misplacedSignature) }
        return try translated { () throws(XMLRefusal) in
            try incoming.document.verified(.root, by: provider.keys).element
        }
    }

    /// The message in a signed query is signed by the query: a second signature inside it would be one that nobody checks.
    private func verifiedQuery(_ incoming: SAMLIncoming) throws(SAMLRefusal) -> XMLElement {
        guard let query = incoming.query else { throw SAMLRefusal(.unsigned) }
        guard let algorithm = QueryAlgorithm(rawValue: query.algorithm) else {
            throw SAMLRefusal(.algorithm, query.algorithm)
        }
        guard provider.keys.contains(where: { $0.verifies(query.signature, over: query.signed, by: algorithm) }) else {
            throw SAMLRefusal(.signatureMismatch)
        }
        return incoming.document.root
    }
}
