import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Access

/// An organisation with people of every standing, and another one beside it.
struct EscalationScene {
    let access: AccessCase
    let org: OrgID
    let owner: AccessCase.Actor
    let admin: AccessCase.Actor
    /// May read and manage roles and tokens, and nothing else.
    let manager: AccessCase.Actor
    /// Somebody to be given things.
    let friend: AccessCase.Actor
    let stranger: AccessCase.Actor

    init() async throws {
        access = try AccessCase()
        owner = try await access.member(as: .owner)
        org = owner.org
        admin = try await access.member(as: .admin, of: org)
        manager = try await access.member(as: .custom, of: org)
        friend = try await access.member(as: .custom, of: org)
        stranger = try await access.member(as: .owner)
        let managing = try await role("Managers", ["*:roles", "*:tokens"])
        #expect(await assign(owner, [managing], to: manager).status == 200)
    }

    // MARK: Roles

    /// `read:keys`, `!read:keys` to deny, `read:monitoring@berlin` for what has the tag.
    static func rule(_ text: String) -> JSONValue {
        let isDenial = text.hasPrefix("!")
        let parts = text.drop { $0 == "!" }.split(separator: "@")
        let words = parts[0].split(separator: ":").map { JSONValue.string(String($0)) }
        var rule: [String: JSONValue] = [
            "action": words[0], "resource": words[1], "effect": isDenial ? "deny" : "allow",
        ]
        if parts.count == 2 { rule["conditions"] = ["tags": [.string(String(parts[1]))]] }
        return .object(rule)
    }

    static func body(_ name: String, _ rules: [String], parent: String? = nil) -> JSONValue {
        var body: [String: JSONValue] = ["name": .string(name), "rules": .array(rules.map(rule))]
        body["parentId"] = parent.map { .string($0) }
        return .object(body)
    }

    func create(_ actor: AccessCase.Actor, _ name: String, _ rules: [String], parent: String? = nil) async
        -> Browser.Answer
    {
        await actor.browser.send(.post, "/api/admin/roles", Self.body(name, rules, parent: parent))
    }

    func replace(_ actor: AccessCase.Actor, _ id: String, _ rules: [String], parent: String? = nil) async
        -> Browser.Answer
    {
        await actor.browser.send(.put, "/api/admin/roles/\(id)", Self.body("Changed", rules, parent: parent))
    }

    /// A role that the owner makes.
    func role(_ name: String, _ rules: [String], parent: String? = nil) async throws -> String {
        let made = await create(owner, name, rules, parent: parent)
        #expect(made.status == 201, "\(made.text)")
        return try #require(made.json["id"]?.string)
    }

    func assign(_ actor: AccessCase.Actor, _ roles: [String], to member: AccessCase.Actor) async -> Browser.Answer {
        await actor.browser.send(
            .put, "/api/orgs/\(org)/members/\(member.user)/roles", ["roleIds": .array(roles.map { .string($0) })])
    }

    /// What the owner gives.
    func give(_ member: AccessCase.Actor, _ roles: String...) async {
        #expect(await assign(owner, roles, to: member).status == 200)
    }

    // MARK: Tokens

    func mintAnswer(_ browser: Browser, scopes: [String], _ more: [String: JSONValue] = [:]) async -> Browser.Answer {
        await browser.send(.post, "/api/security/tokens", Self.token(scopes, more))
    }

    static func token(_ scopes: [String], _ more: [String: JSONValue] = [:]) -> JSONValue {
        let body: [String: JSONValue] = ["name": "t", "scopes": .array(scopes.map { .string($0) })]
        return .object(body.merging(more) { $1 })
    }

    /// A program with a token of this person.
    func program(
        of actor: AccessCase.Actor, _ scopes: [String], _ more: [String: JSONValue] = [:]
    ) async throws -> (program: AccessCase.Program, id: String) {
        let made = try await access.mint(actor, Self.token(scopes, more))
        return (access.program(made.token), made.id)
    }

    func become(_ actor: AccessCase.Actor, _ role: Role) async throws {
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.members SET role = \(role.rawValue) WHERE user_id = \(actor.user) AND org_id = \(org)")
    }
}
