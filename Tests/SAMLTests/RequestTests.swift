import Compression
import Kernel
import SAMLKit
import SignedXML
import Testing

@testable import SAML

struct RequestTests {
    /// What a redirect carries.
    private func message(_ outgoing: SAMLOutgoing, _ name: String = "SAMLRequest") throws -> (
        xml: XMLElement, query: [Substring: String]
    ) {
        guard case .redirect(let url) = outgoing else { throw SAMLRefusal(.noEndpoint) }
        let query = try #require(url.split(separator: "?", maxSplits: 1).last)
        var found: [Substring: String] = [:]
        for part in query.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1)
            found[pair[0]] = QueryText.decoded(pair[1].utf8, plusIsSpace: false)
        }
        let text = try #require(found[name[...]])
        let packed = try #require(Base64Text.decode(text))
        return (try XMLDocument(try Packed.unpack(packed, limit: 65_536), .message).root, found)
    }

    @Test("asks for a login, and says where the answer goes")
    func redirect() throws {
        let sent = try ServiceCase().service().signIn(id: "_a", relayState: "x/y z", at: ServiceCase.now)
        let (request, query) = try message(sent)
        #expect(request.is("AuthnRequest", in: Names.message) && request["ID"] == "_a" && request["Version"] == "2.0")
        #expect(
            request["Destination"] == "https://login.example.com/sso"
                && request["AssertionConsumerServiceURL"] == ResponseDraft.acs)
        #expect(request["IssueInstant"] == "2026-11-22T00:00:00.000Z" && request["ForceAuthn"] == nil)
        #expect(request.only("Issuer", in: Names.assertion)?.content == ResponseDraft.audience)
        #expect(query["RelayState"] == "x/y z" && query["Signature"] == nil)
    }

    @Test("a step-up asks for a password anew, and settings say more")
    func settings() throws {
        var scene = try ServiceCase()
        scene.settings.nameIdFormat = ResponseDraft.persistent
        scene.settings.spEntityId = "urn:pulse \"a\"&b"
        let (request, _) = try message(
            try scene.service().signIn(id: "_a", relayState: nil, force: true, at: ServiceCase.now))
        #expect(request["ForceAuthn"] == "true")
        #expect(request.only("NameIDPolicy", in: Names.message)?["Format"] == ResponseDraft.persistent)
        #expect(request.only("Issuer", in: Names.assertion)?.content == "urn:pulse \"a\"&b")
    }

    @Test("a signed redirect is signed letter by letter as it is sent")
    func signedRedirect() throws {
        var scene = try ServiceCase(hasKey: true)
        scene.settings.signRequests = true
        scene.settings.idpSsoUrl = "https://login.example.com/sso?tenant=1"
        guard case .redirect(let url) = try scene.service().signIn(id: "_a", relayState: "r&=+", at: ServiceCase.now)
        else {
            Issue.record("not a redirect")
            return
        }
        let query = String(url.dropFirst("https://login.example.com/sso?tenant=1&".count))
        let signed = query.split(separator: "&").dropLast().joined(separator: "&")
        let signature = try #require(try message(.redirect(url: "x?" + query)).query["Signature"])
        let bytes = try #require(Base64Text.decode(signature))
        #expect(try TestKeys.service.pair.publicKey.verifies(bytes, over: Array(signed.utf8), by: .rsaSHA256))
        #expect(try !TestKeys.service.pair.publicKey.verifies(bytes, over: Array((signed + "x").utf8), by: .rsaSHA256))
        #expect(try !TestKeys.foreign.pair.publicKey.verifies(bytes, over: Array(signed.utf8), by: .rsaSHA256))
    }

    @Test("a posted request is signed in itself, and the page that sends it escapes what is in it")
    func post() throws {
        var scene = try ServiceCase(hasKey: true)
        scene.settings.signRequests = true
        scene.settings.requestBinding = .post
        let sent = try scene.service().signIn(id: "_a", relayState: "\"><script>", at: ServiceCase.now)
        guard case .post(let address, let fields) = sent else {
            Issue.record("not posted")
            return
        }
        #expect(address == "https://login.example.com/sso" && fields.map(\.name) == ["SAMLRequest", "RelayState"])
        let bytes = try #require(Base64Text.decode(fields[0].value))
        let document = try XMLDocument(bytes, .message)
        let verified = try document.verified(.root, by: [try TestKeys.service.pair.publicKey])
        #expect(verified.element["ID"] == "_a")
        #expect(document.root.elements.map(\.name) == ["Issuer", "Signature", "NameIDPolicy"])
        let page = try #require(sent.page(nonce: "n0"))
        #expect(!page.contains("\"><script>") && page.contains("<script nonce=\"n0\">") && page.contains("<noscript>"))
    }

    @Test("ids are letters that everybody takes, and never the same")
    func ids() {
        let ids = (0..<100).map { _ in SAMLServiceProvider.newID(.system) }
        #expect(Set(ids).count == 100)
        #expect(ids.allSatisfy { $0.hasPrefix("_") && $0.count == 41 })
    }

    @Test("our metadata names our addresses and our key, and is signed when that is wanted", arguments: [false, true])
    func metadata(isSigned: Bool) throws {
        var scene = try ServiceCase(hasKey: true)
        scene.settings.signMetadata = isSigned
        let xml = try SAMLServiceProvider.metadata(scene.settings, scene.addresses, at: ServiceCase.now)
        let document = try XMLDocument(Array(xml.utf8), .message)
        #expect(document.root["entityID"] == ResponseDraft.audience)
        let role = try #require(document.root.only("SPSSODescriptor", in: Names.metadata))
        #expect(role.only("AssertionConsumerService", in: Names.metadata)?["Location"] == ResponseDraft.acs)
        #expect(
            role.children("SingleLogoutService", in: Names.metadata).allSatisfy {
                $0["Location"] == ServiceCase.base + "/slo"
            })
        #expect(role.children("KeyDescriptor", in: Names.metadata).map { $0["use"] } == ["signing", "encryption"])
        let keys = [try TestKeys.service.pair.publicKey]
        if isSigned {
            #expect(try document.verified(.root, by: keys).element["entityID"] == ResponseDraft.audience)
        } else {
            #expect(throws: XMLRefusal.unsigned) { try document.verified(.root, by: keys) }
        }
    }

    @Test("a pair that is made here is one that can be used")
    func generated() throws {
        let made = try SAMLKeyPair.generate(name: "Nordwind <Ä>", at: ServiceCase.now, .system)
        var scene = try ServiceCase()
        scene.settings.spPrivateKey = made.privateKey
        scene.settings.spCertificate = made.certificate
        scene.settings.signMetadata = true
        #expect(
            try SAMLServiceProvider.metadata(scene.settings, scene.addresses, at: ServiceCase.now).contains(
                "SignatureValue"))
        #expect("\(made.privateKey)" == "<secret>")
    }
}
