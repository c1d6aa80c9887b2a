import Crypto
import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Mail
import Postgres
import TestKit
import Testing

@testable import Identity

@Suite(.postgres) struct PasskeyTests {
    private let password = "correct horse battery"

    /// An authenticator with one passkey, and the browser around it.
    private struct Authenticator {
        let key = P256.Signing.PrivateKey()
        var site = "pulse.example.com"
        var origin = "https://pulse.example.com"
        var uses: UInt8 = 0

        func clientData(_ type: String, _ challenge: String) -> [UInt8] {
            Array(#"{"type":"\#(type)","challenge":"\#(challenge)","origin":"\#(origin)","crossOrigin":false}"#.utf8)
        }

        func data(isNew: Bool) -> [UInt8] {
            let head = Digests.sha256(site) + [isNew ? 0x45 : 0x05, 0, 0, 0, uses]
            guard isNew else { return head }
            let point = Array(key.publicKey.rawRepresentation)
            return head + [UInt8](repeating: 0, count: 16) + [0, 4, 1, 2, 3, 4]
                + [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20] + point.prefix(32)
                + [0x22, 0x58, 0x20] + point.suffix(32)
        }

        func addition(_ challenge: String) -> JSONValue {
            [
                "name": "Laptop", "clientData": .string(Base64URL.encode(clientData("webauthn.create", challenge))),
                "authenticatorData": .string(Base64URL.encode(data(isNew: true))),
            ]
        }

        func login(_ challenge: String) throws -> JSONValue {
            let (client, data) = (clientData("webauthn.get", challenge), data(isNew: false))
            let signature = try key.signature(for: data + Digests.sha256(client)).derRepresentation
            return [
                "credentialId": .string(Base64URL.encode([1, 2, 3, 4])),
                "clientData": .string(Base64URL.encode(client)),
                "authenticatorData": .string(Base64URL.encode(data)),
                "signature": .string(Base64URL.encode(Array(signature))),
            ]
        }
    }

    private func signedIn(_ door: FrontDoor, _ email: String = "ana@example.org") async throws -> Browser {
        let hash = try await FrontDoor.passwords.hash(Secret(password))
        let user = try await Given.person(email: email, passwordHash: hash)
        try await Given.membership(of: user, in: try await Given.organisation())
        let browser = door.browser()
        let body: JSONValue = ["email": .string(email), "password": .string(password)]
        try #require(await browser.send(.post, "/api/login", body).status == 200)
        return browser
    }

    private func begun(_ browser: Browser, _ path: String) async throws -> String {
        let answer = await browser.send(.post, path)
        return try #require(answer.json["challenge"]?.string)
    }

    private func added(_ door: FrontDoor, _ authenticator: Authenticator) async throws -> Browser {
        let browser = try await signedIn(door)
        let challenge = try await begun(browser, "/api/security/passkeys/begin")
        let answer = await browser.send(.post, "/api/security/passkeys", authenticator.addition(challenge))
        try #require(answer.status == 201)
        return browser
    }

    private func logIn(_ door: FrontDoor, _ authenticator: Authenticator) async throws -> Browser.Answer {
        let browser = door.browser()
        let challenge = try await begun(browser, "/api/login/passkey/begin")
        return await browser.send(.post, "/api/login/passkey", try authenticator.login(challenge))
    }

    @Test("a passkey signs in its person, as often as it is asked; removed, no more") func story() async throws {
        let door = try FrontDoor()
        var authenticator = Authenticator()
        let owner = try await added(door, authenticator)
        #expect(door.mail.all.contains { $0.subject.hasPrefix("A passkey was added") })
        for _ in 0..<3 {
            authenticator.uses += 1
            let answer = try await logIn(door, authenticator)
            #expect(answer.json["email"]?.string == "ana@example.org")
            #expect(answer.setCookies.contains { $0.hasPrefix("pulse_session=") })
        }
        let listed = await owner.send(.get, "/api/security/account").json["passkeys"]
        #expect(listed?[0]?["name"]?.string == "Laptop" && listed?[0]?["lastUsedAt"]?.string != nil)
        let id = try #require(listed?[0]?["id"]?.string)
        let stranger = try await signedIn(door, "ben@example.org")
        #expect(await stranger.send(.delete, "/api/security/passkeys/\(id)").slug == "not-found")
        #expect(await owner.send(.delete, "/api/security/passkeys/\(id)").status == 204)
        authenticator.uses += 1
        #expect(try await logIn(door, authenticator).slug == "passkey-refused")
    }

    @Test("a challenge is signed once, within five minutes, for what it was given out for") func challenges()
        async throws
    {
        let door = try FrontDoor()
        var authenticator = Authenticator()
        let owner = try await added(door, authenticator)
        authenticator.uses = 1
        let used = try authenticator.login(try await begun(door.browser(), "/api/login/passkey/begin"))
        #expect(await door.browser().send(.post, "/api/login/passkey", used).status == 200)
        #expect(await door.browser().send(.post, "/api/login/passkey", used).slug == "passkey-refused")
        authenticator.uses = 2
        let foreign = try authenticator.login(try await begun(owner, "/api/security/passkeys/begin"))
        #expect(await door.browser().send(.post, "/api/login/passkey", foreign).slug == "passkey-refused")
        let late = try authenticator.login(try await begun(door.browser(), "/api/login/passkey/begin"))
        door.time.advance(by: .seconds(300))
        #expect(await door.browser().send(.post, "/api/login/passkey", late).slug == "passkey-refused")
    }

    @Test("another site's page, another key and a copy are refused") func impostors() async throws {
        let door = try FrontDoor()
        var authenticator = Authenticator()
        _ = try await added(door, authenticator)
        authenticator.uses = 5
        #expect(try await logIn(door, authenticator).status == 200)
        // A copy of it counts on from an older state.
        authenticator.uses = 5
        #expect(try await logIn(door, authenticator).slug == "passkey-refused")
        authenticator.uses = 6
        authenticator.origin = "https://pulse.example.com.evil.example"
        #expect(try await logIn(door, authenticator).slug == "passkey-refused")
        authenticator.origin = "https://pulse.example.com"
        authenticator.site = "evil.example"
        #expect(try await logIn(door, authenticator).slug == "passkey-refused")
        var other = Authenticator()
        other.uses = 9
        #expect(try await logIn(door, other).slug == "passkey-refused")
    }

    @Test("adding wants a fresh session, a new key and a page of ours; ten are enough") func adding() async throws {
        let door = try FrontDoor()
        let authenticator = Authenticator()
        let owner = try await added(door, authenticator)
        let again = authenticator.addition(try await begun(owner, "/api/security/passkeys/begin"))
        #expect(await owner.send(.post, "/api/security/passkeys", again).slug == "passkey-known")
        var elsewhere = authenticator
        elsewhere.origin = "https://evil.example"
        let foreign = elsewhere.addition(try await begun(owner, "/api/security/passkeys/begin"))
        #expect(await owner.send(.post, "/api/security/passkeys", foreign).slug == "passkey-refused")
        door.time.advance(by: .seconds(600))
        #expect(await owner.send(.post, "/api/security/passkeys/begin").slug == "fresh-session-required")
    }

    @Test(
        "the site is the host of our address, and the origin has its port",
        arguments: [
            ("https://pulse.example.com", "https://pulse.example.com", "pulse.example.com"),
            ("http://localhost:7655", "http://localhost:7655", "localhost"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", "[2001:db8::1]"),
        ])
    func addresses(url: String, origin: String, host: String) {
        let site = SiteAddress(publicURL: url)
        #expect(site.origin == origin)
        #expect(site.host == host)
    }
}
