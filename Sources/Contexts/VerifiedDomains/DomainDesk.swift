internal import Access
internal import Audit
internal import HTTPKit
internal import Identity
internal import JSONKit
internal import Kernel
internal import Postgres

/// What people do with their domains: claim, prove, enforce, give up. Each is a way in for others or shuts one, so each wants
/// the person and not only their cookie.
struct DomainDesk: Sendable {
    let store: DomainStore
    private let context: DomainContext

    init(_ context: DomainContext) {
        self.context = context
        store = DomainStore(database: context.identity.database)
    }

    private var now: Timestamp { context.identity.time.now }

    /// Says the same whether somebody else has the domain or not.
    func claim(_ typed: String, for request: APIRequest) async throws -> DomainClaim {
        guard let domain = MailDomain(typed) else {
            throw Problem.invalidField("domain", "a domain such as example.com is wanted, the part behind the @")
        }
        guard !domain.isCommon else {
            throw Problem.invalidField("domain", "it is nobody's alone: anybody gets an address or a name of it")
        }
        let (org, now) = (try request.org(), now)
        return try await store.database.asOrg(org) { [store] transaction in
            try await transaction.requireFreshSession(request, at: now)
            try await store.add(domain, token: DomainClaim.token(), in: org, at: now, transaction: transaction)
            guard let made = try await store.one(domain.text, in: transaction) else { throw Problem.domainNotFound }
            transaction.atCommit(
                try request.audit(.domainCreate, of: "domain:\(domain)", before: nil, after: made.told, at: now))
            return made
        }
    }

    /// Looks for the record, outside any transaction, and then lets the database decide who has the domain.
    func prove(_ domain: String, for request: APIRequest) async throws -> DomainClaim {
        let org = try request.org()
        guard let claimed = try await claimed(domain, in: org, for: request) else { throw Problem.domainNotFound }
        switch await context.records.texts(at: claimed.record.name) {
        case .found(let texts) where claimed.record.isAmong(texts): break
        case .found, .absent: throw Problem.domainNotProven
        case .unanswered: throw Problem.domainLookupFailed
        }
        let now = now
        return try await store.database.asOrg(org) { [store] transaction in
            let verdict = try await store.verify(
                domain, nextCheck: now + DomainKeeper.interval, at: now, in: transaction)
            switch verdict {
            case .missing: throw Problem.domainNotFound
            case .taken: throw Problem.domainTaken
            case .won, .still: break
            }
            guard let proven = try await store.one(domain, in: transaction) else { throw Problem.domainNotFound }
            transaction.atCommit(
                try request.audit(
                    .domainVerify, of: "domain:\(domain)", before: claimed.told, after: proven.told, at: now))
            return proven
        }
    }

    /// One round trip without a transaction: a thousand who ask at once wait for connections where it decides, not here.
    private func claimed(_ domain: String, in org: OrgID, for request: APIRequest) async throws -> DomainClaim? {
        let session = try request.caller().person().session
        let answers = try await store.database.batch(
            in: org, [FreshSession.query(session), DomainStore.query(domain)])
        let confirmedAt = try answers[0].first { try $0.next(Timestamp?.self) } ?? nil
        guard let confirmedAt, now - confirmedAt < FreshSession.lifetime else { throw Problem.freshSessionRequired }
        return try answers[1].first { try DomainClaim(&$0) }
    }

    /// From the next request on, and within a second on open views: admission reads what this writes.
    func enforce(_ domain: String, _ enforced: Bool, for request: APIRequest) async throws -> DomainClaim {
        let now = now
        return try await store.database.asOrg(try request.org()) { [store] transaction in
            try await transaction.requireFreshSession(request, at: now)
            guard let done = try await store.enforce(domain, enforced, in: transaction),
                let changed = try await store.one(domain, in: transaction)
            else { throw Problem.domainNotFound }
            guard done.lacks.isEmpty else { throw Problem.enforcementIncomplete(done.lacks) }
            transaction.atCommit(
                try request.audit(
                    .domainUpdate, of: "domain:\(domain)", before: ["enforced": .bool(done.was)],
                    after: ["enforced": .bool(enforced), "members": .integer(Int64(done.concerned))], at: now))
            return changed
        }
    }

    func remove(_ domain: String, for request: APIRequest) async throws {
        let now = now
        try await store.database.asOrg(try request.org()) { [store] transaction in
            try await transaction.requireFreshSession(request, at: now)
            guard let before = try await store.one(domain, in: transaction),
                try await store.remove(domain, in: transaction) != nil
            else { throw Problem.domainNotFound }
            transaction.atCommit(
                try request.audit(.domainDelete, of: "domain:\(domain)", before: before.told, after: nil, at: now))
        }
    }
}
