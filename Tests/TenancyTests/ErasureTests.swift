import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Logging
import NIOConcurrencyHelpers
import Postgres
import Tenancy
import TestKit
import Testing

@Suite(.postgres) struct ErasureTests {
    private let signing = ErasureCertificate.signingKey(secret: Secret(Array("a secret".utf8)))
    private let shredded = NIOLockedValueBox<[OrgID]>([])

    private func makeEraser(_ time: ManualTime, failing: Bool = false) -> OrganisationEraser {
        OrganisationEraser(
            worker: TestDatabase.current.worker,
            shredding: .init(
                shred: { [shredded] org in
                    if failing { throw Unexpected(text: "the key provider is away") }
                    shredded.withLockedValue { $0.append(org) }
                }, isShredded: { [shredded] org in shredded.withLockedValue { $0.contains(org) } }),
            signing: signing, backupHorizonDays: 30, time: time, logger: Logger(label: "test"))
    }

    /// Tables that hold a row of this organisation.
    private func tables(of org: OrgID) async throws -> [String] {
        let names = try await TestDatabase.current.superuser.rowsGlobally(
            """
            SELECT c.relname::text FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND a.attnotnull
            WHERE c.relnamespace = 'pulse'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
            """
        ) { try $0.next(String.self) }
        var found: [String] = []
        for name in names {
            let count = try await TestDatabase.current.superuser.firstGlobally(
                SQL(unsafeSQL: "SELECT count(*) FROM pulse.\(name) WHERE org_id = '\(org)'")
            ) { try $0.next(Int.self) }
            if count != 0 { found.append(name) }
        }
        return found
    }

    private func deleted() async throws -> TenancyCase {
        let place = try await TenancyCase()
        _ = try await place.join(as: .viewer)
        _ = try await place.invite("ben@example.org")
        _ = try await Given.agent(in: place.org)
        #expect(await place.ownerBrowser.send(.post, "/api/sites", ["name": "Bremen"]).status == 201)
        #expect(await place.ownerBrowser.send(.delete, place.path, ["retentionDays": 1]).status == 200)
        return place
    }

    @Test("nothing is erased before its time, and all of it after, with a certificate that can be checked")
    func whole() async throws {
        let (place, other) = (try await deleted(), try await TenancyCase())
        let eraser = makeEraser(place.door.time)
        #expect(try await eraser.due() == [])
        #expect(try await eraser.erase(place.org) == nil)
        #expect(try await tables(of: place.org).count >= 5)
        let before = try await tables(of: other.org)

        place.door.time.advance(by: .seconds(86_400))
        #expect(try await eraser.due() == [place.org])
        let certificate = try #require(try await eraser.erase(place.org))
        #expect(try await tables(of: place.org) == [])
        #expect(try await tables(of: other.org) == before)
        #expect(try await eraser.due() == [])
        #expect(certificate.keysDestroyed && certificate.rows["members"] == 2)

        let kept = try #require(
            try await TestDatabase.current.app.firstGlobally(
                "SELECT certificate, signature FROM erasure_certificate(\(place.org))"
            ) { (text: try $0.next(String.self), signature: try $0.next([UInt8].self)) })
        #expect(signing.verifying.isValid(kept.signature, of: Array(kept.text.utf8)))
        #expect(!signing.verifying.isValid(kept.signature, of: Array(kept.text.utf8.dropLast())))
        #expect(kept.text.contains("\"backupHorizonDays\":30") && !kept.text.contains("Nordwind"))
        let slug = try await TestDatabase.current.superuser.firstGlobally(
            "SELECT name || ' ' || slug FROM pulse.orgs WHERE id = \(place.org)"
        ) { try $0.next(String.self) }
        #expect(slug?.hasPrefix("erased e-") == true)
    }

    @Test("what was cut off is taken up again, and until then nobody enters")
    func cutOff() async throws {
        let place = try await deleted()
        place.door.time.advance(by: .seconds(86_400))
        await #expect(throws: Unexpected.self) { try await makeEraser(place.door.time, failing: true).erase(place.org) }
        let fresh = try await place.door.browser(of: place.owner)
        #expect(await fresh.send(.get, place.path).slug == "organisation-not-found")
        #expect(await fresh.send(.post, "\(place.path)/restore").slug == "organisation-not-found")
        #expect(try await tables(of: place.org).contains("members"))
        let eraser = makeEraser(place.door.time)
        #expect(try await eraser.due() == [place.org])
        #expect(try await eraser.erase(place.org) != nil)
        #expect(try await tables(of: place.org) == [])
    }

    @Test("rows of an organisation that is not deleted cannot be erased, and tenants cannot erase at all")
    func rights() async throws {
        let place = try await TenancyCase()
        await #expect(throws: DatabaseError.self) {
            try await TestDatabase.current.worker.executeGlobally("SELECT * FROM erase_rows(\(place.org))")
        }
        for statement in ["SELECT begin_erasure(\(place.org), now())", "SELECT * FROM erase_rows(\(place.org))"]
            as [SQL]
        {
            await #expect(throws: DatabaseError.self) { try await TestDatabase.current.app.executeGlobally(statement) }
        }
        #expect(try await place.role(of: place.owner) == "owner")
    }
}
