internal import Access
internal import Audit
package import HTTPKit
package import Inventory
internal import JSONKit
package import Kernel
package import Outbound
internal import Postgres
internal import Vault

/// Connections over HTTP: keeping them. Trying them is `ConnectionTestRoutes`.
package struct ConnectionRoutes: Sendable {
    let store: ConnectionStore
    let rules: ConnectionRules
    let tester: ConnectionTester
    let time: any TimeSource

    package init(
        _ store: ConnectionStore, makers: [any CollectorMaker], policy: OutboundPolicy, time: any TimeSource
    ) {
        self.store = store
        rules = ConnectionRules(policy: policy, makers: makers)
        tester = ConnectionTester(rules: rules)
        self.time = time
    }

    package var endpoints: [Endpoint] {
        [list, create, kinds, one, change, remove, poll, test, testStored, preview, certificate]
    }

    static let fieldProblem = Problem.invalidField("host", "a name or an address is wanted")

    private var list: Endpoint {
        Endpoint(
            .get, "/api/connections", summary: "The platforms that are asked, and how each answers",
            access: .permission(.readConnections), scope: .settingsRead, audit: .none(reason: "reads only"),
            problems: [.invalidField("cursor", "")],
            query: [
                QueryParameter(
                    "state", .string,
                    summary: "only those whose health is one of these, separated by commas or repeated: "
                        + ConnectionHealth.State.allCases.map(\.rawValue).joined(separator: ", ")),
                QueryParameter("limit", .integer(minimum: 1, maximum: 100), summary: "how many, 50 unless told"),
                QueryParameter("cursor", .string, summary: "where to go on: the last answer's nextCursor"),
            ],
            response: .object(["data": .array(ConnectionSchemas.connection), "nextCursor": .string.optional]),
            responseExample: "{\"data\":[\(ConnectionSchemas.example)]}"
        ) { [self] request in
            let org = try request.org()
            let states = try request.query.words("state", among: ConnectionHealth.State.allCases.map(\.rawValue))
            let paging = try request.query.paging(), limit = paging.limit
            let after = try paging.cursor.map { text throws(Problem) in
                guard let id = ConnectionID(text) else {
                    throw .invalidField("cursor", "only what an answer gave as nextCursor is one")
                }
                return id
            }
            let rows = try await store.rows(
                in: org,
                """
                (\(after)::uuid IS NULL OR c.id > \(after))
                AND (\(states.isEmpty) OR coalesce(h.state, 'pending') = ANY(\(states)))
                """, limit: limit + 1)
            var answers: [ConnectionAnswer] = []
            for row in rows.prefix(limit) { answers.append(try await answer(row, in: org)) }
            let next = rows.count > limit ? answers.last?.stored.id : nil
            return .json { json in
                json.member("data", answers)
                json.member("nextCursor", next)
            }
        }
    }

    private var kinds: Endpoint {
        Endpoint(
            .get, "/api/connections/kinds", summary: "The platforms there are, and which of them are asked here",
            access: .permission(.readConnections), scope: .settingsRead, audit: .none(reason: "reads only"),
            response: ConnectionSchemas.kinds, responseExample: ConnectionSchemas.kindsExample
        ) { [rules] _ in
            .json { json in
                json.array("data") { json in
                    for kind in ConnectionKind.allCases {
                        let cadence = rules.cadence(of: kind)
                        json.object { json in
                            json.member("kind", kind.rawValue)
                            json.member("title", kind.title)
                            json.member("defaultPort", kind.defaultPort)
                            json.member("supported", rules.makers[kind] != nil)
                            json.object("cadence") { json in
                                json.member("leastSeconds", cadence.least.components.seconds)
                                json.member("normalSeconds", cadence.normal.components.seconds)
                                json.member("mostSeconds", cadence.most.components.seconds)
                            }
                        }
                    }
                }
            }
        }
    }

    private var create: Endpoint {
        Endpoint(
            .post, "/api/connections", summary: "Have a platform asked from now on",
            access: .permission(.manageConnections), scope: .settingsWrite,
            audit: .entry(action: AuditAction.connectionCreate.rawValue), idempotency: .key,
            problems: [
                Self.fieldProblem, .connectionNameTaken, .connectionLimit, .keyUnavailable,
            ], request: ConnectionSchemas.draft(isNew: true), response: ConnectionSchemas.connection, status: 201,
            requestExample: ConnectionSchemas.draftExample, responseExample: ConnectionSchemas.example,
            maxBodyBytes: 128 * 1024
        ) { [self] request in
            let (org, now) = (try request.org(), time.now)
            let draft = try ConnectionDraft(try request.json(JSONValue.self), in: try request.org())
            let new = try draft.configuration(over: nil, rules: rules)
            let secret = try Self.secret(of: draft, for: new)
            let id = ConnectionID.new(at: now)
            let entry = try request.audit(
                .connectionCreate, of: "connection:\(id)", before: nil, after: new.told, at: now)
            let row = try await store.create(
                id, new, secret: secret, health: initialHealth(of: new, at: now), in: org, at: now, entry: entry)
            let answer = ConnectionAnswer(stored: row.stored, health: row.health, host: new.host)
            return .json(answer, status: 201, headers: answer.headers)
        }
    }

    private var one: Endpoint {
        Endpoint(
            .get, "/api/connections/{id}", summary: "One connection", access: .permission(.readConnections),
            scope: .settingsRead, audit: .none(reason: "reads only"), problems: [.connectionNotFound],
            response: ConnectionSchemas.connection, responseExample: ConnectionSchemas.example
        ) { [self] request in
            let org = try request.org()
            let answer = try await answer(try await store.present(Self.id(request), in: org), in: org)
            return .json(answer, headers: answer.headers)
        }
    }

    private var change: Endpoint {
        Endpoint(
            .patch, "/api/connections/{id}", summary: "Change a connection; a secret that is not sent stays",
            access: .permission(.manageConnections), scope: .settingsWrite,
            audit: .entry(action: AuditAction.connectionUpdate.rawValue), idempotency: .natural,
            problems: [
                Self.fieldProblem, .connectionNotFound, .connectionNameTaken, .connectionChanged,
                .connectionSecretRequired, .keyUnavailable, .keyDestroyed,
            ], request: ConnectionSchemas.draft(isNew: false), response: ConnectionSchemas.connection,
            requestExample: #"{"cadenceSeconds":30}"#, responseExample: ConnectionSchemas.example,
            maxBodyBytes: 128 * 1024
        ) { [self] request in
            let (org, id, now) = (try request.org(), try Self.id(request), time.now)
            let draft = try ConnectionDraft(try request.json(JSONValue.self), in: try request.org())
            let row = try await store.change(id, ifAt: request.wantedRevision(), in: org, at: now) { old in
                try decide(draft, over: old, at: now)
            } entry: { old, change in
                try request.audit(
                    .connectionUpdate, of: "connection:\(id)", before: old.told,
                    after: change.configuration.told(renewingSecret: change.secret != nil, from: old), at: now)
            }
            let answer = try await answer(row, in: org)
            return .json(answer, headers: answer.headers)
        }
    }

    private var remove: Endpoint {
        Endpoint(
            .delete, "/api/connections/{id}", summary: "Ask a platform no more; what it told goes",
            access: .permission(.manageConnections), scope: .settingsWrite,
            audit: .entry(action: AuditAction.connectionDelete.rawValue), idempotency: .natural,
            problems: [.connectionNotFound, .connectionChanged], response: .nothing, status: 204, responseExample: ""
        ) { [self] request in
            let (org, id, now) = (try request.org(), try Self.id(request), time.now)
            try await store.remove(id, ifAt: request.wantedRevision(), in: org) { stored in
                try request.audit(.connectionDelete, of: "connection:\(id)", before: stored.told, after: nil, at: now)
            }
            return .noContent
        }
    }

    private var poll: Endpoint {
        Endpoint(
            .post, "/api/connections/{id}/poll", summary: "Ask a platform now, whatever its schedule says",
            access: .permission(.manageConnections), scope: .settingsWrite,
            audit: .entry(action: AuditAction.connectionPoll.rawValue), idempotency: .natural,
            problems: [.connectionNotFound, .connectionDisabled],
            response: .object(["nextPollAt": .timestamp]), status: 202,
            responseExample: #"{"nextPollAt":"2026-11-21T09:40:00.000Z"}"#
        ) { [self] request in
            let (org, id, now) = (try request.org(), try Self.id(request), time.now)
            let (stored, _) = try await store.present(id, in: org)
            guard stored.isEnabled else { throw Problem.connectionDisabled }
            try await store.hurry(
                id, in: org, at: now, entry: try request.audit(.connectionPoll, of: "connection:\(id)", at: now))
            return .json(status: 202) { $0.member("nextPollAt", now) }
        }
    }

    // MARK: Decisions

    /// What a draft makes of what is there.
    func decide(
        _ draft: ConnectionDraft, over old: ConnectionConfiguration, at now: Timestamp
    ) throws -> ConnectionStore.Change {
        let new = try draft.configuration(over: old, rules: rules)
        let secret = try draft.secret(for: new.credential)
        guard secret != nil || new.credential == .none || new.sendsSecretsLike(old) else {
            throw Problem.connectionSecretRequired
        }
        guard secret == nil || new.credential != .none else { throw Problem.secretUnwanted }
        let isOther = secret != nil || !new.reachesLike(old) || new.isEnabled != old.isEnabled
        return ConnectionStore.Change(
            configuration: new, secret: secret, health: isOther ? initialHealth(of: new, at: now) : nil)
    }

    /// - Throws: 400 `secret` when there is none and one is wanted, or the other way round.
    static func secret(of draft: ConnectionDraft, for new: ConnectionConfiguration) throws(Problem) -> Secret<String>? {
        let secret = try draft.secret(for: new.credential)
        guard new.credential == .none else {
            guard let secret else { throw .secretMissing }
            return secret
        }
        guard secret == nil else { throw .secretUnwanted }
        return nil
    }

    private func initialHealth(of new: ConnectionConfiguration, at now: Timestamp) -> ConnectionHealth {
        guard new.isEnabled else { return .disabled }
        var health = ConnectionHealth()
        if rules.makers[new.kind] == nil {
            health.fail(ConnectionRules.unsupported(new.kind), cadence: new.cadence, at: now, jitter: 0)
        }
        return health
    }

    func answer(_ row: ConnectionStore.Row, in org: OrgID) async throws -> ConnectionAnswer {
        // One that does not open is shown without its address: the others, and its deletion, do not wait for the key.
        ConnectionAnswer(
            stored: row.stored, health: row.health, host: try? await store.host(of: row.stored, in: org))
    }

    static func id(_ request: APIRequest) throws(Problem) -> ConnectionID {
        guard let id = request.parameters["id"].flatMap({ ConnectionID($0) }) else { throw .connectionNotFound }
        return id
    }
}
