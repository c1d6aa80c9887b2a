import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import OperatorKit
import Postgres
import SAMLKit
import TestKit
import Testing

@testable import OperatorSignOn

/// The same through SAML, whose answers browsers post from another site.
@Suite(.postgres) struct OperatorSAMLTests {
    private static let base = "\(SignOnCase.url)/api/operator/saml/saml"
    private static let acs = "/api/operator/saml/saml/acs"
    private let form: Headers = ["content-type": "application/x-www-form-urlencoded"]

    private func body(_ draft: ResponseDraft) throws -> [UInt8] {
        Array("SAMLResponse=\(TestRequests.escaped(try TestIdentityProvider().post(draft)))".utf8)
    }

    /// The provider's answer to the request that this browser was sent away with.
    private func answered(
        _ place: SignOnCase, _ browser: Browser, _ change: (inout ResponseDraft) -> Void = { _ in }
    ) async throws -> [UInt8] {
        place.time.advance(by: .seconds(1))
        let left = await browser.send(.get, "/api/operator/saml/saml/login?returnTo=/orgs")
        #expect(left.status == 302, "\(left.headers["location"] ?? left.text)")
        let id = try TestRequests.id(in: try #require(left.headers["location"]))
        var draft = ResponseDraft()
        (draft.destination, draft.recipient) = (Self.base + "/acs", Self.base + "/acs")
        draft.audiences = [[Self.base + "/metadata"]]
        (draft.responseInResponseTo, draft.inResponseTo) = (id, id)
        draft.assertionID = "_a\(id)"
        change(&draft)
        return try body(draft)
    }

    /// A place where the subject of the answers is the admin.
    private func place() async throws -> SignOnCase {
        let place = try await SignOnCase()
        let made = try await place.addSAML([
            "secondFactorAmr": ["urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"]
        ])
        #expect(made.status == 201, "\(made.text)")
        let browser = place.scene.browser()
        let refused = await browser.send(.post, Self.acs, bytes: try await answered(place, browser), headers: form)
        #expect(refused.headers["location"] == "/login?sso=error&sso_error=not_linked")
        let note = try #require(try await place.lastEntry().note)
        let subject = String(note.split(separator: ", subject ", maxSplits: 1)[1])
        let named = await place.name(subject, place.chief, at: "saml")
        #expect(named.status == 201, "\(named.text)")
        return place
    }

    @Test("with its cookie a browser is in at once, without it comes back with a ticket, once")
    func bothWays() async throws {
        let place = try await place()
        let browser = place.scene.browser()
        let direct = await browser.send(.post, Self.acs, bytes: try await answered(place, browser), headers: form)
        #expect(direct.headers["location"] == "/orgs?sso=success")
        #expect(await place.me(browser).json["method"]?.string == "saml")

        let second = place.scene.browser()
        let waiting = await place.scene.browser().send(
            .post, Self.acs, bytes: try await answered(place, second), headers: form)
        let path = String(try #require(waiting.headers["location"]).dropFirst(SignOnCase.url.count))
        #expect(path.hasPrefix("/api/operator/saml/saml/complete?ticket="))
        #expect(await second.send(.get, path).headers["location"] == "/orgs?sso=success")
        #expect(await second.send(.get, path).headers["location"]?.contains("sso_error") == true)

        let third = place.scene.browser()
        let other = await place.scene.browser().send(
            .post, Self.acs, bytes: try await answered(place, third), headers: form)
        let stolen = String(try #require(other.headers["location"]).dropFirst(SignOnCase.url.count))
        #expect(await place.scene.browser().send(.get, stolen).headers["location"]?.contains("invalid_state") == true)
    }

    @Test("an answer is good once, and one that nobody asked for never")
    func replay() async throws {
        let place = try await place()
        let browser = place.scene.browser()
        let body = try await answered(place, browser)
        #expect(
            await browser.send(.post, Self.acs, bytes: body, headers: form).headers["location"] == "/orgs?sso=success")
        let again = await browser.send(.post, Self.acs, bytes: body, headers: form)
        #expect(again.headers["location"] == "/login?sso=error&sso_error=saml_validation_failed")
        // The same assertion in the answer to another request.
        let second = try await answered(place, browser) { $0.assertionID = "_same" }
        #expect(
            await browser.send(.post, Self.acs, bytes: second, headers: form).headers["location"] == "/orgs?sso=success"
        )
        let third = try await answered(place, browser) { $0.assertionID = "_same" }
        #expect(
            await browser.send(.post, Self.acs, bytes: third, headers: form).headers["location"]?.contains("sso_error")
                == true)
        let unasked = try await answered(place, browser) { draft in
            (draft.responseInResponseTo, draft.inResponseTo) = (nil, nil)
        }
        #expect(
            await browser.send(.post, Self.acs, bytes: unasked, headers: form).headers["location"]
                == "/login?sso=error&sso_error=saml_validation_failed")
        let open = await place.admin.send(
            .put, "/api/operator/providers/saml", ["saml": ["allowIdpInitiated": true]])
        #expect((open.status, open.json["field"]?.string) == (400, "saml.allowIdpInitiated"), "\(open.text)")
    }

    @Test("a session ends no later than the provider's own")
    func sessionEnd() async throws {
        let place = try await place()
        let browser = place.scene.browser()
        let body = try await answered(place, browser) { $0.sessionEnd = ResponseDraft.time(600) }
        _ = await browser.send(.post, Self.acs, bytes: body, headers: form)
        #expect(await place.me(browser).json["absoluteExpiresAt"]?.string == "\(ResponseDraft.now + .seconds(600))")
        place.time.advance(by: .seconds(601))
        #expect(await place.me(browser).status == 401)
    }

    @Test("an answer for the customers' door is none for this one")
    func audience() async throws {
        let place = try await place()
        let browser = place.scene.browser()
        let base = "https://pulse.example.com/api/saml/nordwind/saml"
        let foreign = try await answered(place, browser) { draft in
            (draft.destination, draft.recipient) = (base + "/acs", base + "/acs")
            draft.audiences = [[base + "/metadata"]]
        }
        let answer = await browser.send(.post, Self.acs, bytes: foreign, headers: form)
        #expect(answer.headers["location"]?.contains("sso_error=") == true)
        #expect(browser.cookies["pulse_operator_session"] == nil)
        #expect(await browser.send(.get, "/api/operator/saml/saml/metadata").text.contains(Self.base + "/acs"))
    }
}
