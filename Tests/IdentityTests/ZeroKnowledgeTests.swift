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

@Suite(.postgres) struct ZeroKnowledgeTests {
    private let password = "correct horse battery"
    private let srp = SRP()
    /// What a browser makes of password and salts.
    private let key = Secret(Digests.sha256("stretched password"))

    private func member(as role: Role = .owner) async throws -> (user: UserID, org: OrgID) {
        let hash = try await FrontDoor.passwords.hash(Secret(password))
        let user = try await Given.person(email: "Ana@example.org", passwordHash: hash)
        let org = try await Given.organisation()
        try await Given.membership(of: user, in: org, as: role)
        return (user, org)
    }

    private func logIn(_ browser: Browser) async -> Browser.Answer {
        await browser.send(.post, "/api/login", ["email": "ana@example.org", "password": .string(password)])
    }

    private func register(_ browser: Browser) async -> Browser.Answer {
        await browser.send(
            .post, "/api/auth/register-srp",
            [
                "salt": .string([UInt8](repeating: 1, count: 16).hex),
                "kdfSalt": .string([UInt8](repeating: 2, count: 16).hex),
                "verifier": .string(srp.verifier(key: key).hex),
            ])
    }

    private func registered(_ door: FrontDoor) async throws -> Browser {
        let browser = door.browser()
        try #require(await logIn(browser).status == 200)
        let switched = await browser.send(.put, "/api/security/sign-in-policy", ["zeroKnowledge": true])
        try #require(switched.status == 200)
        try #require(await register(browser).status == 200)
        return browser
    }

    private func begin(_ browser: Browser, _ email: String = "ana@example.org") async -> JSONValue {
        await browser.send(.post, "/api/auth/srp/init", ["email": .string(email)]).json
    }

    /// The client's half, with `key` in the place of the stretched password.
    private func claim(
        _ begun: JSONValue, key: Secret<[UInt8]>, email: String = "ana@example.org"
    ) throws -> (body: JSONValue, serverProof: String) {
        let serverPublic = try #require([UInt8](hex: begun["serverPublic"]?.string ?? "-"))
        let salt = try #require([UInt8](hex: begun["salt"]?.string ?? "-"))
        let secret = Secret(Randomness.system.bytes(32))
        let clientPublic = srp.clientPublic(secret: secret)
        let shared = try #require(srp.clientSecret(serverPublic: serverPublic, key: key, secret: secret))
        let proof = srp.clientProof(
            identity: email.lowercased(), salt: salt, clientPublic: clientPublic, serverPublic: serverPublic,
            secret: shared)
        let body: JSONValue = [
            "email": .string(email), "sessionId": begun["sessionId"] ?? .null,
            "clientPublic": .string(clientPublic.hex),
            "clientProof": .string(proof.hex),
        ]
        return (body, srp.serverProof(clientPublic: clientPublic, clientProof: proof, secret: shared).hex)
    }

    @Test("whoever registered signs in by proof, gets the server's, and the password is no longer known here")
    func signsIn() async throws {
        let (user, _) = try await member()
        let door = try FrontDoor()
        let owner = try await registered(door)
        let state = await owner.send(.get, "/api/security/account").json
        #expect(state["zeroKnowledge"] == ["offered": true, "registered": true])
        #expect(state["stepUpMethods"] == ["srp"])
        #expect(door.mail.all.contains { $0.subject.hasPrefix("Your sign-in no longer sends your password") })
        let browser = door.browser(at: "192.0.2.20")
        let begun = await begin(browser)
        #expect(begun["group"]?.string == "rfc5054-2048")
        let (body, serverProof) = try claim(begun, key: key)
        let answer = await browser.send(.post, "/api/auth/srp/verify", body)
        #expect(answer.json["userId"]?.string == "\(user)")
        #expect(answer.json["serverProof"]?.string == serverProof)
        #expect(await browser.send(.get, "/api/me").status == 200)
        #expect(await browser.send(.post, "/api/auth/srp/verify", body).slug == "srp-handshake-expired")
        #expect(await logIn(door.browser(at: "192.0.2.21")).slug == "invalid-credentials")
    }

    @Test("a wrong key is refused and counted as a wrong password is")
    func wrongKey() async throws {
        _ = try await member()
        let door = try FrontDoor()
        _ = try await registered(door)
        for number in 1...5 {
            let browser = door.browser(at: "198.51.100.\(number)")
            let (body, _) = try claim(await begin(browser), key: Secret([9]))
            let answer = await browser.send(.post, "/api/auth/srp/verify", body)
            #expect(answer.slug == "invalid-credentials")
            #expect(answer.json["remaining"]?.string == "\(5 - number)")
        }
        let (body, _) = try claim(await begin(door.browser()), key: key)
        #expect(await door.browser().send(.post, "/api/auth/srp/verify", body).slug == "account-locked")
    }

