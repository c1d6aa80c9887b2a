internal import Access
internal import Audit
internal import CoreMetrics
internal import HTTPKit
internal import Identity
internal import Kernel
internal import Logging
internal import Mail
internal import Postgres

/// The way in past single sign-on, for owners: password and code together, once.
struct BreakGlass: Sendable {
    let store: BreakGlassStore
    private let context: DomainContext
    private let proof: PasswordProof
    private let opening: SessionOpening

    init(_ context: DomainContext) {
        self.context = context
        store = BreakGlassStore(database: context.identity.database)
        proof = PasswordProof(context.identity)
        opening = SessionOpening(context.identity)
    }

    struct Claim: Sendable {
        let slug: String
        let username: String
        let password: Secret<String>
        let code: Secret<String>
    }

    struct Opened: Sendable {
        let signedIn: SignedIn
        /// In the place of the one that was used; shown this once.
        let next: BreakGlassCode
        fileprivate let org: OrgID
        fileprivate let owners: [EmailAddress]
    }

    private var now: Timestamp { context.identity.time.now }

    /// A code for the owner who asks; the one before ends.
    func make(for request: APIRequest) async throws -> (code: BreakGlassCode, createdAt: Timestamp) {
        let (user, code, now) = (try request.caller().person().user, BreakGlassCode.new(), now)
        let hash = code.hash(of: user, key: context.identity.links)
        try await store.database.asOrg(try request.org()) { [store] transaction in
            try await transaction.requireFreshSession(request, at: now)
            guard try await store.keep(hash, of: user, at: now, in: transaction) else { throw Problem.forbidden }
            transaction.atCommit(try request.audit(.breakGlassCreate, of: "user:\(user)", at: now))
        }
        return (code, now)
    }

    func drop(for request: APIRequest) async throws {
        let (user, now) = (try request.caller().person().user, now)
        try await store.database.asOrg(try request.org()) { [store] transaction in
            try await transaction.requireFreshSession(request, at: now)
            switch try await store.drop(of: user, in: transaction) {
            case "ok": transaction.atCommit(try request.audit(.breakGlassDelete, of: "user:\(user)", at: now))
            case "needed": throw Problem.breakGlassNeeded
            default: throw Problem.breakGlassNotFound
            }
        }
    }

    /// The same work and the same answer, whichever of the four does not fit.
    func open(_ claim: Claim, from request: APIRequest) async throws -> Opened {
        let candidate = try await proof.check(claim.username, claim.password, from: request)
        guard let opened = try await redeem(claim, of: candidate, from: request) else {
            DomainMetrics.breakGlassRefused.increment()
            throw try await proof.refuse(candidate)
        }
        tell(opened, request)
        return opened
    }

    private func redeem(
        _ claim: Claim, of candidate: PasswordProof.Candidate, from request: APIRequest
    ) async throws -> Opened? {
        let user = candidate.user ?? Self.nobody
        let (next, key, now) = (BreakGlassCode.new(), context.identity.links, now)
        let presented = (BreakGlassCode(claim.code) ?? .new()).hash(of: user, key: key)
        return try await store.database.asNobody { [store] transaction -> Opened? in
            let org = try await store.use(
                presented, next: next.hash(of: user, key: key), of: user, at: claim.slug, now: now, in: transaction)
            guard let org else { return nil }
            try await proof.pass(candidate, as: user, in: transaction)
            let signedIn = try await opening.open(
                for: user, hasSecondStep: true, bound: SessionBinding(to: org, method: "break-glass"), from: request,
                in: transaction)
            let owners = try await DomainStore.owners(in: transaction)
            let actor = Principal.user(user, session: signedIn.session)
            let record = AuditRecord(
                .breakGlassUse, of: "session:\(signedIn.session)", by: actor, from: request.origin)
            transaction.atCommit(record.append(at: now))
            return Opened(signedIn: signedIn, next: next, org: org, owners: owners)
        }
    }

    private func tell(_ opened: Opened, _ request: APIRequest) {
        DomainMetrics.breakGlass.increment()
        context.logger.critical(
            "a break-glass code was used: an owner came in past single sign-on",
            metadata: [
                LogKey.org: "\(opened.org)", LogKey.user: "\(opened.signedIn.user)",
                LogKey.session: "\(opened.signedIn.session)", LogKey.address: "\(request.origin.address)",
            ])
        for owner in opened.owners {
            context.identity.mail.send(
                DomainLetter.breakGlassUsed(
                    by: opened.signedIn.email, to: owner, from: request.origin, at: now,
                    publicURL: context.identity.publicURL))
        }
    }

    private static let nobody = UserID(bytes: [UInt8](repeating: 0, count: 16))
}
