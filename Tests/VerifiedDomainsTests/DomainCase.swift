import Cryptography
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import NIOConcurrencyHelpers
import Postgres
import TestKit
import Testing

@testable import VerifiedDomains

/// A part of the DNS that a test writes.
final class Zone: TextRecords {
    private let answers = NIOLockedValueBox<[String: TextAnswer]>([:])
    private let count = NIOLockedValueBox(0)

    var asked: Int { count.withLockedValue { $0 } }

    subscript(name: String) -> TextAnswer? {
        get { answers.withLockedValue { $0[name] } }
        set { answers.withLockedValue { $0[name] = newValue } }
    }

    func texts(at name: String) async -> TextAnswer {
        count.withLockedValue { $0 += 1 }
        return self[name] ?? .absent
    }
}

/// The same, silent until it is told what to say.
final class SlowZone: TextRecords {
    private let answers = AsyncStream.makeStream(of: TextAnswer.self)
    private let questions = AsyncStream.makeStream(of: String.self)
    private let count = NIOLockedValueBox(0)

    var asked: Int { count.withLockedValue { $0 } }

    func texts(at name: String) async -> TextAnswer {
        count.withLockedValue { $0 += 1 }
        questions.continuation.yield(name)
        for await answer in answers.stream { return answer }
        return .unanswered
    }

    func untilAsked() async { for await _ in questions.stream { return } }

    func answer(_ answer: TextAnswer) { answers.continuation.yield(answer) }
}

/// Domains and break-glass codes behind the front door.
struct DomainCase {
    static let path = "/api/security/domains"
    static let glass = "/api/security/sso/break-glass"

    let door: FrontDoor
    let zone = Zone()
    let keeper: DomainKeeper
    let context: DomainContext

    init() throws {
        let (zone, kept) = (zone, NIOLockedValueBox<DomainContext?>(nil))
        door = try FrontDoor { parts in
            let context = DomainContext(parts.context, records: zone, logger: .silent)
            kept.withLockedValue { $0 = context }
            return DomainRoutes(context).endpoints + BreakGlassRoutes(context).endpoints
        }
        context = try #require(kept.withLockedValue { $0 })
        keeper = DomainKeeper(context, workers: TestDatabase.current.worker)
    }

    func owner(email: String? = nil, password: String? = nil, of org: OrgID? = nil) async throws -> Owner {
        let place = if let org { org } else { try await Given.organisation() }
        let hash: String? =
            if let password { try await FrontDoor.passwords.hash(Secret(password)) } else { nil }
        let user = try await Given.person(email: email, passwordHash: hash)
        try await Given.membership(of: user, in: place, as: .owner)
        return Owner(browser: try await door.browser(of: user), user: user, org: place)
    }

    struct Owner {
        let browser: Browser
        let user: UserID
        let org: OrgID
    }

    /// Claims a domain, publishes its record and verifies it.
    func verified(_ domain: String, by owner: Owner) async throws {
        let made = await owner.browser.send(.post, Self.path, ["domain": .string(domain)])
        let record = try #require(made.json["record"])
        zone[try #require(record["name"]?.string)] = .found([try #require(record["value"]?.string)])
        let proven = await owner.browser.send(.post, "\(Self.path)/\(domain)/verify")
        #expect(proven.json["state"] == "verified", "\(proven.text)")
    }

    func provider(in org: OrgID, enabled: Bool = true) async throws {
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.sso_providers (org_id, id, type, name, display_name, priority, is_enabled, settings,
                allowed_domains, allowed_emails, allowed_groups, group_roles, is_open, default_role, created_at, updated_at)
            VALUES (\(org), 'login', 'oidc', 'Login', '', 0, \(enabled), '{}', '{}', '{}', '{}', '{}', true, 'viewer',
                    \(Given.start), \(Given.start))
            """)
    }

    /// A domain whose members have to come by single sign-on.
    func enforced(_ domain: String, by owner: Owner) async throws {
        try await verified(domain, by: owner)
        try await provider(in: owner.org)
        #expect(await owner.browser.send(.post, Self.glass).status == 201)
        let changed = await owner.browser.send(.patch, "\(Self.path)/\(domain)", ["isEnforced": true])
        #expect(changed.json["isEnforced"] == true, "\(changed.text)")
    }

    func actions(in org: OrgID) async throws -> [String] {
        try await TestDatabase.current.app.rows(in: org, "SELECT action FROM audit_entries ORDER BY seq") {
            try $0.next(String.self)
        }
    }

    func mustSSO(_ user: UserID, in org: OrgID) async throws -> Bool? {
        try await TestDatabase.current.app.first(in: org, "SELECT must_sso FROM members WHERE user_id = \(user)") {
            try $0.next(Bool.self)
        }
    }
}
