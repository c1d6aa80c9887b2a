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

@Suite(.postgres) struct SecondStepTests {
    private let password = "correct horse battery"

    private func member() async throws -> (user: UserID, org: OrgID) {
        let hash = try await FrontDoor.passwords.hash(Secret(password))
        let user = try await Given.person(email: "ana@example.org", passwordHash: hash)
        let org = try await Given.organisation()
        try await Given.membership(of: user, in: org)
        return (user, org)
    }

    private func logIn(_ browser: Browser) async -> Browser.Answer {
        await browser.send(.post, "/api/login", ["email": "ana@example.org", "password": .string(password)])
    }

    /// The challenge for the second step that a browser is given after the right password.
    private func owed(by browser: Browser) async throws -> String {
        let answer = await logIn(browser)
        return try #require(answer.json["challenge"]?.string)
    }

    private func second(_ browser: Browser, _ challenge: String, _ code: String) async -> Browser.Answer {
        await browser.send(
            .post, "/api/login/second-factor", ["challenge": .string(challenge), "code": .string(code)])
    }

    /// Ana with an authenticator.
    private struct Authenticator {
        let secret: Secret<[UInt8]>
        let recoveryCodes: [String]

        func code(at moment: Timestamp) -> String { TimeCode.code(at: TimeCode.step(at: moment), secret: secret) }
    }

