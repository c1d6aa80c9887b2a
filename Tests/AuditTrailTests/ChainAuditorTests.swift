import Audit
import Cryptography
import FrontDoorKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import AuditTrail

@Suite(.postgres) struct ChainAuditorTests {
    /// What someone who owns the database might do to entry 4 of 8.
    static let tamperings = [
        "UPDATE pulse.audit_entries SET actor = 'user:2' WHERE seq = 4",
        "UPDATE pulse.audit_entries SET through = 'session:1' WHERE seq = 4",
        "UPDATE pulse.audit_entries SET before = '{}' WHERE seq = 4",
        "UPDATE pulse.audit_entries SET after = NULL WHERE seq = 5",
        "UPDATE pulse.audit_entries SET address = '' WHERE seq = 4",
        "UPDATE pulse.audit_entries SET at = at + interval '1 ms' WHERE seq = 4",
        "UPDATE pulse.audit_entries SET id = gen_random_uuid() WHERE seq = 4",
        "UPDATE pulse.audit_entries SET hash = sha256('x') WHERE seq = 4",
        "DELETE FROM pulse.audit_entries WHERE seq = 4", "DELETE FROM pulse.audit_entries WHERE seq = 1",
        "DELETE FROM pulse.audit_entries WHERE seq = 8", "DELETE FROM pulse.audit_entries",
        "UPDATE pulse.audit_heads SET seq = 7, hash = (SELECT e.hash FROM pulse.audit_entries e WHERE e.seq = 7)",
        "UPDATE pulse.audit_heads SET first_seq = 5", "UPDATE pulse.audit_heads SET hash = sha256('x')",
        "UPDATE pulse.audit_checkpoints SET hash = sha256('x')",
        "UPDATE pulse.audit_checkpoints SET at = at + interval '1 s'",
        "UPDATE pulse.audit_checkpoints SET signature = sha512('x')",
        "UPDATE pulse.audit_checkpoints SET public_key = sha256('x')",
    ]

    @Test("whatever is done to the rows shows", arguments: tamperings) func tampered(statement: String) async throws {
        let trail = try TrailCase()
        let org = try await Given.organisation()
        try await trail.entries(8, in: org)
        try await trail.keeper.sign()
        let good = try await trail.auditor.verify(org)
        #expect(good == ChainVerdict(entries: 8, firstSeq: 1, seq: 8, checkpoints: 1))
        try await trail.database.superuser.executeGlobally(SQL(unsafeSQL: statement))
        #expect(try await trail.auditor.verify(org).brokenSeq != nil)
    }

    @Test("a chain computed anew over changed entries fails at the checkpoint") func recomputed() async throws {
        let trail = try TrailCase()
        let org = try await Given.organisation()
        try await trail.entries(5, in: org)
        try await trail.keeper.sign()
        try await trail.database.superuser.executeGlobally(
            "UPDATE pulse.audit_entries SET actor = 'user:2' WHERE seq = 2")
        try await trail.rechain(org)
        let verdict = try await trail.auditor.verify(org)
        #expect(verdict.brokenSeq == 5)
        #expect(verdict.message.contains("signed"))
    }

    @Test("a checkpoint by a key of the forger's own is not believed; one by a former key is") func keys() async throws
    {
        let trail = try TrailCase()
        let org = try await Given.organisation()
        try await trail.entries(2, in: org)
        let other = TrailKeys(secret: Secret([UInt8](repeating: 7, count: 32)))
        try await TrailKeeper(
            store: trail.store, workers: trail.database.worker, keys: other, plan: .standard, time: trail.door.time,
            logger: .silent
        ).sign()
        #expect(try await trail.auditor.verify(org).brokenSeq == 2)
        let successor = TrailKeys(secret: Secret([UInt8](repeating: 8, count: 32)), former: [other.signing.verifying])
        let trusting = ChainAuditor(store: trail.store, trusted: successor.trusted)
        #expect(try await trusting.verify(org).brokenSeq == nil)
    }

