import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Access

/// One attempt to gain permissions: what is prepared, and the call that must fail.
struct Escalation: Sendable, CustomTestStringConvertible {
    typealias Attempt = () async -> Browser.Answer

    let name: String
    /// What it is refused with; `nil`: any refusal.
    let slug: String?
    let prepare: @Sendable (EscalationScene) async throws -> Attempt

    init(_ name: String, _ slug: String?, _ prepare: @escaping @Sendable (EscalationScene) async throws -> Attempt) {
        self.name = name
        self.slug = slug
        self.prepare = prepare
    }

    var testDescription: String { name }

    static let all: [Escalation] = minting + widening + smuggling + roles + assignments + stale

    private static let tokens = "/api/security/tokens"

    // MARK: Minting more than one holds

    private static let minting: [Escalation] =
        [Role.viewer, .auditor, .editor, .custom].map { role in
            Escalation("a member as \(role.rawValue) mints a token", "permission-denied") { scene in
                let member = try await scene.access.member(as: role, of: scene.org)
                return { await scene.mintAnswer(member.browser, scopes: ["monitoring:read"]) }
            }
        }
        + ["audit:read", "monitoring:read", "agent:manage"].map { scope in
            Escalation("who manages tokens alone grants \(scope)", "grant-exceeded") { scene in
                { await scene.mintAnswer(scene.manager.browser, scopes: [scope]) }
            }
        }
        + ["viewer", "auditor", "editor", "admin"].map { role in
            Escalation("who manages tokens alone makes a service token as \(role)", "grant-exceeded") { scene in
                {
                    await scene.mintAnswer(
                        scene.manager.browser, scopes: ["*"], ["kind": "service", "role": .string(role)])
                }
            }
        } + [
            Escalation("an admin makes a service token as owner", "invalid-field") { scene in
                { await scene.mintAnswer(scene.admin.browser, scopes: ["*"], ["kind": "service", "role": "owner"]) }
            },
            Escalation("who sees a part makes a service token that sees all", "grant-exceeded") { scene in
                let part = try await scene.role(
                    "Part", ["read:org", "read:members", "read:sites", "read:monitoring@berlin"])
                await scene.give(scene.friend, part, try await scene.role("Tokens", ["*:tokens"]))
                return {
                    await scene.mintAnswer(
                        scene.friend.browser, scopes: ["monitoring:read"], ["kind": "service", "role": "viewer"])
                }
            },
            Escalation("a service token makes a person's token", "grant-exceeded") { scene in
                let (service, _) = try await scene.program(
                    of: scene.owner, ["*"], ["kind": "service", "role": "admin"])
                return { await service.send(.post, tokens, EscalationScene.token(["*"])) }
            },
            Escalation("a service token as editor makes tokens", "permission-denied") { scene in
                let (service, _) = try await scene.program(
                    of: scene.owner, ["*"], ["kind": "service", "role": "editor"])
                return {
                    await service.send(
                        .post, tokens, EscalationScene.token(["*"], ["kind": "service", "role": "viewer"]))
                }
            },
        ]

    // MARK: A token that makes or becomes more than itself

