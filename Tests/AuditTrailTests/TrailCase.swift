import Access
import Audit
import Cryptography
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import AuditTrail

/// A trail behind the front door, with a key of its own.
struct TrailCase {
    let door: FrontDoor
    let keys = TrailKeys(secret: Secret(Array("a secret key for tests, 32 bytes!".utf8)))
    var database: TestDatabase { TestDatabase.current }
    var store: TrailStore { TrailStore(database.app) }
    var keeper: TrailKeeper {
        TrailKeeper(
            store: store, workers: database.worker, keys: keys, plan: .standard, time: door.time, logger: .silent)
    }
    var auditor: ChainAuditor { ChainAuditor(store: store, trusted: keys.trusted) }

    init() throws {
        door = try FrontDoor { [keys] parts in
            TrailContext(
                app: TestDatabase.current.app, workers: TestDatabase.current.worker, gate: parts.gate, keys: keys,
                time: parts.context.time, logger: .silent
            ).endpoints
        }
    }

    /// Someone signed in to an organisation.
    func member(as role: Role = .owner, of place: OrgID? = nil) async throws -> (Browser, user: UserID, org: OrgID) {
        let (user, org) = (try await Given.person(), try await given(place))
        try await Given.membership(of: user, in: org, as: role)
        let csrf = BearerToken.new(.csrf)
        let session = try await Given.session(of: user, csrfHash: csrf.hash, at: door.time.now)
        let browser = door.browser()
        browser.cookies = ["pulse_session": session.token.text.reveal(), "pulse_csrf": csrf.text.reveal()]
        return (browser, user, org)
    }

    private func given(_ org: OrgID?) async throws -> OrgID {
        if let org { return org }
        return try await Given.organisation()
    }

    /// Writes entries, a second apart, beginning at `ManualTime`'s start.
    func entries(
        _ count: Int, in org: OrgID, by actor: Principal = .system(job: "test"), action: AuditAction = .agentRevoke,
        at start: Timestamp = Given.start
    ) async throws {
        let records = (0..<count).map { number in
            AuditRecord(
                action, of: "agent:\(number)", by: actor,
                from: AuditOrigin(
                    requestID: "req-\(number)", address: "192.0.2.\(number % 250)", userAgent: "=test, \"1\"")
            ).changing(before: ["n": .integer(Int64(number))], after: number % 3 == 0 ? nil : ["n": "x"])
        }
        for (number, record) in records.enumerated() {
            _ = try await database.app.batch(in: org, [record.append(at: start + .seconds(number))])
        }
    }

    func export(_ org: OrgID, as format: ExportFormat = .jsonl) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        try await TrailExport(store: store, keys: keys, time: door.time).write(org, as: format) { bytes += $0 }
        return bytes
    }
}
