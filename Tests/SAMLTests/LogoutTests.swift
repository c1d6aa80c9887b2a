import Compression
import Kernel
import SAMLKit
import SignedXML
import Testing

@testable import SAML

struct LogoutTests {
    private static let session = SAMLSession(
        name: SAMLName(value: "ana@nordwind.example", format: ResponseDraft.email, qualifier: nil, spQualifier: nil),
        index: "_session1")

    /// What the provider sends: a request by default.
    struct Draft {
        var name = "LogoutRequest"
        var id = "_logout1"
        var issuer = ResponseDraft.issuer
        var destination: String? = ServiceCase.base + "/slo"
        var issued = ResponseDraft.time(0)
        var attributes = ""
        var content = """
            <saml:NameID Format="\(ResponseDraft.email)">ana@nordwind.example</saml:NameID>\
            <samlp:SessionIndex>_session1</samlp:SessionIndex>
            """

        static func response(to id: String) -> Draft {
            var draft = Draft()
            draft.name = "LogoutResponse"
            draft.attributes = " InResponseTo=\"\(id)\""
            draft.content = "<samlp:Status><samlp:StatusCode Value=\"\(Names.success)\"/></samlp:Status>"
            return draft
        }

        func xml(_ signature: String = "") -> String {
            """
            <samlp:\(name) xmlns:samlp="\(Names.message)" xmlns:saml="\(Names.assertion)" ID="\(id)" Version="2.0" \
            IssueInstant="\(issued)"\(destination.map { " Destination=\"\($0)\"" } ?? "")\(attributes)>\
            <saml:Issuer>\(issuer)</saml:Issuer>\(signature)\(content)</samlp:\(name)>
            """
        }

        func posted(_ keys: TestKeys.Pair?) throws -> SAMLIncoming {
            guard let keys else { return try SAMLIncoming(post: TestIdentityProvider.post(xml())) }
            let signed = try keys.pair.signed(xml(SignatureDraft().template(over: id)), id: id)
            return try SAMLIncoming(post: TestIdentityProvider.post(signed))
        }

        func query(
            _ keys: TestKeys.Pair?, algorithm: String = QueryAlgorithm.rsaSHA256.rawValue, relayState: String? = "r 1"
        ) throws -> String {
            let kind = name == "LogoutRequest" ? "SAMLRequest" : "SAMLResponse"
            var query = kind + "=" + QueryText.encoded(Base64Text.encode(Packed.pack(Array(xml().utf8))))
            if let relayState { query += "&RelayState=" + QueryText.encoded(relayState) }
            guard let keys else { return query }
            query += "&SigAlg=" + QueryText.encoded(algorithm)
            let signature = try keys.pair.signature(over: Array(query.utf8), by: .rsaSHA256)
            return query + "&Signature=" + QueryText.encoded(Base64Text.encode(signature))
        }
    }

    private func refusal(_ make: () throws -> Void) -> SAMLRefusal.Reason? {
        do {
            try make()
            return nil
        } catch { return (error as? SAMLRefusal)?.reason }
    }

    @Test("a signed request by either way names whom to sign out")
    func request() throws {
        let service = try ServiceCase().service()
        let keys = try TestKeys.provider
        let ways = [try Draft().posted(keys), try SAMLIncoming(redirect: try Draft().query(keys))]
        #expect(ways.map(\.relayState) == [nil, "r 1"])
        for incoming in ways {
            let request = try service.readLogoutRequest(incoming, at: ServiceCase.now)
            #expect(request.id == "_logout1" && request.names(Self.session))
            #expect(!request.names(SAMLSession(name: Self.session.name, index: "_session2")))
            #expect(request.names(SAMLSession(name: Self.session.name, index: nil)))
            #expect(request.expiresAt > ServiceCase.now)
        }
        var all = Draft()
        all.content = "<saml:NameID Format=\"\(ResponseDraft.email)\">ana@nordwind.example</saml:NameID>"
        let request = try service.readLogoutRequest(try all.posted(keys), at: ServiceCase.now)
        #expect(request.names(SAMLSession(name: Self.session.name, index: "_any")))
        let other = SAMLName(
            value: "eva@nordwind.example", format: ResponseDraft.email, qualifier: nil, spQualifier: nil)
        #expect(!request.names(SAMLSession(name: other, index: "_any")))
    }

    @Test("what is not signed by the provider, or for another, signs nobody out")
    func refused() throws {
        let service = try ServiceCase().service()
        let (keys, foreign) = (try TestKeys.provider, try TestKeys.foreign)
        func reason(_ incoming: SAMLIncoming) -> SAMLRefusal.Reason? {
            refusal { _ = try service.readLogoutRequest(incoming, at: ServiceCase.now) }
        }
        func changed(_ change: (inout Draft) -> Void) throws -> SAMLRefusal.Reason? {
            var draft = Draft()
            change(&draft)
            let (posted, sent) = (
                reason(try draft.posted(keys)), reason(try SAMLIncoming(redirect: try draft.query(keys)))
            )
            #expect(posted == sent, "both ways say the same")
            return posted
        }
        #expect(reason(try Draft().posted(nil)) == .unsigned)
        #expect(reason(try Draft().posted(foreign)) == .signatureMismatch)
        #expect(reason(try SAMLIncoming(redirect: try Draft().query(nil))) == .unsigned)
        #expect(reason(try SAMLIncoming(redirect: try Draft().query(foreign))) == .signatureMismatch)
        let sha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
        #expect(reason(try SAMLIncoming(redirect: try Draft().query(keys, algorithm: sha1))) == .algorithm)
        #expect(try changed { $0.issuer = "https://evil.example" } == .wrongIssuer)
        #expect(try changed { $0.destination = "https://evil.example" } == .wrongDestination)
        #expect(try changed { $0.destination = nil } == .wrongDestination)
        #expect(try changed { $0.issued = ResponseDraft.time(-3600) } == .stale)
        #expect(try changed { $0.issued = "never" } == .badTime)
        #expect(try changed { $0.attributes = " NotOnOrAfter=\"\(ResponseDraft.time(-200))\"" } == .expired)
        #expect(try changed { $0.content = "" } == .noSubject)
        #expect(try changed { $0 = .response(to: "_x") } == .notAResponse)
    }