    private static let widening: [Escalation] = [
        Escalation("a token without the scope mints", "missing-scope") { scene in
            let (program, _) = try await scene.program(of: scene.owner, ["monitoring:read", "settings:read"])
            return { await program.send(.post, tokens, EscalationScene.token(["monitoring:read"])) }
        },
        Escalation("a token mints all scopes", "grant-exceeded") { scene in
            let (program, _) = try await scene.program(of: scene.owner, ["settings:write"])
            return { await program.send(.post, tokens, EscalationScene.token(["*"])) }
        },
        Escalation("a token leaves scopes out, which means all", "grant-exceeded") { scene in
            let (program, _) = try await scene.program(of: scene.owner, ["settings:write"])
            return { await program.send(.post, tokens, ["name": "t"]) }
        },
        Escalation("a token mints a scope beside its own", "grant-exceeded") { scene in
            let (program, _) = try await scene.program(of: scene.owner, ["settings:write"])
            return { await program.send(.post, tokens, EscalationScene.token(["settings:write", "audit:read"])) }
        },
        Escalation("a token makes a wider service token", "grant-exceeded") { scene in
            let (program, _) = try await scene.program(of: scene.owner, ["settings:write"])
            return {
                await program.send(.post, tokens, EscalationScene.token(["*"], ["kind": "service", "role": "admin"]))
            }
        },
        Escalation("a token widens itself", "grant-exceeded") { scene in
            let (program, id) = try await scene.program(of: scene.owner, ["settings:write"])
            return { await program.send(.patch, "\(tokens)/\(id)", ["scopes": ["*"]]) }
        },
        Escalation("a token that ends makes one that does not", "grant-exceeded") { scene in
            let (program, _) = try await scene.program(of: scene.owner, ["settings:write"], ["expiresIn": "1h"])
            return { await program.send(.post, tokens, EscalationScene.token(["settings:write"])) }
        },
        Escalation("a token makes one that lives longer", "grant-exceeded") { scene in
            let (program, _) = try await scene.program(of: scene.owner, ["settings:write"], ["expiresIn": "1h"])
            return { await program.send(.post, tokens, EscalationScene.token(["settings:write"], ["expiresIn": "2h"])) }
        },
        Escalation("a token bound to addresses makes a free one", "grant-exceeded") { scene in
            let (program, _) = try await scene.program(
                of: scene.owner, ["settings:write"], ["allowedAddresses": ["192.0.2.0/24"]])
            return { await program.send(.post, tokens, EscalationScene.token(["settings:write"])) }
        },
        Escalation("a token bound to addresses widens its own list", "grant-exceeded") { scene in
            let (program, id) = try await scene.program(
                of: scene.owner, ["settings:write"], ["allowedAddresses": ["192.0.2.0/24"]])
            return { await program.send(.patch, "\(tokens)/\(id)", ["allowedAddresses": ["192.0.0.0/16"]]) }
        },
        Escalation("a token bound to addresses drops its own list", "grant-exceeded") { scene in
            let (program, id) = try await scene.program(
                of: scene.owner, ["settings:write"], ["allowedAddresses": ["192.0.2.0/24"]])
            return { await program.send(.patch, "\(tokens)/\(id)", ["allowedAddresses": []]) }
        },
        Escalation("a token rotates a stronger one to learn its secret", "grant-exceeded") { scene in
            let (program, _) = try await scene.program(of: scene.owner, ["settings:write"])
            let (_, strong) = try await scene.program(of: scene.owner, ["*"])
            return { await program.send(.post, "\(tokens)/\(strong)/rotate") }
        },
        Escalation("a token that ends rotates one that does not", "grant-exceeded") { scene in
            let (program, _) = try await scene.program(of: scene.owner, ["settings:write"], ["expiresIn": "1h"])
            let (_, forever) = try await scene.program(of: scene.owner, ["settings:write"])
            return { await program.send(.post, "\(tokens)/\(forever)/rotate") }
        },
        Escalation("an admin rotates the owner's token", "token-of-another") { scene in
            let (_, id) = try await scene.program(of: scene.owner, ["*"])
            return { await scene.admin.browser.send(.post, "\(tokens)/\(id)/rotate") }
        },
        Escalation("an admin changes the owner's token", "token-of-another") { scene in
            let (_, id) = try await scene.program(of: scene.owner, ["settings:write"])
            return { await scene.admin.browser.send(.patch, "\(tokens)/\(id)", ["allowedAddresses": ["10.0.0.0/8"]]) }
        },
        Escalation("who manages tokens alone rotates a service token as admin", "grant-exceeded") { scene in
            let (_, id) = try await scene.program(of: scene.owner, ["*"], ["kind": "service", "role": "admin"])
            return { await scene.manager.browser.send(.post, "\(tokens)/\(id)/rotate") }
        },
    ]

    // MARK: Smuggling

