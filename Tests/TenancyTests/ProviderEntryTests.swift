import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

/// A provider's people in a customer's organisation, through the real gate and the real grant.
@Suite(.postgres) struct ProviderEntryTests {
    /// A grant that was offered and taken.
    private func grant(
        _ role: String, of customer: TenancyCase, to provider: OrgID, days: Int = 30, by person: UserID
    ) async throws -> ProviderGrantID {
        let id = ProviderGrantID.new(at: Given.start)
        let superuser = TestDatabase.current.superuser
        try await superuser.executeGlobally(
            """
            INSERT INTO pulse.provider_grants (org_id, id, provider_slug, provider_org_id, role, created_at, created_by,
                expires_at, accepted_at, accepted_by)
            SELECT \(customer.org), \(id), p.slug, p.id, \(role), \(Given.start), \(customer.owner),
                   \(Given.start + .seconds(days * 86_400)), \(Given.start), \(person) FROM pulse.orgs p WHERE p.id = \(provider)
            """)
        return id
    }

    private func revoke(_ grant: ProviderGrantID) async throws {
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.provider_grants SET revoked_at = now(), ending = 'revoked' WHERE id = \(grant)")
    }

    @Test("who switches to a customer works there, as the grant says, until it is taken back")
    func work() async throws {
        let customer = try await TenancyCase()
        let (person, home) = try await Given.member()
        let browser = try await customer.door.browser(of: person)
        #expect(await browser.send(.post, "\(customer.path)/switch").status == 404)
        let id = try await grant("editor", of: customer, to: home, by: person)
        let chosen = await browser.send(.post, "\(customer.path)/switch").json["organization"]
        #expect(chosen?["id"]?.string == "\(customer.org)")
        #expect(chosen?["role"]?.string == "editor")
        #expect(chosen?["viaProvider"]?.bool == true)
        #expect(browser.cookies["pulse_org_id"] == "\(customer.org)")

        let me = await browser.send(.get, "/api/me").json
        #expect(me["organization"] == chosen)
        let permissions = Set((me["permissions"]?.array ?? []).compactMap(\.string))
        #expect(permissions == Set(Authority(role: .editor, isProvider: true).permissions.map(\.description)))
        #expect(me["organizations"]?.array?.map { $0["id"]?.string } == ["\(home)"])
        let site = await browser.send(.post, "/api/sites", ["name": "Made by the provider"])
        #expect(site.status == 201)
        let made = site.json["id"]?.string ?? ""
        #expect(await customer.ownerBrowser.send(.get, "/api/sites/\(made)").status == 200)
        #expect(try await customer.trail() == ["organisation.switch", "site.create"])
        let through = try await TestDatabase.current.app.rows(in: customer.org, "SELECT through FROM audit_entries") {
            try $0.next(String.self)
        }
        #expect(through.allSatisfy { $0.hasPrefix("grant:\(id) session:") })

        try await revoke(id)
        #expect(await browser.send(.get, "/api/sites").status == 404)
        let back = await browser.send(.get, "/api/me").json["organization"]
        #expect(back?["id"]?.string == "\(home)")
        #expect(back?["viaProvider"] == nil)
        #expect(browser.cookies["pulse_org_id"] == "\(home)")
        #expect(await browser.send(.get, "/api/sites").status == 200)
    }

    @Test("through a grant come the provider's own people and nobody else, and only once it was taken")
    func strangers() async throws {
        let customer = try await TenancyCase()
        let (person, home) = try await Given.member()
        let (stranger, _) = try await Given.member()
        let id = try await grant("admin", of: customer, to: home, by: person)
        func status(_ user: UserID) async throws -> Int {
            let browser = try await customer.door.browser(of: user)
            return await browser.send(.post, "\(customer.path)/switch").status
        }
        #expect(try await status(stranger) == 404)
        #expect(try await status(person) == 200)
        // As no check of the table would let it be.
        let superuser = TestDatabase.current.superuser
        try await superuser.executeGlobally(
            """
            DO $$
            DECLARE
                one name;
            BEGIN
                FOR one IN SELECT conname FROM pg_constraint
                           WHERE conrelid = 'pulse.provider_grants'::regclass AND contype = 'c' LOOP
                    EXECUTE format('ALTER TABLE pulse.provider_grants DROP CONSTRAINT %I', one);
                END LOOP;
            END $$
            """)
        try await superuser.executeGlobally("UPDATE pulse.provider_grants SET accepted_at = NULL WHERE id = \(id)")
        #expect(try await status(person) == 404)
    }

