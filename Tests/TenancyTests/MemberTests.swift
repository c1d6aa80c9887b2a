import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct MemberTests {
    @Test("the list shows the members of this organisation, page by page")
    func list() async throws {
        let place = try await TenancyCase()
        _ = try await Given.member()
        for _ in 0..<4 { _ = try await place.join(as: .viewer) }
        var seen: [String] = []
        var path = "\(place.path)/members?limit=2"
        for _ in 0..<3 {
            let page = await place.ownerBrowser.send(.get, path).json
            seen += page["data"]?.array?.compactMap { $0["userId"]?.string } ?? []
            guard let cursor = page["nextCursor"]?.string else { break }
            path = "\(place.path)/members?limit=2&cursor=\(cursor)"
        }
        #expect(Set(seen).count == 5 && seen.count == 5)
        #expect(await place.ownerBrowser.send(.get, "\(place.path)/members?cursor=x").slug == "invalid-field")
    }

    @Test("the path names the organisation: another one's members are not found, whatever the header says")
    func foreign() async throws {
        let place = try await TenancyCase()
        let (_, theirs) = try await Given.member()
        var bodies: Set<String> = []
        for org in ["\(theirs)", "\(OrgID.new(at: Given.start))", "nonsense"] {
            let answer = await place.ownerBrowser.send(
                .get, "/api/orgs/\(org)/members", headers: ["x-pulse-org-id": "\(place.org)"])
            #expect(answer.status == 404)
            bodies.insert(answer.text)
        }
        #expect(bodies.count == 1)
    }

    /// Who may give which role to whom.
    static let changes: [(actor: Role, from: Role, to: Role, slug: String)] = [
        (.owner, .viewer, .admin, ""), (.owner, .admin, .viewer, ""), (.owner, .viewer, .owner, ""),
        (.owner, .owner, .editor, ""), (.admin, .viewer, .admin, ""), (.admin, .admin, .viewer, ""),
        (.admin, .owner, .viewer, "owner-required"), (.admin, .viewer, .owner, "owner-required"),
        (.editor, .viewer, .editor, "permission-denied"), (.viewer, .viewer, .viewer, "permission-denied"),
        (.auditor, .viewer, .auditor, "permission-denied"),
    ]

    @Test("a role is given by those who hold it", arguments: changes)
    func change(actor: Role, from: Role, to: Role, slug: String) async throws {
        let place = try await TenancyCase()
        let (_, browser) = try await place.join(as: actor)
        let (user, _) = try await place.join(as: from)
        let answer = await browser.send(
            .patch, "\(place.path)/members/\(user)", ["role": .string(to.rawValue)])
        #expect(answer.slug == slug)
        #expect(try await place.role(of: user) == (slug.isEmpty ? to : from).rawValue)
        #expect(try await place.trail() == (slug.isEmpty ? ["member.update"] : []))
    }

    @Test("the database's own rule of who gives which role is this table, whoever asks it", arguments: Role.allCases)
    func giving(holder: Role) async throws {
        let given: Set<Role> =
            switch holder {
            case .owner: Set(Role.allCases)
            case .admin: Set(Role.allCases).subtracting([.owner])
            default: [.viewer, holder]
            }
        for wanted in Role.allCases {
            let may = try await TestDatabase.current.superuser.firstGlobally(
                "SELECT pulse.may_grant(\(holder.rawValue), \(wanted.rawValue))"
            ) { try $0.next(Bool.self) }
            #expect(may == given.contains(wanted), "\(holder) gives \(wanted)")
        }
    }

    @Test("an owner is removed by owners alone, and an admin is told who could")
    func ownersStay() async throws {
        let place = try await TenancyCase()
        let (_, admin) = try await place.join(as: .admin)
        let (second, _) = try await place.join(as: .owner)
        #expect(await admin.send(.delete, "\(place.path)/members/\(second)").slug == "owner-required")
        #expect(try await place.role(of: second) == "owner")
        #expect(await place.ownerBrowser.send(.delete, "\(place.path)/members/\(second)").status == 204)
    }

    @Test("nobody makes themselves more than they are")
    func selfPromotion() async throws {
        let place = try await TenancyCase()
        let (admin, browser) = try await place.join(as: .admin)
        let answer = await browser.send(.patch, "\(place.path)/members/\(admin)", ["role": "owner"])
        #expect(answer.slug == "owner-required")
        let handOver: JSONValue = ["userId": .string("\(admin)"), "role": "owner"]
        #expect(await browser.send(.post, "\(place.path)/members", handOver).status == 403)
        #expect(try await place.role(of: admin) == "admin")
    }

    @Test("the last owner stays: not demoted, not removed, not gone")
    func lastOwner() async throws {
        let place = try await TenancyCase()
        _ = try await place.join(as: .admin)
        let own = "\(place.path)/members/\(place.owner)"
        #expect(await place.ownerBrowser.send(.patch, own, ["role": "admin"]).slug == "last-owner")
        #expect(await place.ownerBrowser.send(.delete, own).slug == "last-owner")
        #expect(await place.ownerBrowser.send(.post, "\(place.path)/leave").slug == "last-owner")
        #expect(try await place.role(of: place.owner) == "owner")
        #expect(try await place.trail() == [])
    }

    @Test("nobody takes by hand what a member's groups give; more may be given")
    func mappedRole() async throws {
        let place = try await TenancyCase()
        let (member, _) = try await place.join(as: .viewer)
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.members SET mapped_role = 'editor', mapped_by = 'login' WHERE user_id = \(member)")
        let path = "\(place.path)/members/\(member)"
        #expect(await place.ownerBrowser.send(.patch, path, ["role": "viewer"]).slug == "role-from-groups")
        #expect(try await place.role(of: member) == "editor")
        #expect(await place.ownerBrowser.send(.patch, path, ["role": "admin"]).status == 200)
        #expect(try await place.role(of: member) == "admin")
        #expect(await place.ownerBrowser.send(.patch, path, ["role": "editor"]).status == 200)
        #expect(try await place.role(of: member) == "editor")
    }

    @Test("two owners who demote each other at the same moment leave one owner", arguments: 0..<5)
    func mutualDemotion(round: Int) async throws {
        let place = try await TenancyCase()
        let (other, otherBrowser) = try await place.join(as: .owner)
        let (first, second) = (SendableBrowser(place.ownerBrowser), SendableBrowser(otherBrowser))
        let path = "\(place.path)/members/"
        let (mine, theirs) = ("\(path)\(other)", "\(path)\(place.owner)")
        let isRemoval = round % 2 == 1
        let statuses = await withTaskGroup(of: Int.self) { group in
            for (browser, path) in [(first, mine), (second, theirs)] {
                group.addTask {
                    isRemoval
                        ? await browser.send(.delete, path) : await browser.send(.patch, path, ["role": "viewer"])
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let owners = try await TestDatabase.current.app.first(
            in: place.org, "SELECT count(*) FROM members WHERE role = 'owner'"
        ) { try $0.next(Int.self) }
        #expect(owners == 1)
        #expect(statuses.count { $0 < 300 } == 1, "\(statuses)")
    }

    @Test("who is removed is out from the next request on, and can be told so twice")
    func remove() async throws {
        let place = try await TenancyCase()
        let (user, browser) = try await place.join(as: .editor)
        #expect(await browser.send(.get, place.path).status == 200)
        #expect(await place.ownerBrowser.send(.delete, "\(place.path)/members/\(user)").status == 204)
        #expect(await browser.send(.get, place.path).slug == "organisation-not-found")
        #expect(await place.ownerBrowser.send(.delete, "\(place.path)/members/\(user)").slug == "member-not-found")
        #expect(try await place.trail() == ["member.remove"])
    }

    @Test("leaving needs no permission, and is not for strangers")
    func leave() async throws {
        let place = try await TenancyCase()
        let (user, browser) = try await place.join(as: .viewer)
        #expect(await browser.send(.post, "\(place.path)/leave").status == 204)
        #expect(try await place.role(of: user) == nil)
        #expect(await browser.send(.post, "\(place.path)/leave").slug == "organisation-not-found")
        #expect(try await place.trail() == ["member.leave"])
    }

    @Test("ownership goes to a member, by a fresh session, and the old owner becomes admin")
    func transfer() async throws {
        let place = try await TenancyCase()
        let (heir, _) = try await place.join(as: .viewer)
        let path = "\(place.path)/transfer-ownership"
        let body: JSONValue = ["userId": .string("\(heir)")]
        let stranger = try await Given.person()
        let refused = await place.ownerBrowser.send(.post, path, ["userId": .string("\(stranger)")])
        #expect(refused.slug == "owner-transfer-requires-member")
        place.door.time.advance(by: .seconds(601))
        #expect(await place.ownerBrowser.send(.post, path, body).slug == "fresh-session-required")
        #expect(try await place.role(of: place.owner) == "owner")
        let fresh = try await place.door.browser(of: place.owner)
        let done = await fresh.send(.post, path, body)
        #expect(done.json["member"]?["role"]?.string == "owner")
        #expect(try await place.role(of: place.owner) == "admin")
        #expect(try await place.trail() == ["ownership.transfer"])
        #expect(await fresh.send(.post, path, body).status == 403)
    }

    @Test("the organisation has another name from now on, for those who may say so")
    func rename() async throws {
        let place = try await TenancyCase()
        let (_, viewer) = try await place.join(as: .viewer)
        #expect(await viewer.send(.patch, place.path, ["displayName": "Mine"]).status == 403)
        let renamed = await place.ownerBrowser.send(.patch, place.path, ["displayName": "Südwind"])
        #expect(renamed.json["displayName"]?.string == "Südwind")
        #expect(renamed.json["memberCount"]?.int == 2)
        #expect(await viewer.send(.get, place.path).json["displayName"]?.string == "Südwind")
        #expect(await place.ownerBrowser.send(.patch, place.path, ["displayName": "a/b"]).slug == "invalid-field")
        #expect(try await place.trail() == ["organisation.update"])
    }
}

/// A browser that one task at a time uses, on its way into that task.
/// `@unchecked Sendable`: the test gives each to one task and does not touch it again.
struct SendableBrowser: @unchecked Sendable {
    private let browser: Browser
    init(_ browser: Browser) { self.browser = browser }

    func send(_ method: Endpoint.Method, _ path: String, _ body: JSONValue? = nil) async -> Int {
        await browser.send(method, path, body).status
    }
}