    private func enrol(_ door: FrontDoor, _ browser: Browser) async throws -> Authenticator {
        let begun = await browser.send(.post, "/api/security/totp")
        try #require(begun.status == 201)
        let secret = Secret(Self.base32(try #require(begun.json["secret"]?.string)))
        let code = TimeCode.code(at: TimeCode.step(at: door.time.now), secret: secret)
        let done = await browser.send(.post, "/api/security/totp/confirm", ["code": .string(code)])
        try #require(done.status == 200)
        let codes = done.json["recoveryCodes"]?.array?.compactMap(\.string) ?? []
        // The code that switched it on is used up.
        door.time.advance(by: .seconds(30))
        return Authenticator(secret: secret, recoveryCodes: codes)
    }

    private static func base32(_ text: String) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        let bits = text.compactMap { alphabet.firstIndex(of: $0) }.flatMap { value in
            (0..<5).map { value >> (4 - $0) & 1 }
        }
        return stride(from: 0, to: bits.count - 7, by: 8).map { start in
            UInt8(bits[start..<start + 8].reduce(0) { $0 << 1 | $1 })
        }
    }

    @Test("with an authenticator the password alone opens nothing; with its code it does, once")
    func twoSteps() async throws {
        let (user, org) = try await member()
        let door = try FrontDoor()
        let owner = door.browser()
        #expect(await logIn(owner).status == 200)
        let authenticator = try await enrol(door, owner)
        #expect(await owner.send(.get, "/api/security/account").json["totp"]?["enabled"]?.bool == true)

        let browser = door.browser(at: "192.0.2.77")
        let first = await logIn(browser)
        #expect(first.status == 401)
        #expect(first.slug == "second-factor-required")
        #expect(first.setCookies.isEmpty)
        let challenge = try #require(first.json["challenge"]?.string)
        #expect(await second(browser, challenge, "000000").slug == "second-factor-wrong")
        let code = authenticator.code(at: door.time.now)
        let done = await second(browser, challenge, code)
        #expect(done.status == 200)
        #expect(done.json["userId"]?.string == "\(user)")
        #expect(await browser.send(.get, "/api/me").status == 200)
        #expect(await second(browser, challenge, code).slug == "second-factor-expired")

        let again = try await owed(by: door.browser())
        let replayed = await second(door.browser(), again, code)
        #expect(replayed.slug == "second-factor-wrong")
        door.time.advance(by: .seconds(30))
        #expect(await second(door.browser(), again, authenticator.code(at: door.time.now)).status == 200)
        let actions = try await TestDatabase.current.app.rows(in: org, "SELECT action FROM audit_entries") {
            try $0.next(String.self)
        }
        #expect(actions.filter { $0 == "session.create" }.count == 3)
        #expect(actions.filter { $0.hasPrefix("totp.") }.sorted() == ["totp.begin", "totp.enable"])
        #expect(door.mail.all.contains { $0.subject.hasPrefix("Two-step sign-in was switched on") })
    }

    @Test("the code of an authenticator that was not confirmed yet proves nothing")
    func unconfirmed() async throws {
        let (user, _) = try await member()
        let door = try FrontDoor()
        let owner = door.browser()
        #expect(await logIn(owner).status == 200)
        let begun = await owner.send(.post, "/api/security/totp")
        let secret = Secret(Self.base32(try #require(begun.json["secret"]?.string)))
        func isProved() async throws -> Bool {
            let code = TimeCode.code(at: TimeCode.step(at: door.time.now), secret: secret)
            return try await SecondStep(door.context).proof(in: Secret(code), of: user) != nil
        }
        #expect(try await !isProved())
        let code = TimeCode.code(at: TimeCode.step(at: door.time.now), secret: secret)
        #expect(await owner.send(.post, "/api/security/totp/confirm", ["code": .string(code)]).status == 200)
        door.time.advance(by: .seconds(30))
        #expect(try await isProved())
    }

    @Test("of many who send one code at once exactly one gets in")
    func race() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let owner = door.browser()
        _ = await logIn(owner)
        let authenticator = try await enrol(door, owner)
        let code = authenticator.code(at: door.time.now)
        let device = owner.cookies["pulse_device"]
        var challenges: [String] = []
        for _ in 0..<4 { challenges.append(try await owed(by: door.browser())) }
        let statuses = await withTaskGroup(of: Int.self) { group in
            for challenge in challenges {
                let browser = door.browser()
                browser.cookies["pulse_device"] = device
                nonisolated(unsafe) let mine = browser  // each task has a browser of its own
                group.addTask {
                    await mine.send(
                        .post, "/api/login/second-factor", ["challenge": .string(challenge), "code": .string(code)]
                    ).status
                }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.sorted() == [200, 403, 403, 403])
    }

    @Test("a recovery code works once, however it is typed, and mail tells of it")
    func recovery() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let owner = door.browser()
        _ = await logIn(owner)
        let authenticator = try await enrol(door, owner)
        #expect(Set(authenticator.recoveryCodes).count == 10)
        let typed = " " + authenticator.recoveryCodes[0].uppercased().replacing("-", with: " - ")
        let first = try await owed(by: door.browser())
        #expect(await second(door.browser(), first, typed).status == 200)
        let next = try await owed(by: door.browser())
        #expect(await second(door.browser(), next, authenticator.recoveryCodes[0]).slug == "second-factor-wrong")
        #expect(await second(door.browser(), next, authenticator.recoveryCodes[1]).status == 200)
        #expect(await owner.send(.get, "/api/security/account").json["recoveryCodesLeft"]?.int == 8)
        #expect(door.mail.all.contains { $0.subject.hasPrefix("A recovery code was used") })
        let renewed = await owner.send(.post, "/api/security/recovery-codes")
        #expect(renewed.json["recoveryCodes"]?.array?.count == 10)
        let last = try await owed(by: door.browser())
        #expect(await second(door.browser(), last, authenticator.recoveryCodes[2]).slug == "second-factor-wrong")
    }

    @Test("five wrong codes lock the second step, whatever challenge they answer; a known browser is counted by itself")
    func lock() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let owner = door.browser()
        _ = await logIn(owner)
        let authenticator = try await enrol(door, owner)
        for _ in 0..<5 {
            let token = try await owed(by: door.browser())
            #expect(await second(door.browser(), token, "000000").slug == "second-factor-wrong")
        }
        let code = authenticator.code(at: door.time.now)
        let token = try await owed(by: door.browser())
        #expect(await second(door.browser(), token, code).slug == "account-locked")
        let mine = try await owed(by: owner)
        #expect(await second(owner, mine, code).status == 200)
    }

    @Test("a challenge lives five minutes", arguments: [(299, 200), (300, 400)])
    func challengeExpires(seconds: Int, status: Int) async throws {
        _ = try await member()
        let door = try FrontDoor()
        let owner = door.browser()
        _ = await logIn(owner)
        let authenticator = try await enrol(door, owner)
        let token = try await owed(by: door.browser())
        door.time.advance(by: .seconds(seconds))
        #expect(await second(door.browser(), token, authenticator.code(at: door.time.now)).status == status)
    }

    @Test("a mailed link is a first step as well")
    func byLink() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let owner = door.browser()
        _ = await logIn(owner)
        let authenticator = try await enrol(door, owner)
        let browser = door.browser()
        await browser.send(.post, "/api/public/magic-link/request", ["email": "ana@example.org"])
        let link = try #require(door.mail.token(to: "ana@example.org", prefix: "ml1_"))
        let opened = await browser.send(.get, "/api/public/magic-link/verify?token=\(link)")
        let target = try #require(opened.headers["location"])
        #expect(target.hasPrefix("/login#second-factor=p2f_"))
        #expect(opened.setCookies.isEmpty)
        let challenge = String(target.dropFirst("/login#second-factor=".count))
        #expect(await second(browser, challenge, authenticator.code(at: door.time.now)).status == 200)
    }