    @Test("a grant ends at its time, to the second")
    func expiry() async throws {
        let customer = try await TenancyCase()
        let (person, home) = try await Given.member()
        _ = try await grant("viewer", of: customer, to: home, days: 1, by: person)
        customer.door.time.advance(by: .seconds(86_399))
        let browser = try await customer.door.browser(of: person)
        #expect(await browser.send(.post, "\(customer.path)/switch").status == 200)
        #expect(await browser.send(.get, "/api/sites").status == 200)
        customer.door.time.advance(by: .seconds(1))
        #expect(await browser.send(.get, "/api/sites").status == 404)
        #expect(await browser.send(.post, "\(customer.path)/switch").status == 404)
    }

    @Test("somebody has the weaker of the grant's role and of their own at the provider", arguments: Role.allCases)
    func weaker(standing: Role) async throws {
        let customer = try await TenancyCase()
        let (person, home) = try await Given.member(as: standing)
        let browser = try await customer.door.browser(of: person)
        let own = standing == .owner ? Role.admin : standing
        for granted in [Role.viewer, .auditor, .editor, .admin] {
            let id = try await grant(granted.rawValue, of: customer, to: home, by: person)
            let answer = await browser.send(.post, "\(customer.path)/switch")
            let role = answer.json["organization"]?["role"]?.string.flatMap { Role(rawValue: $0) }
            #expect((role == nil) == (standing == .custom))
            if let role {
                let isWithin = Permission.all.allSatisfy { !role.allows($0) || (own.allows($0) && granted.allows($0)) }
                #expect(isWithin, "\(role) from a grant of \(granted) for a \(own)")
                if own == granted || own == .admin { #expect(role == granted) }
            }
            try await revoke(id)
        }
    }

    @Test("a provider that is suspended, or somebody who left it, is out of its customers")
    func standing() async throws {
        let customer = try await TenancyCase()
        let (person, home) = try await Given.member(as: .admin)
        _ = try await grant("admin", of: customer, to: home, by: person)
        let browser = try await customer.door.browser(of: person)
        #expect(await browser.send(.post, "\(customer.path)/switch").status == 200)
        let superuser = TestDatabase.current.superuser
        try await superuser.executeGlobally(
            "UPDATE pulse.orgs SET state = 'suspended', suspension = 'billing' WHERE id = \(home)")
        #expect(await browser.send(.get, "/api/sites").status == 404)
        try await superuser.executeGlobally(
            "UPDATE pulse.orgs SET state = 'active', suspension = NULL WHERE id = \(home)")
        #expect(await browser.send(.get, "/api/sites").status == 200)
        try await superuser.executeGlobally("DELETE FROM pulse.members WHERE user_id = \(person)")
        #expect(await browser.send(.get, "/api/sites").status == 404)
        #expect(await browser.send(.get, "/api/me").json["organization"] == .null)
    }

    @Test("nothing by which a provider could stay, own or read secrets, even with the role admin")
    func beyond() async throws {
        let customer = try await TenancyCase()
        let (person, home) = try await Given.member()
        _ = try await grant("admin", of: customer, to: home, by: person)
        let browser = try await customer.door.browser(of: person)
        #expect(await browser.send(.post, "\(customer.path)/switch").status == 200)
        let refused: [(Endpoint.Method, String, JSONValue)] = [
            (.delete, customer.path, [:]), (.post, "\(customer.path)/restore", [:]),
            (.post, "\(customer.path)/members", ["email": "me@example.org", "role": "admin"]),
            (.post, "\(customer.path)/invitations", ["email": "me@example.org", "role": "admin"]),
            (.post, "\(customer.path)/transfer-ownership", ["userId": .string("\(person)")]),
            (.post, "/api/provider-grants", ["provider": "other-one", "role": "viewer"]),
            (.post, "\(customer.path)/shares", ["target": "other-one", "resourceId": .string("\(person)")]),
        ]
        for (method, path, body) in refused {
            #expect(await browser.send(method, path, body).status == 403, "\(method) \(path)")
        }
        #expect(await browser.send(.post, "\(customer.path)/leave").status != 204)
    }
}
