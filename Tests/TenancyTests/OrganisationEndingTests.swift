import Audit
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Logging
import Postgres
import Tenancy
import TestKit
import Testing

@Suite(.postgres) struct OrganisationEndingTests {
    private static let origin = AuditOrigin(requestID: "req-staff", address: "127.0.0.1", userAgent: "staff")

    private func staff<Answer>(_ body: (Suspension, Database) async throws -> Answer) async throws -> Answer {
        var configuration = DatabaseConfiguration(url: TestDatabase.current.uri(as: "pulse_operator"))
        configuration.sharedConnections = 1
        configuration.leasedConnections = 1
        configuration.unavailableAfter = .seconds(20)
        configuration.leaseTimeout = .seconds(20)
        let database = Database(configuration, logger: Logger(label: "test"))
        defer { database.close() }
        return try await body(Suspension(database: database, time: ManualTime()), database)
    }

    private let someone = Principal.operator(OperatorID.new(at: Given.start), consent: nil)

    @Test("deletion takes an owner and a fresh session, waits, and can be taken back")
    func deletion() async throws {
        let place = try await TenancyCase()
        let (_, admin) = try await place.join(as: .admin)
        #expect(await admin.send(.delete, place.path).slug == "permission-denied")
        place.door.time.advance(by: .seconds(601))
        #expect(await place.ownerBrowser.send(.delete, place.path).slug == "fresh-session-required")
        let fresh = try await place.door.browser(of: place.owner)
        for body in [["retentionDays": 0], ["retentionDays": 91]] as [JSONValue] {
            #expect(await fresh.send(.delete, place.path, body).slug == "invalid-field")
        }
        let deleted = await fresh.send(.delete, place.path, ["retentionDays": 7])
        #expect(deleted.json["status"]?.string == "pending_deletion")
        #expect(deleted.json["deleteAfter"]?.string == "\(place.door.time.now + .seconds(7 * 86_400))")
        #expect(await fresh.send(.get, "\(place.path)/members").slug == "org-suspended")
        #expect(await fresh.send(.delete, place.path).slug == "org-suspended")
        #expect(await fresh.send(.get, place.path).json["status"]?.string == "pending_deletion")
        #expect(await admin.send(.post, "\(place.path)/restore").slug == "permission-denied")
        #expect(await fresh.send(.post, "\(place.path)/restore").json["status"]?.string == "active")
        #expect(await fresh.send(.post, "\(place.path)/restore").json["code"]?.string == "not_pending_deletion")
        #expect(try await place.trail() == ["organisation.delete", "organisation.restore"])
    }

    @Test("an open bill leaves its owner the way out, abuse leaves none", arguments: SuspensionReason.allCases)
    func suspended(reason: SuspensionReason) async throws {
        let place = try await TenancyCase()
        try await staff { suspension, _ in
            try await suspension.suspend(place.org, for: reason, by: someone, from: Self.origin)
        }
        #expect(await place.ownerBrowser.send(.get, "\(place.path)/members").slug == "org-suspended")
        let seen = await place.ownerBrowser.send(.get, place.path)
        let deleted = await place.ownerBrowser.send(.delete, place.path)
        if reason == .billing {
            #expect(seen.json["suspendReason"]?.string == "billing")
            #expect(deleted.json["status"]?.string == "pending_deletion")
            // Deleting and restoring is no way around the bill.
            let restored = await place.ownerBrowser.send(.post, "\(place.path)/restore")
            #expect(restored.json["status"]?.string == "suspended")
        } else {
            #expect(seen.slug == "org-suspended" && deleted.slug == "org-suspended")
        }
        try await staff { suspension, _ in
            try await suspension.lift(place.org, by: someone, from: Self.origin)
        }
        #expect(await place.ownerBrowser.send(.get, "\(place.path)/members").status == 200)
        #expect(Set(try await place.trail()).isSuperset(of: ["organisation.suspend", "organisation.unsuspend"]))
    }

    @Test("tenants cannot lift a suspension, nor staff see into an organisation this way")
    func rights() async throws {
        let place = try await TenancyCase()
        for statement in ["SELECT suspend_org(\(place.org), 'abuse', now())", "SELECT unsuspend_org(\(place.org))"]
            as [SQL]
        {
            await #expect(throws: DatabaseError.self) { try await TestDatabase.current.app.executeGlobally(statement) }
        }
        try await staff { _, database in
            _ = await #expect(throws: DatabaseError.self) {
                try await database.execute(in: place.org, "SELECT * FROM members")
            }
        }
    }

    @Test("the database goes where the machine goes, from every state by every event")
    func agreement() async throws {
        let due = OrganisationLifeTests.due
        for state in OrganisationLifeTests.states where state != .deleted {
            for event in OrganisationLifeTests.events {
                guard let statement = Self.statement(event) else { continue }
                let org = try await Self.organisation(in: state)
                let isDone = try await TestDatabase.current.superuser.first(in: org, statement(org)) {
                    try $0.next(Bool.self)
                }
                let found = try await TestDatabase.current.superuser.firstGlobally(
                    """
                    SELECT state, coalesce(suspension, resume_suspension), delete_after FROM pulse.orgs WHERE id = \(org)
                    """
                ) { OrganisationLife(state: try $0.next(), suspension: try $0.next(), deleteAfter: try $0.next()) }
                let expected = try? state.step(event)
                #expect(isDone == (expected != nil), "\(state) \(event)")
                #expect(found == (expected ?? state), "\(state) \(event)")
            }
        }
        #expect(due > Given.start)
    }

    /// What carries an event out; `nil` for those that have no statement of their own.
    private static func statement(_ event: OrganisationLife.Event) -> ((OrgID) -> SQL)? {
        switch event {
        case .suspend(let reason): { "SELECT pulse.suspend_org(\($0), \(reason.rawValue), now())" }
        case .unsuspend: { "SELECT pulse.unsuspend_org(\($0))" }
        case .requestDeletion(let due): { _ in "SELECT pulse.request_deletion(\(due), now())" }
        case .restore: { _ in "SELECT pulse.restore_org()" }
        case .provisioned, .erase: nil
        }
    }

    private static func organisation(in life: OrganisationLife) async throws -> OrgID {
        let org = try await Given.organisation()
        let row: (state: String, suspension: String?, resume: String?, due: Timestamp?) =
            switch life {
            case .provisioning: ("provisioning", nil, nil, nil)
            case .active: ("active", nil, nil, nil)
            case .suspended(let reason): ("suspended", reason.rawValue, nil, nil)
            case .pendingDeletion(let due, let reason): ("pending_deletion", nil, reason?.rawValue, due)
            case .deleted: ("deleted", nil, nil, nil)
            }
        try await TestDatabase.current.superuser.executeGlobally(
            """
            UPDATE pulse.orgs SET state = \(row.state), suspension = \(row.suspension), resume_suspension = \(row.resume),
                delete_after = \(row.due) WHERE id = \(org)
            """)
        return org
    }
}