    @Test("switching on, off and new codes want a fresh session, confirmed by a code where there is an authenticator")
    func freshness() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let owner = door.browser()
        _ = await logIn(owner)
        door.time.advance(by: .seconds(600))
        #expect(await owner.send(.post, "/api/security/totp").slug == "fresh-session-required")
        let confirm = { (body: JSONValue) in await owner.send(.post, "/api/security/step-up", body) }
        #expect(await confirm(["password": .string(password)]).status == 200)
        let authenticator = try await enrol(door, owner)
        door.time.advance(by: .seconds(600))
        #expect(await owner.send(.delete, "/api/security/totp").slug == "fresh-session-required")
        #expect(await owner.send(.post, "/api/security/recovery-codes").slug == "fresh-session-required")
        #expect(await confirm(["password": .string(password)]).json["field"]?.string == "code")
        let code = authenticator.code(at: door.time.now)
        #expect(await confirm(["code": .string(code)]).status == 200)
        #expect(await confirm(["code": .string(code)]).slug == "second-factor-wrong")
        #expect(await owner.send(.post, "/api/security/totp").slug == "totp-enabled")
        #expect(await owner.send(.delete, "/api/security/totp").status == 204)
        #expect(await owner.send(.delete, "/api/security/totp").slug == "totp-off")
        #expect(await logIn(door.browser()).status == 200)
        #expect(door.mail.all.contains { $0.subject.hasPrefix("Two-step sign-in was switched off") })
    }

    @Test("a secret waits 15 minutes for its first code, and a later one takes its place")
    func begun() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let owner = door.browser()
        _ = await logIn(owner)
        let confirm = { (code: String) in
            await owner.send(.post, "/api/security/totp/confirm", ["code": .string(code)]).slug
        }
        #expect(await confirm("123456") == "totp-not-begun")
        let begun = await owner.send(.post, "/api/security/totp").json
        let secret = Secret(Self.base32(try #require(begun["secret"]?.string)))
        #expect(begun["qrSvg"]?.string?.hasPrefix("<svg ") == true)
        #expect(begun["uri"]?.string?.contains("ana%40example.org") == true)
        #expect(await logIn(door.browser()).status == 200)
        door.time.advance(by: .seconds(900))
        let late = TimeCode.code(at: TimeCode.step(at: door.time.now), secret: secret)
        #expect(await confirm(late) == "totp-not-begun")
    }

    @Test("the database holds neither secret nor codes, and a secret moved to another person does not open")
    func sealed() async throws {
        let (user, _) = try await member()
        let door = try FrontDoor()
        let owner = door.browser()
        _ = await logIn(owner)
        let authenticator = try await enrol(door, owner)
        let database = TestDatabase.current.superuser
        let stored = try await database.firstGlobally(
            "SELECT position(\(authenticator.secret.reveal()) in secret) FROM pulse.totp_secrets"
        ) { try $0.next(Int32.self) }
        #expect(stored == 0)
        let code = authenticator.recoveryCodes[0].replacing("-", with: "")
        let found = try await database.firstGlobally(
            "SELECT count(*) FROM pulse.recovery_codes WHERE code_hash IN (sha256(\(Array(code.utf8))), \(Array(code.utf8)))"
        ) { try $0.next(Int.self) }
        #expect(found == 0)
        let ben = try await Given.person(email: "ben@example.org")
        try await database.executeGlobally(
            """
            INSERT INTO pulse.totp_secrets (user_id, secret, created_at, enabled_at)
            SELECT \(ben), secret, created_at, enabled_at FROM pulse.totp_secrets WHERE user_id = \(user)
            """)
        let second = SecondStep(door.context)
        let now = authenticator.code(at: door.time.now)
        await #expect(throws: (any Error).self) { try await second.proof(in: Secret(now), of: ben) }
        #expect(try await second.proof(in: Secret(now), of: user) != nil)
    }
}
