import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import SAMLKit
import TestKit
import Testing

@testable import SingleSignOn

/// The same through SAML, whose answers browsers post from another site.
@Suite(.postgres) struct SAMLFlowTests {
    /// The request that the browser was sent away with, and the answer of the provider to it.
    private func answered(
        _ place: SSOCase, _ browser: Browser, by provider: TestIdentityProvider? = nil,
        _ change: (inout ResponseDraft) -> Void = { _ in }
    ) async throws -> [UInt8] {
        // The log is in the order of its times.
        place.time.advance(by: .seconds(1))
        let left = await browser.send(.get, "/api/saml/\(place.slug)/saml/login?returnTo=/inventory")
        #expect(left.status == 302, "\(left.headers["location"] ?? left.text)")
        return try answer(
            try TestRequests.id(in: try #require(left.headers["location"])), at: place, by: provider, change)
    }

    private func answer(
        _ id: String, at place: SSOCase, by provider: TestIdentityProvider? = nil,
        _ change: (inout ResponseDraft) -> Void = { _ in }
    ) throws -> [UInt8] {
        var draft = ResponseDraft()
        let base = "https://pulse.example.com/api/saml/\(place.slug)/saml"
        (draft.destination, draft.recipient) = (base + "/acs", base + "/acs")
        draft.audiences = [[base + "/metadata"]]
        (draft.responseInResponseTo, draft.inResponseTo) = (id, id)
        draft.assertionID = "_a\(id)"
        change(&draft)
        let posted = try (provider ?? TestIdentityProvider()).post(draft)
        return Array("SAMLResponse=\(TestRequests.escaped(posted))".utf8)
    }

    /// As a provider publishes it that takes nothing but forms.
    private static func formsAlone() throws -> String {
        let certificate = try TestKeys.provider.certificate.split(separator: "\n").filter { !$0.hasPrefix("-") }
            .joined()
        return """
            <md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="\(ResponseDraft.issuer)">\
            <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">\
            <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>\
            <ds:X509Certificate>\(certificate)</ds:X509Certificate>\
            </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
            <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" \
            Location="https://login.example.com/slo"/>\
            <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" \
            Location="https://login.example.com/sso"/>\
            </md:IDPSSODescriptor></md:EntityDescriptor>
            """
    }

    /// The message in a form that a page was told to post.
    private static func message(_ answer: Browser.Answer, to action: String) throws -> (xml: String, names: [String]) {
        #expect(answer.json["form"]?["action"]?.string == action, "\(answer.text)")
        let fields = answer.json["form"]?["fields"]?.array ?? []
        let request = try #require(fields.first { $0["name"] == "SAMLRequest" }?["value"]?.string)
        return (try TestRequests.text(request), fields.compactMap { $0["name"]?.string })
    }

    @Test("where a provider takes forms alone, a page is told what to post: to test it, and to log out there, too")
    func forms() async throws {
        let place = try await SSOCase()
        let settings: JSONValue = [
            "idpMetadataXml": .string(try Self.formsAlone()), "requestBinding": "post", "groupsAttr": "groups",
        ]
        let added = try await place.addSAML(["saml": settings])
        #expect(added.status == 201, "\(added.text)")
        let trial = await place.admin.send(.post, "/api/security/sso/providers/saml/test", ["returnTo": "/sso/saml"])
        let question = try Self.message(trial, to: "https://login.example.com/sso")
        #expect(question.xml.contains("AuthnRequest") && question.names == ["SAMLRequest", "RelayState"])
        #expect(trial.json["url"] == nil)

        let browser = place.door.browser()
        let acs = "/api/saml/\(place.slug)/saml/acs"
        let left = await browser.send(.get, "/api/saml/\(place.slug)/saml/login")
        #expect(left.status == 200 && left.headers["content-security-policy"]?.contains("form-action https:") == true)
        let id = try TestRequests.id(inForm: left.text)
        let body = try answer(id, at: place)
        #expect(await browser.send(.post, acs, bytes: body, headers: form).headers["location"] == "/?saml=success")
        let out = await browser.send(.post, "/api/sso/logout")
        let farewell = try Self.message(out, to: "https://login.example.com/slo")
        #expect(farewell.xml.contains("LogoutRequest") && farewell.names == ["SAMLRequest"])
        #expect(await browser.send(.get, "/api/try/org").status == 401, "the session here is over at once")

        let page = await place.door.browser().send(.get, "/api/sso/leave")
        #expect(page.status == 200 && page.text.contains("sessionStorage"))
        let policy = page.headers["content-security-policy"] ?? ""
        #expect(policy.contains("default-src 'none'") && policy.contains("script-src 'nonce-"))
        #expect(policy.contains("form-action https: http:"))
    }

    private let form: Headers = ["content-type": "application/x-www-form-urlencoded"]

    @Test("a browser that brings its cookie along is in at once; one that does not comes back with a ticket")
    func bothWays() async throws {
        let place = try await SSOCase()
        try await place.addSAML()
        let acs = "/api/saml/\(place.slug)/saml/acs"
        let browser = place.door.browser()
        let direct = await browser.send(.post, acs, bytes: try await answered(place, browser), headers: form)
        #expect(direct.headers["location"] == "/inventory?saml=success")
        #expect(await browser.send(.get, "/api/try/org").status == 200)

        let second = place.door.browser()
        let body = try await answered(place, second)
        let posting = place.door.browser()
        let waiting = await posting.send(.post, acs, bytes: body, headers: form)
        let location = try #require(waiting.headers["location"])
        #expect(location.contains("/complete?ticket="))
        #expect(posting.cookies["pulse_session"] == nil)
        let path = String(location.dropFirst("https://pulse.example.com".count))
        let stolen = await place.door.browser().send(.get, path)
        #expect(stolen.headers["location"]?.contains("saml_error=invalid_state") == true)
        let used = await second.send(.get, path)
        #expect(used.headers["location"]?.contains("saml_error=invalid_state") == true)
    }

    @Test("the ticket lets the browser in that began it, once")
    func ticket() async throws {
        let place = try await SSOCase()
        try await place.addSAML()
        let browser = place.door.browser()
        let body = try await answered(place, browser)
        let waiting = await place.door.browser().send(
            .post, "/api/saml/\(place.slug)/saml/acs", bytes: body, headers: form)
        let path = String(try #require(waiting.headers["location"]).dropFirst("https://pulse.example.com".count))
        #expect(await browser.send(.get, path).headers["location"] == "/inventory?saml=success")
        #expect(await browser.send(.get, "/api/try/org").status == 200)
        #expect(await browser.send(.get, path).headers["location"]?.contains("saml_error") ?? false)
    }

    @Test("an answer is good once, here and in any other process")
    func replay() async throws {
        let place = try await SSOCase()
        try await place.addSAML()
        let acs = "/api/saml/\(place.slug)/saml/acs"
        let browser = place.door.browser()
        let body = try await answered(place, browser)
        _ = await browser.send(.post, acs, bytes: body, headers: form)
        place.time.advance(by: .seconds(1))
        let again = await place.door.browser().send(.post, acs, bytes: body, headers: form)
        #expect(again.headers["location"]?.hasSuffix("saml_error=saml_validation_failed") == true)
        #expect(try await place.last("reason") == .string("unsolicited"))
    }

    @Test("what was not asked for is refused, unless the organisation wants it; and then it is good once")
    func unsolicited() async throws {
        let place = try await SSOCase()
        try await place.addSAML()
        let acs = "/api/saml/\(place.slug)/saml/acs"
        let spontaneous: (inout ResponseDraft) -> Void = { draft in
            (draft.responseInResponseTo, draft.inResponseTo) = (nil, nil)
        }
        let browser = place.door.browser()
        let refused = await browser.send(
            .post, acs, bytes: try await answered(place, browser, spontaneous), headers: form)
        #expect(refused.headers["location"]?.hasSuffix("saml_error=saml_validation_failed") == true)
        #expect(try await place.last("reason") == .string("unsolicited"))
        await place.admin.send(.put, "/api/security/sso/providers/saml", ["saml": ["allowIdpInitiated": true]])
        let body = try await answered(place, browser, spontaneous)
        let started = await place.door.browser().send(.post, acs, bytes: body, headers: form)
        #expect(started.headers["location"] == "/?saml=success")
        place.time.advance(by: .seconds(1))
        let again = await place.door.browser().send(.post, acs, bytes: body, headers: form)
        #expect(again.headers["location"]?.contains("saml_error") == true)
        #expect(try await place.last("reason") == .string("replayed"))
    }

    @Test("another key, another organisation's audience and a changed name let nobody in")
    func forged() async throws {
        let place = try await SSOCase()
        try await place.addSAML()
        let acs = "/api/saml/\(place.slug)/saml/acs"
        let foreign = TestIdentityProvider(try TestKeys.foreign)
        let cases: [(String, TestIdentityProvider?, (inout ResponseDraft) -> Void)] = [
            ("signature_mismatch", foreign, { _ in }),
            ("wrong_audience", nil, { $0.audiences = [["https://pulse.example.com/api/saml/other/saml/metadata"]] }),
            ("wrong_recipient", nil, { $0.recipient = "https://pulse.example.com/api/saml/other/saml/acs" }),
            ("wrong_destination", nil, { $0.destination = "https://pulse.example.com/api/saml/other/saml/acs" }),
        ]
        for (reason, provider, change) in cases {
            let browser = place.door.browser()
            let body = try await answered(place, browser, by: provider, change)
            let answer = await browser.send(.post, acs, bytes: body, headers: form)
            #expect(answer.headers["location"] == "/inventory?saml=error&saml_error=saml_validation_failed")
            #expect(try await place.last("reason") == .string(reason))
            #expect(browser.cookies["pulse_session"] == nil)
        }
        let refusals = try await place.count(
            "SELECT count(*) FROM pulse.audit_entries WHERE org_id = \(place.org) AND action = 'sso.refuse'")
        #expect(refusals == cases.count)
    }

    @Test(
        "what is no form, no base64 and no XML is refused, never an error of ours",
        arguments: [
            "", "SAMLResponse", "SAMLResponse=", "SAMLResponse=%%%", "SAMLResponse=PHg%2B",
            "a=b&SAMLResponse=AAAA&SAMLResponse=AAAA",
        ])
    func garbage(body: String) async throws {
        let place = try await SSOCase()
        try await place.addSAML()
        let answer = await place.door.browser().send(
            .post, "/api/saml/\(place.slug)/saml/acs", bytes: Array(body.utf8), headers: form)
        #expect(answer.status == 303, "\(answer.text)")
        #expect(answer.headers["location"]?.hasSuffix("saml_error=saml_validation_failed") == true)
    }
}