    @Test("a handshake lives a minute, for the person it was begun with", arguments: [(59, 200), (60, 400)])
    func handshakeEnds(seconds: Int, status: Int) async throws {
        _ = try await member()
        _ = try await Given.person(email: "ben@example.org")
        let door = try FrontDoor()
        _ = try await registered(door)
        let (foreign, _) = try claim(await begin(door.browser(), "ben@example.org"), key: key)
        #expect(await door.browser().send(.post, "/api/auth/srp/verify", foreign).slug == "srp-handshake-expired")
        let (body, _) = try claim(await begin(door.browser()), key: key)
        door.time.advance(by: .seconds(seconds))
        #expect(await door.browser().send(.post, "/api/auth/srp/verify", body).status == status)
    }

    @Test("strangers, people with a password and people with a verifier are told apart by nothing")
    func alike() async throws {
        _ = try await member()
        _ = try await Given.person(email: "ben@example.org")
        let door = try FrontDoor()
        _ = try await registered(door)
        for email in ["ana@example.org", "ben@example.org", "nobody@example.org"] {
            let (first, second) = (await begin(door.browser(), email), await begin(door.browser(), email))
            // The salts stay the same, the rest never is.
            #expect(first["salt"] == second["salt"] && first["kdfSalt"] == second["kdfSalt"])
            #expect(first["salt"] != first["kdfSalt"])
            #expect(first["serverPublic"] != second["serverPublic"])
            #expect(first["salt"]?.string?.utf8.count == 32 && first["kdfSalt"]?.string?.utf8.count == 32)
            #expect(first["iterations"]?.int == 650_000)
            let (body, _) = try claim(first, key: Secret([9]), email: email)
            let answer = await door.browser(at: "192.0.2.\(email.utf8.count)").send(.post, "/api/auth/srp/verify", body)
            #expect(answer.slug == "invalid-credentials")
        }
        let (ana, nobody) = (await begin(door.browser()), await begin(door.browser(), "nobody@example.org"))
        #expect(ana["salt"] != nobody["salt"])
    }

    @Test("a client that sends zero, the prime or nonsense is refused", arguments: ["00", "", "zz", "ff"])
    func weakClients(clientPublic: String) async throws {
        _ = try await member()
        let door = try FrontDoor()
        _ = try await registered(door)
        let begun = await begin(door.browser())
        let answer = await door.browser().send(
            .post, "/api/auth/srp/verify",
            [
                "email": "ana@example.org", "sessionId": begun["sessionId"] ?? .null,
                "clientPublic": .string(clientPublic), "clientProof": "00",
            ])
        #expect(answer.status == (clientPublic == "zz" ? 400 : 401))
    }

    @Test("registering wants a fresh session, the organisation's leave and fit numbers")
    func registering() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let browser = door.browser()
        _ = await logIn(browser)
        #expect(await register(browser).slug == "zero-knowledge-off")
        _ = await browser.send(.put, "/api/security/sign-in-policy", ["zeroKnowledge": true])
        for (field, value) in [("salt", "00"), ("kdfSalt", "zz"), ("verifier", "01"), ("verifier", "00")] {
            var body: [String: JSONValue] = [
                "salt": .string([UInt8](repeating: 1, count: 16).hex),
                "kdfSalt": .string([UInt8](repeating: 2, count: 16).hex),
                "verifier": .string(srp.verifier(key: key).hex),
            ]
            body[field] = .string(value)
            let answer = await browser.send(.post, "/api/auth/register-srp", .object(body))
            #expect(answer.status == 400)
            #expect(answer.json["field"]?.string == field)
        }
        door.time.advance(by: .seconds(600))
        #expect(await register(browser).slug == "fresh-session-required")
        #expect(await browser.send(.get, "/api/security/account").json["stepUpMethods"] == ["password"])
    }

    @Test("a proof confirms a session; a password set by mail takes the verifier's place")
    func afterwards() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let owner = try await registered(door)
        door.time.advance(by: .seconds(600))
        let (body, _) = try claim(await begin(owner), key: key)
        #expect(await owner.send(.post, "/api/security/step-up", body).status == 200)
        let (wrong, _) = try claim(await begin(owner), key: Secret([9]))
        #expect(await owner.send(.post, "/api/security/step-up", wrong).slug == "wrong-password")
        await door.browser().send(.post, "/api/public/password-reset/request", ["email": "ana@example.org"])
        let token = try #require(door.mail.token(to: "ana@example.org", prefix: "rp1_"))
        let reset = await door.browser().send(
            .post, "/api/public/password-reset/complete", ["token": .string(token), "password": .string(password)])
        #expect(reset.status == 200)
        let (old, _) = try claim(await begin(door.browser()), key: key)
        #expect(await door.browser().send(.post, "/api/auth/srp/verify", old).slug == "invalid-credentials")
        #expect(await logIn(door.browser(at: "192.0.2.9")).status == 200)
    }

    @Test("the switch is the organisation's own, for those who manage its security", arguments: Role.allCases)
    func policy(role: Role) async throws {
        _ = try await member(as: role)
        let door = try FrontDoor()
        let browser = door.browser()
        _ = await logIn(browser)
        let answer = await browser.send(.put, "/api/security/sign-in-policy", ["zeroKnowledge": true])
        #expect(answer.status == (role.allows(.manageSecurity) ? 200 : 403))
        let other = try await Given.organisation()
        let theirs = try await TestDatabase.current.app.first(in: other, "SELECT count(*) FROM sign_in_policies") {
            try $0.next(Int.self)
        }
        #expect(theirs == 0)
    }
}