    @Test("a broken chain is marked, and neither signed nor pruned any more") func marked() async throws {
        let trail = try TrailCase()
        let org = try await Given.organisation()
        try await trail.entries(4, in: org)
        try await trail.database.superuser.executeGlobally("UPDATE pulse.audit_entries SET object = 'x' WHERE seq = 3")
        #expect(try await trail.keeper.sign() == 0)
        #expect(try await trail.store.ends(of: org).head.brokenSeq == 3)
        trail.door.time.advance(by: .seconds(200 * 86_400))
        #expect(try await trail.keeper.prune() == 0)
        #expect(try await trail.keeper.sign() == 0)
    }

    @Test("old entries go after they were sealed; what stays still hangs together") func pruned() async throws {
        let trail = try TrailCase()
        let (org, other) = (try await Given.organisation(), try await Given.organisation())
        try await trail.entries(6, in: org)
        try await trail.entries(2, in: other)
        trail.door.time.advance(by: .seconds(89 * 86_400))
        try await trail.entries(3, in: org, at: trail.door.time.now)
        #expect(try await trail.keeper.prune() == 0)
        trail.door.time.advance(by: .seconds(2 * 86_400))
        try await trail.database.app.execute(
            in: other, "INSERT INTO audit_settings (org_id, retention_days) VALUES (\(other), 0)")
        #expect(try await trail.keeper.prune() == 6)
        let verdict = try await trail.auditor.verify(org)
        #expect(verdict == ChainVerdict(entries: 4, firstSeq: 7, seq: 10, checkpoints: 0))
        let left = try await trail.store.entries(in: org, from: 1, through: 100, limit: 100)
        #expect(left.last?.action == "audit.prune")
        #expect(left.last?.object == "audit:1-6")
        #expect(try await trail.auditor.verify(other).entries == 2)
        try await trail.keeper.sign()
        #expect(try await trail.auditor.verify(org).checkpoints == 1)
        let file = try await trail.export(org)
        #expect(
            try await ExportVerifier(pinned: trail.keys.signing.verifying).verify(ExportBytes(file)).head.count == 4)
        try await trail.database.superuser.executeGlobally("UPDATE pulse.audit_checkpoints SET is_seal = false")
        #expect(try await trail.auditor.verify(org).brokenSeq == 7)
    }

    @Test("without a seal nothing is pruned") func noSeal() async throws {
        let trail = try TrailCase()
        let org = try await Given.organisation()
        try await trail.entries(3, in: org)
        let gone = try await trail.database.worker.firstGlobally(
            "SELECT audit_prune(\(org), 2, \(AuditEntryID.new(at: Given.start)), \(Given.start))"
        ) { try $0.next(Int64.self) }
        #expect(gone == 0)
        #expect(try await trail.auditor.verify(org).entries == 3)
    }

    @Test("entries that grow while it is looked at do not disturb it") func growing() async throws {
        let trail = try TrailCase()
        let org = try await Given.organisation()
        try await trail.entries(3, in: org)
        try await trail.keeper.sign()
        try await trail.entries(3, in: org)
        #expect(try await trail.keeper.sign() == 1)
        #expect(try await trail.keeper.sign() == 0)
        #expect(try await trail.auditor.verify(org).checkpoints == 2)
    }
}

extension TrailCase {
    /// Computes the whole chain anew, as someone could who owns the database.
    func rechain(_ org: OrgID) async throws {
        let entries = try await store.entries(in: org, from: 1, through: 1000, limit: 1000)
        var (chain, previous) = (AuditChain(of: org), AuditChain.genesis(of: org))
        for entry in entries {
            previous = chain.hash(of: entry, after: previous)
            try await database.superuser.executeGlobally(
                "UPDATE pulse.audit_entries SET hash = \(previous) WHERE org_id = \(org) AND seq = \(entry.seq)")
        }
        try await database.superuser.executeGlobally(
            "UPDATE pulse.audit_heads SET hash = \(previous) WHERE org_id = \(org)")
    }
}
