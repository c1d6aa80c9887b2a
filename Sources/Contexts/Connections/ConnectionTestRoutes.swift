internal import Access
internal import Audit
internal import HTTPKit
internal import Inventory
internal import JSONKit
internal import Kernel
internal import Vault

/// Trying connections. A try that fails is an answer, not an error; each leaves an entry, since this machine connects to
/// where the caller says.
extension ConnectionRoutes {
    /// Longer than a test may take.
    private static let patience: Duration = .seconds(30)
    private static let tried = "connection:new"

    var test: Endpoint {
        Endpoint(
            .post, "/api/connections/test", summary: "Try a connection before it is saved",
            access: .permission(.manageConnections), scope: .settingsWrite,
            audit: .entry(action: AuditAction.connectionTest.rawValue),
            problems: [Self.fieldProblem, .connectionTestBusy],
            request: ConnectionSchemas.draft(isNew: true, isNamed: false), response: ConnectionSchemas.result,
            requestExample: ConnectionSchemas.draftExample, responseExample: ConnectionSchemas.resultExample,
            maxBodyBytes: 128 * 1024, timeout: Self.patience
        ) { [self] request in
            let spec = try unsaved(request)
            try await store.note(request.audit(.connectionTest, of: Self.tried, at: time.now), in: spec.org)
            let outcome = try await tester.test(spec)
            return .json { outcome.write(to: &$0) }
        }
    }

    var testStored: Endpoint {
        Endpoint(
            .post, "/api/connections/{id}/test",
            summary: "Try a connection: as it is stored, or as it would be with these changes",
            access: .permission(.manageConnections), scope: .settingsWrite,
            audit: .entry(action: AuditAction.connectionTest.rawValue),
            problems: [
                Self.fieldProblem, .connectionNotFound, .connectionTestBusy, .connectionSecretRequired,
                .keyUnavailable, .keyDestroyed,
            ], request: ConnectionSchemas.draft(isNew: false, isNamed: false), response: ConnectionSchemas.result,
            requestExample: "{}", responseExample: ConnectionSchemas.resultExample, maxBodyBytes: 128 * 1024,
            timeout: Self.patience
        ) { [self] request in
            let (org, id) = (try request.org(), try Self.id(request))
            let (stored, _) = try await store.present(id, in: org)
            let draft = try ConnectionDraft(request.body.isEmpty ? [:] : try request.json(JSONValue.self), in: org)
            let (spec, isAsStored) = try await edited(stored, by: draft, in: org)
            try await store.note(request.audit(.connectionTest, of: "connection:\(id)", at: time.now), in: org)
            let outcome = try await tester.test(spec)
            if isAsStored, stored.isEnabled { try await keep(outcome, of: stored, in: org) }
            return .json { outcome.write(to: &$0) }
        }
    }

    var preview: Endpoint {
        Endpoint(
            .post, "/api/connections/preview", summary: "What a connection would find, and what leads there already",
            access: .permission(.manageConnections), scope: .settingsWrite,
            audit: .entry(action: AuditAction.connectionTest.rawValue),
            problems: [Self.fieldProblem, .connectionTestBusy],
            request: ConnectionSchemas.draft(isNew: true, isNamed: false), response: ConnectionSchemas.preview,
            requestExample: ConnectionSchemas.draftExample, responseExample: ConnectionSchemas.previewExample,
            maxBodyBytes: 128 * 1024, timeout: Self.patience
        ) { [self] request in
            let spec = try unsaved(request)
            try await store.note(request.audit(.connectionTest, of: Self.tried, at: time.now), in: spec.org)
            let outcome = try await tester.test(spec)
            let existing = SamePlatform.among(
                try await store.watched(of: spec.org), tried: spec, found: try? outcome.result.get(), except: nil)
            return .json { json in
                outcome.write(to: &json)
                json.array("existing") { json in
                    for one in existing {
                        json.object { json in
                            json.member("connectionId", one.id)
                            json.member("name", one.name)
                            json.member("why", one.why.rawValue)
                        }
                    }
                }
            }
        }
    }

    var certificate: Endpoint {
        Endpoint(
            .post, "/api/connections/certificate",
            summary: "The certificate that a platform shows, for a person to compare; nothing is sent to it",
            access: .permission(.manageConnections), scope: .settingsWrite,
            audit: .entry(action: AuditAction.connectionTest.rawValue),
            problems: [Self.fieldProblem, .connectionTestBusy],
            request: .object([
                "kind": .enumeration(ConnectionKind.allCases.map(\.rawValue)),
                "host": .string(minLength: 1, maxLength: 300), "port": .integer(minimum: 1, maximum: 65_535).optional,
                "agentId": .uuid.nullable.optional,
            ]), response: ConnectionSchemas.shown,
            requestExample: #"{"kind":"pve","host":"pve.example.com"}"#,
            responseExample: ConnectionSchemas.shownExample, timeout: Self.patience
        ) { [self] request in
            let org = try request.org()
            let place = try ConnectionDraft(try request.json(JSONValue.self), in: org).place(rules: rules)
            try await store.note(request.audit(.connectionTest, of: Self.tried, at: time.now), in: org)
            let shown = try await tester.certificate(
                of: place.host, port: place.port, kind: place.kind, route: place.route, for: org)
            return .json { json in
                switch shown {
                case .success(let certificate):
                    json.member("ok", true)
                    json.member("certificate", certificate)
                case .failure(let fault):
                    json.member("ok", false)
                    json.member("reason", fault.reason.rawValue)
                    json.member("detail", fault.shortened.detail)
                }
            }
        }
    }

    // MARK: What is tried

    private func unsaved(_ request: APIRequest) throws -> ConnectionSpec {
        let draft = try ConnectionDraft(try request.json(JSONValue.self), in: try request.org())
        let new = try draft.configuration(over: nil, rules: rules, isNamed: false)
        return new.spec(.new(at: time.now), in: try request.org(), secret: try Self.secret(of: draft, for: new))
    }

    /// The stored secret is sent only to where it was entered for, in a test as much as in a poll.
    private func edited(
        _ stored: StoredConnection, by draft: ConnectionDraft, in org: OrgID
    ) async throws -> (spec: ConnectionSpec, isAsStored: Bool) {
        let old = try await store.configuration(of: stored, in: org)
        let change = try decide(draft, over: old, at: time.now)
        let isAsStored = change.secret == nil && change.configuration.reachesLike(old)
        var secret = change.secret
        if secret == nil { secret = try await store.secret(of: stored, in: org) }
        return (change.configuration.spec(stored.id, in: org, secret: secret), isAsStored)
    }

    /// The record that the list shows. Where the test says otherwise than the record did, the platform is asked at once, so
    /// that the record is what its polls find: one that was given up is tried again, and one that answers its polls is not
    /// shown as failing, let alone parked, because a test of it failed once.
    private func keep(
        _ outcome: ConnectionTester.Outcome, of stored: StoredConnection, in org: OrgID
    ) async throws {
        let before = try await store.present(stored.id, in: org).health
        let now = time.now
        var health = before
        health.take(outcome.result, cadence: stored.cadence, at: now, jitter: Randomness.system.fraction())
        let isOtherwise =
            switch outcome.result {
            case .success: before.consecutiveFailures > 0
            // A wish that is not fulfilled yet stays one. What was parked is not asked again for a second refusal.
            case .failure: before.consecutiveFailures == 0 || before.isDue(at: now)
            }
        let tested = CheckedConnection(id: stored.id, revision: stored.revision, health: health)
        try await store.keep(tested, hurrying: isOtherwise, in: org, at: now)
    }
}