    private static let smuggling: [Escalation] =
        ["settings:read,settings:write", "Settings:Write", "settings:write ", "*:*", "settings:write\u{0}", "**"].map {
            scope in
            Escalation("a scope written as “\(scope.filter { $0 != "\u{0}" })”", nil) { scene in
                { await scene.mintAnswer(scene.owner.browser, scopes: [scope]) }
            }
        } + [
            Escalation("all scopes beside one", "invalid-field") { scene in
                { await scene.mintAnswer(scene.owner.browser, scopes: ["monitoring:read", "*"]) }
            },
            Escalation("a token with another organisation's header", "organisation-not-found") { scene in
                let (program, _) = try await scene.program(of: scene.owner, ["*"])
                return {
                    await program.browser.send(
                        .post, tokens, EscalationScene.token(["*"]),
                        headers: ["x-api-token": program.token, "x-pulse-org-id": "\(scene.stranger.org)"])
                }
            },
            Escalation("a made-up token beside the owner's session", "invalid-token") { scene in
                {
                    await scene.owner.browser.send(
                        .post, tokens, EscalationScene.token(["*"]),
                        headers: ["x-api-token": BearerToken.new(.api).text.reveal()])
                }
            },
            Escalation("an API token's bytes under a session's prefix", nil) { scene in
                let (program, _) = try await scene.program(of: scene.owner, ["*"])
                let browser = scene.access.door.browser()
                browser.cookies["pulse_session"] = "pse_" + program.token.dropFirst(4)
                return { await scene.mintAnswer(browser, scopes: ["*"]) }
            },
            Escalation("an agent's token mints", "permission-denied") { scene in
                let agent = try await Given.agent(in: scene.org)
                let program = scene.access.program(agent.token.text.reveal())
                return { await program.send(.post, tokens, EscalationScene.token(["*"])) }
            },
            Escalation("the owner's session without the page's CSRF token", "csrf-failed") { scene in
                scene.owner.browser.csrf = .some(nil)
                return { await scene.mintAnswer(scene.owner.browser, scopes: ["*"]) }
            },
            Escalation("a token changes its owner's profile", "permission-denied") { scene in
                let (program, _) = try await scene.program(of: scene.owner, ["*"])
                return { await program.send(.patch, "/api/me", ["displayName": "Mallory"]) }
            },
        ]

    // MARK: Roles that say more than their maker may

    private static let roles: [Escalation] =
        ["own:org", "*:*", "*:org", "own:*"].map { pattern in
            Escalation("an admin makes a role that allows \(pattern)", "grant-exceeded") { scene in
                { await scene.create(scene.admin, "Strong", [pattern]) }
            }
        }
        + ["manage:keys", "read:monitoring", "manage:*", "read:*"].map { pattern in
            Escalation("who manages roles alone makes one that allows \(pattern)", "grant-exceeded") { scene in
                { await scene.create(scene.manager, "Strong", [pattern]) }
            }
        } + [
            Escalation("an editor makes a role", "permission-denied") { scene in
                let editor = try await scene.access.member(as: .editor, of: scene.org)
                return { await scene.create(editor, "Strong", ["manage:agents"]) }
            },
            Escalation("a weak role inherits from a strong one", "grant-exceeded") { scene in
                let strong = try await scene.role("Strong", ["manage:keys"])
                return { await scene.create(scene.manager, "Weak", [], parent: strong) }
            },
            Escalation("a friend's role is hung below a strong one", "grant-exceeded") { scene in
                let (strong, weak) = (try await scene.role("Strong", ["manage:keys"]), try await scene.role("Weak", []))
                await scene.give(scene.friend, weak)
                return { await scene.replace(scene.manager, weak, [], parent: strong) }
            },
            Escalation("a denial is taken out of a friend's role", "grant-exceeded") { scene in
                let role = try await scene.role("Bounded", ["!manage:keys"])
                await scene.give(scene.friend, role)
                return { await scene.replace(scene.manager, role, []) }
            },
            Escalation("a role that denies is deleted", "grant-exceeded") { scene in
                let role = try await scene.role("Bounded", ["!manage:keys"])
                await scene.give(scene.friend, role)
                return { await scene.manager.browser.send(.delete, "/api/admin/roles/\(role)") }
            },
            Escalation("one's own role is changed", "self-modification-denied") { scene in
                let role = try await scene.role("Own", ["read:roles"])
                await scene.give(scene.admin, role)
                return { await scene.replace(scene.admin, role, ["manage:keys"]) }
            },
            Escalation("the role one's own inherits from is changed", "self-modification-denied") { scene in
                let base = try await scene.role("Base", ["read:roles"])
                await scene.give(scene.admin, try await scene.role("Own", [], parent: base))
                return { await scene.replace(scene.admin, base, ["manage:keys"]) }
            },
            Escalation("a role that binds oneself is deleted", "self-modification-denied") { scene in
                let role = try await scene.role("Bounds", ["!manage:audit"])
                await scene.give(scene.admin, role)
                return { await scene.admin.browser.send(.delete, "/api/admin/roles/\(role)") }
            },
            Escalation("an owner's role is changed by an admin", "grant-exceeded") { scene in
                let second = try await scene.access.member(as: .owner, of: scene.org)
                let role = try await scene.role("Second", ["read:org"])
                await scene.give(second, role)
                return { await scene.replace(scene.admin, role, ["!read:org"]) }
            },
            Escalation("who sees a part makes a role that sees all", "grant-exceeded") { scene in
                let part = try await scene.role("Part", ["read:monitoring@berlin"])
                await scene.give(scene.friend, part, try await scene.role("Roles", ["*:roles"]))
                return { await scene.create(scene.friend, "All", ["read:monitoring"]) }
            },
            Escalation("a built-in role is replaced", "role-not-found") { scene in
                {
                    await scene.owner.browser.send(
                        .put, "/api/admin/roles/viewer", EscalationScene.body("viewer", ["*:*"]))
                }
            },
        ]