    @Test("a query that was changed after it was signed is none", arguments: ["RelayState=r%201", "SAMLRequest="])
    func changedQuery(part: String) throws {
        let service = try ServiceCase().service()
        let query = try Draft().query(try TestKeys.provider)
        var other = Draft()
        other.content = "<saml:NameID>admin</saml:NameID>"
        let first = query.split(separator: "&").first.map(String.init) ?? ""
        let message = try other.query(nil, relayState: nil)
        let isMessage = part == "SAMLRequest="
        let evil =
            isMessage
            ? query.replacing(first: first, with: message) : query.replacing(first: part, with: "RelayState=evil")
        #expect(
            refusal { _ = try service.readLogoutRequest(try SAMLIncoming(redirect: evil), at: ServiceCase.now) }
                == .signatureMismatch)
    }

    @Test(
        "a query that is not put together well is refused",
        arguments: [
            ("", SAMLRefusal.Reason.malformed), ("SAMLRequest=a&SAMLResponse=b", .malformed),
            ("SAMLRequest=a&SAMLRequest=b", .malformed),
            ("SAMLRequest=%zz", .malformed), ("SAMLRequest=%", .malformed), ("SAMLRequest=!", .notBase64),
            ("SAMLRequest=AAAA", .malformed), ("SAMLRequest=" + String(repeating: "A", count: 70_000), .tooLarge),
        ])
    func nonsense(query: String, reason: SAMLRefusal.Reason) {
        #expect(refusal { _ = try SAMLIncoming(redirect: query) } == reason)
    }

    @Test("a query that unfolds to more than is read is refused before it has")
    func bomb() {
        let packed = Packed.pack([UInt8](repeating: 32, count: 20_000_000))
        let query = "SAMLRequest=" + QueryText.encoded(Base64Text.encode(packed))
        #expect(refusal { _ = try SAMLIncoming(redirect: query) } == .tooLarge)
    }

    @Test("we ask for a logout, and the answer is believed when it is to our request")
    func ours() throws {
        let service = try ServiceCase(hasKey: true).service()
        let sent = try #require(try service.logOut(Self.session, id: "_mine", relayState: nil, at: ServiceCase.now))
        guard case .redirect(let url) = sent else {
            Issue.record("not a redirect")
            return
        }
        #expect(url.hasPrefix("https://login.example.com/slo?SAMLRequest=") && url.contains("&Signature="))
        let keys = try TestKeys.provider
        try service.readLogoutResponse(
            try Draft.response(to: "_mine").posted(keys), awaiting: "_mine", at: ServiceCase.now)
        let query = try Draft.response(to: "_mine").query(keys)
        try service.readLogoutResponse(try SAMLIncoming(redirect: query), awaiting: "_mine", at: ServiceCase.now)
        func reason(_ incoming: SAMLIncoming) -> SAMLRefusal.Reason? {
            refusal { try service.readLogoutResponse(incoming, awaiting: "_mine", at: ServiceCase.now) }
        }
        #expect(reason(try Draft.response(to: "_other").posted(keys)) == .wrongInResponseTo)
        #expect(reason(try Draft.response(to: "_mine").posted(nil)) == .unsigned)
        #expect(reason(try Draft.response(to: "_mine").posted(try TestKeys.foreign)) == .signatureMismatch)
        #expect(reason(try Draft().posted(keys)) == .notAResponse)
    }

    @Test("the answer to a provider's request goes where it takes answers")
    func answer() throws {
        var scene = try ServiceCase(hasKey: true)
        scene.settings.idpMetadataXml = try MetadataDraft().xml
        let service = try SAMLServiceProvider(
            scene.settings, scene.addresses,
            to: try SAMLIdentityProvider(xml: try MetadataDraft().xml, entityID: nil, at: nil))
        let request = try service.readLogoutRequest(try Draft().posted(try TestKeys.provider), at: ServiceCase.now)
        let sent = try #require(
            try service.answer(request, id: "_a", relayState: "r", succeeded: true, at: ServiceCase.now))
        guard case .redirect(let url) = sent else {
            Issue.record("not a redirect")
            return
        }
        #expect(url.hasPrefix("https://login.example.com/slo/done?SAMLResponse="))
    }

    @Test("what is kept with a session comes back as it was")
    func sessions() {
        let name = SAMLName(value: "a \"b\" é", format: ResponseDraft.persistent, qualifier: "q", spQualifier: "s")
        for session in [Self.session, SAMLSession(name: name, index: nil)] {
            #expect(SAMLSession(text: session.text) == session)
        }
        #expect(SAMLSession(text: "{}") == nil && SAMLSession(text: "") == nil)
    }
}
