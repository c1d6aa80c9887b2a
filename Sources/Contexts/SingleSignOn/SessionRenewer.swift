internal import Access
internal import Audit
internal import JSONKit
internal import Kernel
internal import Logging
internal import OIDC
package import Postgres
internal import ServiceLifecycle
internal import SignOnKit
internal import Vault

/// Asks OpenID providers again, where they gave leave for it (offline access), whether sessions may go on. A provider that says
/// no ends the session; one that is away is asked again in two minutes, and the session lives on meanwhile.
///
/// Of several processes one asks for a session: the database lends it out.
package struct SessionRenewer: Service {
    /// How long a session is lent out. A renewal takes ten seconds at the most.
    static let lease: Duration = .seconds(120)
    private static let pause: Duration = .seconds(10)
    /// Sessions of one round, renewed at once.
    private static let width: Int32 = 16

    private let context: SSOContext
    private let workers: Database
    private let store: ProviderStore

    /// - Parameter workers: the pool that may ask across organisations which sessions are due, and nothing else of them.
    package init(_ context: SSOContext, workers: Database) {
        self.context = context
        self.workers = workers
        store = ProviderStore(context)
    }

    package func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                if try await round() > 0 { continue }
            } catch {
                context.logger.warning("sessions not renewed, trying again", metadata: ["error": "\(error)"])
            }
            try? await cancelWhenGracefulShutdown { try await context.time.sleep(for: Self.pause) }
        }
    }

    /// - Returns: how many were due.
    @discardableResult
    package func round() async throws -> Int {
        let now = context.time.now
        let due = try await workers.rowsGlobally(
            "SELECT org_id, session_id FROM due_renewals(\(now), \(now + Self.lease), \(Self.width))"
        ) { (org: try $0.next(OrgID.self), session: try $0.next(SessionID.self)) }
        await withDiscardingTaskGroup { group in
            for one in due {
                group.addTask {
                    do { try await renew(one.session, in: one.org) } catch {
                        context.logger.warning("a session was not renewed", metadata: ["error": "\(error)"])
                    }
                }
            }
        }
        return due.count
    }

    private func renew(_ session: SessionID, in org: OrgID) async throws {
        let kept = try await context.database.first(
            in: org, "SELECT provider_id, user_id, logout FROM sso_sessions WHERE session_id = \(session)"
        ) { (provider: try $0.next(String.self), user: try $0.next(UserID.self), note: try $0.next(Sealed?.self)) }
        guard let kept, let sealed = kept.note else { return }
        let note = LogoutNote(
            try await context.vault.open(sealed, for: .org(org), at: LogoutNote.place(of: session)))
        guard let provider = try await store.one(kept.provider, in: org), provider.isEnabled,
            case .oidc(let settings, let secret) = provider.speech, let leave = note.refreshable
        else { return try await end(session, of: kept.provider, in: org, "the provider is not asked any more") }
        do {
            let renewal = try await context.dialogue.oidc.renewal(
                of: leave, at: settings, secret: secret, now: context.time.now)
            try await goOn(session, of: kept.user, note.renewed(renewal.refreshToken), renewal, at: provider, in: org)
        } catch let refusal as OIDCRefusal {
            guard refusal.code != .providerUnavailable else { return }
            try await end(session, of: kept.provider, in: org, refusal.reason.rawValue)
        }
    }

    /// Keeps the new leave, and gives the roles that the groups come to now, where the provider told them.
    private func goOn(
        _ session: SessionID, of user: UserID, _ note: JSONValue, _ renewal: OIDCRenewal, at provider: IdentityProvider,
        in org: OrgID
    ) async throws {
        let now = context.time.now
        let sealed = try await context.vault.seal(Secret(note.json), for: .org(org), at: LogoutNote.place(of: session))
        try await context.database.asOrg(org) { transaction in
            try await transaction.execute(
                "UPDATE sso_sessions SET logout = \(sealed), renew_at = \(renewal.due) WHERE session_id = \(session)")
            if let groups = renewal.groups, let targets = provider.roles(of: groups) {
                _ = try await MappedRoles(role: targets.role ?? .custom, custom: targets.custom).apply(
                    to: user, in: org, by: "sso:\(provider.id)", at: now, transaction)
            }
        }
    }

    private func end(_ session: SessionID, of provider: String, in org: OrgID, _ reason: String) async throws {
        let now = context.time.now
        try await context.database.asOrg(org) { transaction in
            let ended = try await transaction.rows(
                "SELECT session_id FROM end_sso_sessions(\(provider), NULL, NULL, \([session]))"
            ) { try $0.next(SessionID.self) }
            guard !ended.isEmpty else { return }
            let record = AuditRecord(
                .ssoLogout, of: "session:\(session)", by: .system(job: "single-sign-on"), from: .program
            ).changing(after: ["provider": .string(provider), "reason": .string(reason)])
            transaction.atCommit(record.append(at: now))
        }
    }
}