    // MARK: Giving and taking

    private static let assignments: [Escalation] = [
        Escalation("an admin gives themselves a role", "self-modification-denied") { scene in
            let role = try await scene.role("Keys", ["manage:keys"])
            return { await scene.assign(scene.admin, [role], to: scene.admin) }
        },
        Escalation("an admin gives themselves a role through their token", "self-modification-denied") { scene in
            let role = try await scene.role("Keys", ["manage:keys"])
            let (program, _) = try await scene.program(of: scene.admin, ["*"])
            return {
                await program.send(
                    .put, "/api/orgs/\(scene.org)/members/\(scene.admin.user)/roles", ["roleIds": [.string(role)]])
            }
        },
        Escalation("an admin takes what binds them off", "self-modification-denied") { scene in
            await scene.give(scene.admin, try await scene.role("Bounds", ["!manage:keys"]))
            return { await scene.assign(scene.admin, [], to: scene.admin) }
        },
        Escalation("a strong role is given to a friend", "grant-exceeded") { scene in
            let strong = try await scene.role("Strong", ["manage:keys"])
            return { await scene.assign(scene.manager, [strong], to: scene.friend) }
        },
        Escalation("a role that inherits from a strong one is given to a friend", "grant-exceeded") { scene in
            let strong = try await scene.role("Strong", ["manage:keys"])
            let weak = try await scene.role("Weak", [], parent: strong)
            return { await scene.assign(scene.manager, [weak], to: scene.friend) }
        },
        Escalation("a denial is taken off a friend", "grant-exceeded") { scene in
            await scene.give(scene.friend, try await scene.role("Bounds", ["!manage:keys"]))
            return { await scene.assign(scene.manager, [], to: scene.friend) }
        },
        Escalation("an admin binds the owner", "grant-exceeded") { scene in
            let bounds = try await scene.role("Bounds", ["!manage:keys"])
            return { await scene.assign(scene.admin, [bounds], to: scene.owner) }
        },
        Escalation("who manages roles alone binds an admin", "grant-exceeded") { scene in
            let bounds = try await scene.role("Bounds", ["!read:roles"])
            return { await scene.assign(scene.manager, [bounds], to: scene.admin) }
        },
        Escalation("a role of another organisation is given", "role-not-found") { scene in
            let theirs = await scene.create(scene.stranger, "Theirs", ["*:*"]).json["id"]?.string ?? ""
            return { await scene.assign(scene.owner, [theirs], to: scene.friend) }
        },
        Escalation(
            "somebody gives themselves a role in an organisation they do not belong to", "organisation-not-found"
        ) {
            scene in
            {
                await scene.stranger.browser.send(
                    .put, "/api/orgs/\(scene.org)/members/\(scene.stranger.user)/roles", ["roleIds": []],
                    headers: ["x-pulse-org-id": "\(scene.stranger.org)"])
            }
        },
        Escalation("a role is given to somebody of another organisation", "member-not-found") { scene in
            let role = try await scene.role("Keys", ["manage:keys"])
            return { await scene.assign(scene.owner, [role], to: scene.stranger) }
        },
    ]

