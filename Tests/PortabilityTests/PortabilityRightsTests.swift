import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Portability

@Suite(.postgres) struct PortabilityRightsTests {
    @Test("only owners, and only with a fresh session", arguments: Role.allCases.filter { $0 != .owner })
    func owners(role: Role) async throws {
        let place = try await PortabilityCase()
        let user = try await Given.person()
        try await Given.membership(of: user, in: place.org, as: role)
        let browser = try await place.door.browser(of: user)
        #expect(await place.export(by: browser).status == 403)
        #expect(await place.take([1], into: place.org, by: browser).status == 403)
        let stranger = try await place.door.browser(of: Given.member().user)
        #expect(await place.export(by: stranger).slug == "organisation-not-found")
        place.door.time.advance(by: .seconds(700))
        #expect(await place.export().slug == "fresh-session-required")
        #expect(await place.take([1], into: place.org).slug == "fresh-session-required")
    }

    @Test("who does not pay, and who is leaving, still takes everything out; who misbehaved does not")
    func states() async throws {
        let place = try await PortabilityCase()
        let superuser = TestDatabase.current.superuser
        for (state, suspension, status) in [
            ("suspended", "billing", 200), ("suspended", "abuse", 403), ("pending_deletion", nil, 200),
        ] as [(String, String?, Int)] {
            try await superuser.executeGlobally(
                "UPDATE pulse.orgs SET state = \(state), suspension = \(suspension) WHERE id = \(place.org)")
            #expect(await place.export().status == status)
            #expect(await place.take([1], into: place.org).status == 403)
        }
    }

    @Test("an archive goes only into an organisation that nobody has used")
    func fresh() async throws {
        let place = try await PortabilityCase()
        let archive = await place.export().bytes
        let target = try await place.fresh()
        let other = try await Given.person()
        try await Given.membership(of: other, in: target, as: .viewer)
        #expect(await place.take(archive, into: target).slug == "organisation-not-empty")
        let second = try await place.fresh()
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.sites (org_id, id, name, name_key, created_at)
            VALUES (\(second), \(SiteID.new(at: Given.start)), 'x', 'x', \(Given.start))
            """)
        #expect(await place.take(archive, into: second).slug == "organisation-not-empty")
        let third = try await place.fresh()
        // Its monitor was there, as it is wherever somebody waits for a minute.
        try await TestDatabase.current.superuser.executeGlobally(
            "INSERT INTO pulse.history_presence VALUES (\(third), \(Given.start), \(Given.start + .seconds(60)))")
        let taken = await place.take(archive, into: third)
        #expect(taken.status == 200 && taken.json["differences"]?.int == 0, "\(taken.text)")
        #expect(await place.take(archive, into: third).slug == "organisation-not-empty")
    }

    @Test("one export of an organisation at a time")
    func oneAtATime() async throws {
        let place = try await PortabilityCase()
        let other = try await PortabilityCase()
        try await TestDatabase.current.app.asOrg(place.org) { transaction in
            let isFree = try await transaction.first(
                "SELECT pg_try_advisory_xact_lock(hashtextextended('pulse export ' || \(place.org)::text, 0))"
            ) { try $0.next(Bool.self) }
            #expect(isFree == true)
            #expect(await place.export().slug == "export-running")
            #expect(await other.export().status == 200)
        }
        #expect(await place.export().status == 200)
    }

    @Test("an archive from elsewhere makes nobody a member but who brings it, and lets no other organisation in")
    func elsewhere() async throws {
        let there = try await PortabilityCase(secret: Secret(Array("another installation's secret, 32".utf8)))
        _ = try await PlantedRows.plant(in: there.org, of: there.owner)
        let archive = await there.export().bytes
        let here = try await PortabilityCase()
        let target = try await here.fresh()
        let report = await here.take(archive, into: target)
        #expect(report.status == 200, "\(report.text)")
        #expect(report.json["people"]?["members"]?.int == 0)
        #expect(report.json["people"]?["invited"]?.int == 2)
        let members = try await TestDatabase.current.app.rows(in: target, "SELECT user_id, role FROM members") {
            "\(try $0.next(UserID.self)) \(try $0.next(String.self))"
        }
        #expect(members == ["\(here.owner) owner"])
        let counts = try await here.count(in: target)
        #expect(counts["provider_grants"] == 0 && counts["member_roles"] == 0)
        #expect(counts["sites"] == 2500 && counts["api_tokens"] == 1 && counts["invitations"] == 2)
        let differences = report.json["differences"]?.int ?? 0
        #expect(differences > 0)
    }

    @Test("somebody who was not its owner brings nobody along, though the archive is ours")
    func notTheOwner() async throws {
        let place = try await PortabilityCase()
        let colleague = try await Given.person()
        try await Given.membership(of: colleague, in: place.org, as: .admin)
        let archive = await place.export().bytes
        let browser = try await place.door.browser(of: colleague)
        let target = try await place.fresh(of: browser)
        let report = await place.take(archive, into: target, by: browser)
        #expect(report.json["people"]?["members"]?.int == 1, "\(report.text)")
        #expect(report.json["people"]?["invited"]?.int == 1)
        let role = try await TestDatabase.current.app.first(in: target, "SELECT role FROM members") {
            try $0.next(String.self)
        }
        #expect(role == "owner")
    }

    @Test("tenants cannot take rows in beside an import, nor into another organisation")
    func functions() async throws {
        let place = try await PortabilityCase()
        let database = TestDatabase.current.app
        let line = "{\"org_id\":\"\(place.org)\",\"user_id\":\"\(place.owner)\",\"role\":\"owner\"}"
        let call: SQL = "SELECT * FROM import_rows('members', \(["user_id", "role"]), \([String]()), \([line]))"
        await #expect(throws: DatabaseError.self) { try await database.execute(in: place.org, call) }
        await #expect(throws: DatabaseError.self) {
            try await database.execute(in: place.org, "SELECT finish_import()")
        }
        let (other, _) = try await Given.member()
        let outcome = try await database.first(
            in: place.org, "SELECT begin_import(\(other), \(place.org), 'x', now(), now())"
        ) { try $0.next(String.self) }
        #expect(outcome == "forbidden")
    }

    @Test("every table of tenants is known to travel, or why it does not; what refers to itself can wait")
    func catalogue() async throws {
        let tables = try await PortableTable.all(in: TestDatabase.current.app)
        #expect(tables.count > 25)
        #expect(Set(PortableTable.stayingBehind.keys).isSubset(of: tables.map(\.name)))
        #expect(Set(PortableTable.trail).isSubset(of: tables.map(\.name)))
        for (index, table) in tables.enumerated() {
            let before = Set(tables[..<index].map(\.name))
            for reference in table.columns.flatMap(\.references) where tables.contains(where: { $0.name == reference })
            {
                #expect(
                    reference == table.name || before.contains(reference), "\(table.name) comes before \(reference)")
            }
        }
        let rigid = try await TestDatabase.current.superuser.rowsGlobally(
            """
            SELECT conname::text FROM pg_constraint WHERE contype = 'f' AND conrelid = confrelid AND NOT condeferrable
              AND connamespace = 'pulse'::regnamespace
            """
        ) { try $0.next(String.self) }
        #expect(rigid == [])
    }
}
