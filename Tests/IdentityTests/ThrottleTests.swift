import Cryptography
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Mail
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct ThrottleTests {
    private let password = "correct horse battery"

    private func member(_ email: String = "ana@example.org") async throws -> UserID {
        let hash = try await FrontDoor.passwords.hash(Secret(password))
        let user = try await Given.person(email: email, passwordHash: hash)
        try await Given.membership(of: user, in: try await Given.organisation())
        return user
    }

    private func logIn(
        _ browser: Browser, _ password: String = "wrong horse battery", as email: String = "ana@example.org"
    ) async -> Browser.Answer {
        await browser.send(.post, "/api/login", ["email": .string(email), "password": .string(password)])
    }

    /// Signed in before, and out again: what stays is the device.
    private func known(_ door: FrontDoor, as email: String = "ana@example.org") async throws -> Browser {
        let browser = door.browser()
        try #require(await logIn(browser, password, as: email).status == 200)
        let device = try #require(browser.cookies["pulse_device"])
        browser.cookies = ["pulse_device": device]
        return browser
    }

    @Test("however many strangers guess, from wherever, the owner gets in with a browser they know")
    func ownerGetsIn() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let owner = try await known(door)
        for number in 0..<300 {
            // Some of them sit behind the owner's own address.
            let guess = await logIn(door.browser(at: number < 20 ? "192.0.2.10" : "198.51.100.\(number % 250)"))
            #expect(guess.status == (guess.slug == "account-locked" ? 403 : 401))
        }
        #expect(await logIn(door.browser(at: "203.0.113.1"), password).slug == "account-locked")
        #expect(await logIn(owner, password).status == 200)
        #expect(await logIn(door.browser(at: "203.0.113.1"), password).slug == "account-locked")
    }

    @Test("neighbours behind one address use up no tries of a browser that signed in here; made-up ones have none")
    func ownBudget() async throws {
        _ = try await member()
        let door = try FrontDoor(hasRateLimits: true)
        let owner = try await known(door)
        var refusals: [String] = []
        for _ in 0..<20 { refusals.append(await logIn(door.browser()).slug) }
        #expect(refusals.contains("rate-limited"))
        let forged = door.browser()
        forged.cookies = ["pulse_device": BearerToken.new(.device).text.reveal()]
        #expect(await logIn(forged, password).slug == "rate-limited")
        #expect(await logIn(owner, password).status == 200)
    }

    @Test("a device counts for its own person only, and only as we made it")
    func otherPeople() async throws {
        _ = try await member()
        _ = try await member("ben@example.org")
        let door = try FrontDoor()
        let bens = try await known(door, as: "ben@example.org")
        for number in 1...5 { _ = await logIn(door.browser(at: "198.51.100.\(number)")) }
        #expect(await logIn(bens, password).slug == "account-locked")
        let planted = door.browser(at: "203.0.113.1")
        planted.cookies = ["pulse_device": "pdv_" + String(repeating: "A", count: 48)]
        #expect(await logIn(planted, password).slug == "account-locked")
    }

    @Test("a changed password makes strangers of all other browsers, and of none that changed it")
    func forgotten() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let (other, here) = (try await known(door), try await known(door))
        #expect(await logIn(here, password).status == 200)
        let new = "nine calm grey herons"
        let changed = await here.send(
            .post, "/api/security/change-password", ["currentPassword": .string(password), "newPassword": .string(new)])
        #expect(changed.status == 200, "\(changed.text)")
        for number in 1...5 { _ = await logIn(door.browser(at: "198.51.100.\(number)")) }
        #expect(await logIn(other, new).slug == "account-locked")
        #expect(await logIn(here, new).status == 200)
    }

    @Test("a stolen device has ten guesses, and then is a stranger")
    func stolenDevice() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let thief = try await known(door)
        for _ in 1...10 { #expect(await logIn(thief).status == 401) }
        for _ in 1...5 { #expect(await logIn(thief).status == 401) }
        #expect(await logIn(thief, password).slug == "account-locked")
        door.time.advance(by: .seconds(900))
        #expect(await logIn(thief, password).status == 200)
    }

    @Test("a browser keeps its device, a stranger's cookie is never taken over, and mail tells of a new one")
    func devices() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let owner = try await known(door)
        let device = owner.cookies["pulse_device"]
        #expect(await logIn(owner, password).status == 200)
        #expect(owner.cookies["pulse_device"] == device)
        #expect(door.mail.count(to: "ana@example.org") == 0)
        let planted = door.browser(at: "203.0.113.1")
        let foreign = "pdv_" + String(repeating: "A", count: 48)
        planted.cookies = ["pulse_device": foreign]
        #expect(await logIn(planted, password).status == 200)
        #expect(planted.cookies["pulse_device"] != foreign)
        #expect(door.mail.all.map(\.subject) == ["A sign-in from a new device (Pulse)"])
        let listed = await owner.send(.get, "/api/security/account").json["devices"]?.array ?? []
        #expect(listed.count == 2)
        #expect(listed.filter { $0["current"]?.bool == true }.count == 1)
    }

    @Test("a forgotten device is a stranger; nobody forgets another person's")
    func forgetting() async throws {
        _ = try await member()
        _ = try await member("ben@example.org")
        let door = try FrontDoor()
        let (ana, ben) = (door.browser(), door.browser())
        #expect(await logIn(ana, password).status == 200)
        #expect(await logIn(ben, password, as: "ben@example.org").status == 200)
        let id = try #require(
            await ana.send(.get, "/api/security/account").json["devices"]?[0]?["id"]?.string)
        #expect(await ben.send(.delete, "/api/security/devices/\(id)").slug == "not-found")
        #expect(await ana.send(.delete, "/api/security/devices/\(id)").status == 204)
        #expect(await ana.send(.delete, "/api/security/devices/\(id)").slug == "not-found")
        for number in 1...5 { _ = await logIn(door.browser(at: "198.51.100.\(number)")) }
        #expect(await logIn(ana, password).slug == "account-locked")
    }

    @Test("of more than twenty devices the longest unseen go")
    func bounded() async throws {
        let user = try await member()
        let door = try FrontDoor()
        for _ in 0..<22 {
            #expect(await logIn(door.browser(), password).status == 200)
            door.time.advance(by: .seconds(1))
        }
        let count = try await TestDatabase.current.superuser.firstGlobally(
            "SELECT count(*) FROM pulse.known_devices WHERE user_id = \(user)"
        ) { try $0.next(Int.self) }
        #expect(count == 20)
    }
}