    // MARK: What was allowed yesterday

    private static let stale: [Escalation] = [
        Escalation("a session from before the downgrade makes a role", "permission-denied") { scene in
            try await scene.become(scene.admin, .viewer)
            return { await scene.create(scene.admin, "Strong", ["manage:keys"]) }
        },
        Escalation("a token from before the downgrade mints", "permission-denied") { scene in
            let (program, _) = try await scene.program(of: scene.admin, ["*"])
            try await scene.become(scene.admin, .viewer)
            return { await program.send(.post, tokens, EscalationScene.token(["*"])) }
        },
        Escalation("a session from before the removal mints", nil) { scene in
            try await TestDatabase.current.superuser.executeGlobally(
                "DELETE FROM pulse.members WHERE user_id = \(scene.admin.user)")
            return { await scene.mintAnswer(scene.admin.browser, scopes: ["*"]) }
        },
        Escalation("a token from before the removal works again after the return", "invalid-token") { scene in
            let (program, _) = try await scene.program(of: scene.admin, ["*"])
            try await TestDatabase.current.superuser.executeGlobally(
                "DELETE FROM pulse.members WHERE user_id = \(scene.admin.user)")
            try await Given.membership(of: scene.admin.user, in: scene.org, as: .admin)
            return { await program.send(.post, tokens, EscalationScene.token(["*"])) }
        },
        Escalation("custom roles from before the removal are there after the return", "permission-denied") { scene in
            try await TestDatabase.current.superuser.executeGlobally(
                "DELETE FROM pulse.members WHERE user_id = \(scene.manager.user)")
            try await Given.membership(of: scene.manager.user, in: scene.org, as: .custom)
            return { await scene.mintAnswer(scene.manager.browser, scopes: ["settings:write"]) }
        },
        Escalation("a revoked token mints", "invalid-token") { scene in
            let (program, id) = try await scene.program(of: scene.owner, ["*"])
            #expect(await scene.owner.browser.send(.delete, "\(tokens)/\(id)").status == 204)
            return { await program.send(.post, tokens, EscalationScene.token(["*"])) }
        },
        Escalation("a revoked token is rotated back to life", "token-not-found") { scene in
            let (_, id) = try await scene.program(of: scene.owner, ["*"])
            #expect(await scene.owner.browser.send(.delete, "\(tokens)/\(id)").status == 204)
            return { await scene.owner.browser.send(.post, "\(tokens)/\(id)/rotate") }
        },
        Escalation("an expired token is rotated back to life", "token-replaced") { scene in
            let (_, id) = try await scene.program(of: scene.owner, ["*"], ["expiresIn": "1m"])
            scene.access.door.time.advance(by: .seconds(61))
            return { await scene.owner.browser.send(.post, "\(tokens)/\(id)/rotate") }
        },
        Escalation("a rotated token works on after the overlap", "invalid-token") { scene in
            let (program, id) = try await scene.program(of: scene.owner, ["*"])
            let rotated = await scene.owner.browser.send(.post, "\(tokens)/\(id)/rotate", ["overlapSeconds": 0])
            #expect(rotated.status == 201)
            return { await program.send(.post, tokens, EscalationScene.token(["*"])) }
        },
        Escalation("a token of a suspended organisation mints", "org-suspended") { scene in
            let (program, _) = try await scene.program(of: scene.owner, ["*"])
            try await TestDatabase.current.superuser.executeGlobally(
                "UPDATE pulse.orgs SET state = 'suspended', suspension = 'abuse' WHERE id = \(scene.org)")
            return { await program.send(.post, tokens, EscalationScene.token(["*"])) }
        },
        Escalation("an ended session makes a role", "authentication-required") { scene in
            try await TestDatabase.current.superuser.executeGlobally(
                "DELETE FROM pulse.sessions WHERE user_id = \(scene.admin.user)")
            return { await scene.create(scene.admin, "Strong", ["manage:keys"]) }
        },
    ]
}
