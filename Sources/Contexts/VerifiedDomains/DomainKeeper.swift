internal import Audit
internal import CoreMetrics
internal import Identity
internal import JSONKit
internal import Kernel
internal import Logging
internal import Mail
package import Postgres
internal import ServiceLifecycle

/// Looks for the records of verified domains again and again. Every domain is looked up twice a day; where a name server
/// says that the record is gone, every hour from then on, and after ten hours of that the domain is lost: 23 hours at the
/// most from the record's end. Silence and failures of name servers are no end; they are asked again in a quarter of an hour.
///
/// Of several processes one looks for a domain: the database lends it out.
package struct DomainKeeper: Service {
    static let interval: Duration = .seconds(12 * 3600)
    static let retry: Duration = .seconds(3600)
    static let grace: Duration = .seconds(10 * 3600)
    static let silence: Duration = .seconds(900)
    /// How long a domain is lent out. A look takes five seconds at the most.
    private static let lease: Duration = .seconds(120)
    private static let pause: Duration = .seconds(10)
    /// Domains of one round, looked up at once.
    private static let width: Int32 = 16

    private let context: DomainContext
    private let workers: Database
    private let store: DomainStore

    /// - Parameter workers: the pool that may ask across organisations which domains are due, and nothing else of them.
    package init(_ context: DomainContext, workers: Database) {
        self.context = context
        self.workers = workers
        store = DomainStore(database: context.identity.database)
    }

    package func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                if try await round() > 0 { continue }
            } catch {
                context.logger.warning("domains not looked up, trying again", metadata: [LogKey.error: "\(error)"])
            }
            try? await cancelWhenGracefulShutdown { try await context.identity.time.sleep(for: Self.pause) }
        }
    }

    /// - Returns: how many domains were due.
    @discardableResult
    package func round() async throws -> Int {
        let now = context.identity.time.now
        let due = try await workers.rowsGlobally(
            "SELECT org_id, domain, token FROM due_domains(\(now), \(now + Self.lease), \(Self.width))"
        ) { (org: try $0.next(OrgID.self), domain: try $0.next(String.self), token: try $0.next(String.self)) }
        await withDiscardingTaskGroup { group in
            for one in due { group.addTask { await look(for: one.domain, token: one.token, of: one.org) } }
        }
        return due.count
    }

    private func look(for domain: String, token: String, of org: OrgID) async {
        let record = DomainRecord(domain, token: token)
        let finding: DomainStore.Finding =
            switch await context.records.texts(at: record.name) {
            case .found(let texts): record.isAmong(texts) ? .found : .absent
            case .absent: .absent
            case .unanswered: .unanswered
            }
        do {
            try await note(finding, of: domain, in: org)
        } catch {
            // The loan runs out, and the domain is due again.
            context.logger.warning(
                "a domain's check was not noted, trying again",
                metadata: [LogKey.org: "\(org)", LogKey.domain: "\(domain)", LogKey.error: "\(error)"])
        }
    }

    private func note(_ finding: DomainStore.Finding, of domain: String, in org: OrgID) async throws {
        let now = context.identity.time.now
        let pause =
            switch finding {
            case .found: Self.interval
            case .absent: Self.retry
            case .unanswered: Self.silence
            }
        let owners = try await store.database.asOrg(org) { [store] transaction -> [EmailAddress]? in
            let isLost = try await store.note(
                finding, of: domain, grace: Self.grace, nextCheck: now + pause, at: now, in: transaction)
            guard isLost == true else { return nil }
            let record = AuditRecord(
                .domainLose, of: "domain:\(domain)", by: .system(job: "domain-check"), from: .program
            ).changing(before: ["state": "verified"], after: ["state": "lost"])
            let owners = try await DomainStore.owners(in: transaction)
            transaction.atCommit(record.append(at: now))
            return owners
        }
        guard let owners else { return }
        DomainMetrics.lost.increment()
        context.logger.warning(
            "a domain is lost: its record is gone", metadata: [LogKey.org: "\(org)", LogKey.domain: "\(domain)"])
        for owner in owners {
            context.identity.mail.send(
                DomainLetter.lost(domain, to: owner, publicURL: context.identity.publicURL))
        }
    }
}
