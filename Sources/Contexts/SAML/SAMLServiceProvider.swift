internal import HTTPKit
internal import JSONKit
package import Kernel
internal import SignedXML

/// We, as one provider sees us: makes requests to it and reads its messages. Made anew for each request; it is a value.
package struct SAMLServiceProvider: Sendable {
    let settings: SAMLSettings
    let addresses: SAMLAddresses
    let provider: SAMLIdentityProvider
    let pair: XMLKeyPair?

    package init(
        _ settings: SAMLSettings, _ addresses: SAMLAddresses, to provider: SAMLIdentityProvider
    ) throws(SAMLRefusal) {
        self.settings = settings
        self.addresses = addresses
        self.provider = provider
        pair = try Self.pair(settings)
    }

    static func pair(_ settings: SAMLSettings) throws(SAMLRefusal) -> XMLKeyPair? {
        guard let key = settings.spPrivateKey else { return nil }
        do throws(XMLRefusal) {
            return try XMLKeyPair(privateKey: key, certificate: settings.spCertificate)
        } catch {
            throw SAMLRefusal(.invalidConfig, "spPrivateKey")
        }
    }

    static func entityID(_ settings: SAMLSettings, _ addresses: SAMLAddresses) -> String {
        settings.spEntityId ?? addresses.metadata
    }

    var entityID: String { Self.entityID(settings, addresses) }
    var issuer: String { settings.idpIssuer ?? provider.entityID }

    /// An id for a request: 160 bits, of letters that every XML takes for one.
    package static func newID(_ randomness: Randomness) -> String {
        let hex = Array("0123456789abcdef".utf8)
        let digits = randomness.bytes(20).flatMap { [hex[Int($0 >> 4)], hex[Int($0 & 15)]] }
        return "_" + String(decoding: digits, as: UTF8.self)
    }

    /// Asks the provider to sign somebody in.
    /// - Parameters:
    ///   - id: kept until its response comes.
    ///   - force: asks for a password anew, for a step-up.
    package func signIn(
        id: String, relayState: String?, force: Bool = false, at now: Timestamp
    ) throws(SAMLRefusal) -> SAMLOutgoing {
        let preferred: [SAMLBinding] = settings.requestBinding == .post ? [.post, .redirect] : [.redirect, .post]
        let endpoint = preferred.lazy.compactMap { binding in provider.signsInAt.first { $0.binding == binding } }.first
        guard let endpoint else { throw SAMLRefusal(.noEndpoint) }
        let xml = { (signature: String) in
            request(id: id, to: endpoint.location, force: force || settings.forceAuthn, signature, now)
        }
        return try SAMLOutgoing.message(
            .request, xml, id: id, to: endpoint.location, by: endpoint.binding, relayState: relayState,
            signedBy: settings.signRequests || provider.wantsSignedRequests ? pair : nil)
    }

    private func request(
        id: String, to destination: String, force: Bool, _ signature: String, _ now: Timestamp
    ) -> String {
        let format = settings.nameIdFormat.map { " Format=\"\(XMLText.escaped($0))\"" } ?? ""
        return """
            <samlp:AuthnRequest xmlns:samlp="\(Names.message)" xmlns:saml="\(Names.assertion)" ID="\(id)" Version="2.0" \
            IssueInstant="\(SAMLTime.written(now))" Destination="\(XMLText.escaped(destination))" \
            AssertionConsumerServiceURL="\(XMLText.escaped(addresses.acs))" \
            ProtocolBinding="\(SAMLBinding.post.rawValue)"\(force ? " ForceAuthn=\"true\"" : "")>\
            <saml:Issuer>\(XMLText.escaped(entityID))</saml:Issuer>\(signature)\
            <samlp:NameIDPolicy\(format) AllowCreate="true"/></samlp:AuthnRequest>
            """
    }

    /// Reads what came to the ACS. It checks everything but what processes share: the caller then uses up `inResponseTo` and
    /// remembers `assertionID`.
    /// - Parameters:
    ///   - requestID: of the request that this browser made; `nil` when it made none.
    ///   - freshSince: the person must have signed in at the provider after this (a step-up).
    package func read(
        _ incoming: SAMLIncoming, awaiting requestID: String?, freshSince: Timestamp? = nil, at now: Timestamp
    ) throws(SAMLRefusal) -> SAMLLogin {
        let reader = ResponseReader(
            settings: settings, addresses: addresses, entityID: entityID, issuer: issuer, keys: provider.keys,
            pair: pair)
        let login = try reader.read(incoming, awaiting: requestID, at: now)
        if let freshSince, let signedIn = login.authenticatedAt, signedIn + settings.skew < freshSince {
            throw SAMLRefusal(.staleAuthentication, "\(signedIn)")
        }
        return login
    }
}
