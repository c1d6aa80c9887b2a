import Cryptography
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import VerifiedDomains

@Suite(.postgres) struct BreakGlassTests {
    private static let door = "/api/public/sso/break-glass"
    private static let password = "a long enough password 7"
    let scene: DomainCase

    init() throws { scene = try DomainCase() }

    private func slug(_ org: OrgID) async throws -> String {
        try #require(
            try await TestDatabase.current.superuser.firstGlobally("SELECT slug FROM pulse.orgs WHERE id = \(org)") {
                try $0.next(String.self)
            })
    }

    /// An owner with a code; and what they would send to come in by it.
    private func holder(_ email: String) async throws -> (owner: DomainCase.Owner, claim: [String: JSONValue]) {
        let owner = try await scene.owner(email: email, password: Self.password)
        let made = await owner.browser.send(.post, DomainCase.glass)
        #expect(made.status == 201, "\(made.text)")
        let code = try #require(made.json["code"]?.string)
        return (
            owner,
            [
                "organization": .string(try await slug(owner.org)), "username": .string(email),
                "password": .string(Self.password), "code": .string(code),
            ]
        )
    }

    private func send(_ claim: [String: JSONValue], at address: String = "192.0.2.77") async -> (
        Browser, Browser.Answer
    ) {
        let browser = scene.door.browser(at: address)
        return (browser, await browser.send(.post, Self.door, .object(claim)))
    }

    @Test("the database keeps codes of owners alone") func ownersAlone() async throws {
        let owner = try await scene.owner()
        let admin = try await Given.person()
        try await Given.membership(of: admin, in: owner.org, as: .admin)
        let digest = [UInt8](repeating: 7, count: 32)
        for (person, isKept) in [(admin, false), (owner.user, true)] {
            let told = try await TestDatabase.current.app.first(
                in: owner.org, "SELECT keep_break_glass(\(person), \(digest), \(Given.start))"
            ) { try $0.next(Bool.self) }
            #expect(told == isKept)
        }
    }

    @Test("no code opens a suspended organisation, but one that has not paid") func suspended() async throws {
        let (owner, claim) = try await holder("sus@example.com")
        for (reason, status) in [("abuse", 401), ("billing", 200)] {
            try await TestDatabase.current.superuser.executeGlobally(
                "UPDATE pulse.orgs SET state = 'suspended', suspension = \(reason) WHERE id = \(owner.org)")
            #expect(await send(claim).1.status == status, "\(reason)")
        }
    }

    @Test("password and code open one session, once, bound to the organisation; the next code takes its place")
    func once() async throws {
        let (owner, claim) = try await holder("ana@example.com")
        let second = try await scene.owner(email: "ben@example.org", of: owner.org)
        try await scene.enforced("example.com", by: second)
        let (browser, answer) = await send(claim)
        #expect(answer.status == 200 && answer.json["orgId"]?.string == "\(owner.org)", "\(answer.text)")
        #expect(await browser.send(.get, DomainCase.path).status == 200, "past the enforcement")
        let (_, again) = await send(claim, at: "192.0.2.78")
        #expect(again.status == 401 && again.slug == "invalid-credentials")
        var next = claim
        next["code"] = answer.json["nextCode"]
        #expect(await send(next, at: "192.0.2.79").1.status == 200)

        let opened = try await TestDatabase.current.superuser.rowsGlobally(
            "SELECT bound_org, method FROM pulse.sessions WHERE user_id = \(owner.user) AND method <> 'password'"
        ) { (org: try $0.next(OrgID?.self), method: try $0.next(String.self)) }
        #expect(opened.count == 2 && opened.allSatisfy { $0.org == owner.org && $0.method == "break-glass" })
        #expect(try await scene.actions(in: owner.org).count { $0 == "break_glass.use" } == 2)
        for address in ["ana@example.com", "ben@example.org"] { #expect(scene.door.mail.count(to: address) == 2) }
    }

    @Test("of two at once with one code one comes in") func two() async throws {
        let (owner, claim) = try await holder("ana@example.com")
        let statuses = await withTaskGroup(of: Int.self) { group in
            for number in 1...8 {
                group.addTask { [self] in await send(claim, at: "198.51.100.\(number)").1.status }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 200 } == 1 && statuses.allSatisfy { $0 == 200 || $0 == 401 || $0 == 403 })
        #expect(try await scene.actions(in: owner.org).count { $0 == "break_glass.use" } == 1)
    }

    @Test("whatever does not fit, the answer is the same and it counts")
    func refusals() async throws {
        let (owner, claim) = try await holder("ana@example.com")
        let (other, foreign) = try await holder("eve@elsewhere.example")
        let wrong: [[String: JSONValue]] = [
            ["password": "not the password 1"], ["code": "00000-00000-00000-00000"], ["code": "nonsense"],
            ["organization": "no-such-place"], ["organization": foreign["organization"] ?? ""],
            ["username": "nobody@example.com"], ["username": "eve@elsewhere.example"], ["code": foreign["code"] ?? ""],
        ]
        for (number, change) in wrong.enumerated() {
            let (browser, answer) = await send(claim.merging(change) { $1 }, at: "203.0.113.\(number)")
            #expect(answer.status == 401 || answer.status == 403, "\(change): \(answer.text)")
            #expect(browser.cookies["pulse_session"] == nil)
        }
        #expect(try await scene.actions(in: owner.org).allSatisfy { $0 != "break_glass.use" })
        #expect(try await scene.actions(in: other.org).allSatisfy { $0 != "break_glass.use" })
        let (_, locked) = await send(claim, at: "203.0.113.99")
        #expect(locked.status == 403 && locked.slug == "account-locked", "five failures lock, as with passwords")
        scene.door.time.advance(by: .seconds(901))
        #expect(await send(claim, at: "203.0.113.99").1.status == 200)
    }

    @Test("owners alone make codes, each their own, with a fresh session; the code is kept as a digest")
    func making() async throws {
        let (owner, claim) = try await holder("ana@example.com")
        let admin = try await Given.person(email: "adm@example.org")
        try await Given.membership(of: admin, in: owner.org, as: .admin)
        let browser = try await scene.door.browser(of: admin)
        for method in [Endpoint.Method.get, .post, .delete] {
            #expect(await browser.send(method, DomainCase.glass).status == 403)
        }
        let listed = await owner.browser.send(.get, DomainCase.glass).json["data"]?.array ?? []
        #expect(listed.count == 1 && listed[0]["holdsCode"] == true && listed[0]["code"] == nil)
        let again = await owner.browser.send(.post, DomainCase.glass)
        #expect(again.status == 201)
        #expect(await send(claim).1.status == 401, "the one before ended")
        let kept = try await TestDatabase.current.superuser.firstGlobally(
            "SELECT code_hash FROM pulse.break_glass_codes WHERE org_id = \(owner.org)"
        ) { try $0.next([UInt8].self) }
        #expect(kept?.count == 32)
        scene.door.time.advance(by: .seconds(700))
        for method in [Endpoint.Method.post, .delete] {
            #expect(await owner.browser.send(method, DomainCase.glass).slug == "fresh-session-required")
        }
    }

    @Test("the last code is kept while a domain is enforced") func last() async throws {
        let owner = try await scene.owner(email: "ana@elsewhere.example")
        let second = try await scene.owner(of: owner.org)
        #expect(await owner.browser.send(.delete, DomainCase.glass).slug == "break-glass-not-found")
        try await scene.enforced("example.com", by: owner)
        #expect(await owner.browser.send(.delete, DomainCase.glass).slug == "break-glass-needed")
        #expect(await second.browser.send(.post, DomainCase.glass).status == 201)
        #expect(await owner.browser.send(.delete, DomainCase.glass).status == 204)
        #expect(await second.browser.send(.delete, DomainCase.glass).slug == "break-glass-needed")
    }

    @Test("who is no owner any more has no code that works") func demoted() async throws {
        let (owner, claim) = try await holder("ana@example.com")
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.members SET role = 'admin' WHERE user_id = \(owner.user)")
        #expect(await send(claim).1.status == 401)
        try await TestDatabase.current.superuser.executeGlobally(
            "DELETE FROM pulse.members WHERE user_id = \(owner.user)")
        let left = try await TestDatabase.current.superuser.firstGlobally(
            "SELECT count(*) FROM pulse.break_glass_codes"
        ) { try $0.next(Int.self) }
        #expect(left == 0, "it goes with the membership")
    }

    @Test("a code is read as people type it") func typed() throws {
        let code = BreakGlassCode.new()
        let text = code.text.reveal()
        #expect(text.utf8.count == 23)
        let key = scene.door.context.links
        let user = UserID.new(at: Given.start)
        for form in [text, text.uppercased(), text.filter { $0 != "-" }, " \(text) "] {
            #expect(BreakGlassCode(Secret(form))?.hash(of: user, key: key) == code.hash(of: user, key: key))
        }
        #expect(BreakGlassCode(Secret(text + "0")) == nil && BreakGlassCode(Secret("")) == nil)
    }
}
