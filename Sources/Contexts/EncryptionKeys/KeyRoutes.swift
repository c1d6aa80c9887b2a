internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
package import Kernel
package import Postgres
package import Vault

/// HTTP in and out of an organisation's keys.
package struct KeyRoutes: Sendable {
    private let ring: KeyRing
    private let database: Database
    private let time: any TimeSource

    package init(_ ring: KeyRing, database: Database, time: any TimeSource) {
        self.ring = ring
        self.database = database
        self.time = time
    }

    package var endpoints: [Endpoint] { [overview, rotations, rotation, rotate, bringOwn, removeOwn] }

    // MARK: Reading

    private var overview: Endpoint {
        Endpoint(
            .get, "/api/security/keys", summary: "The organisation's encryption keys: versions, who wraps them",
            access: .permission(.readKeys), audit: .none(reason: "reads only, and no secret"),
            response: KeySchemas.overview, responseExample: KeySchemas.overviewExample
        ) { request in try await answer(in: try request.org()) }
    }

    private var rotations: Endpoint {
        Endpoint(
            .get, "/api/security/keys/rotations", summary: "Rotations of the organisation's keys, newest first",
            access: .permission(.readKeys), audit: .none(reason: "reads only"),
            query: [
                QueryParameter("cursor", .uuid, summary: "Where the last page ended"),
                QueryParameter("limit", .integer(minimum: 1, maximum: 100), summary: "How many, default 50"),
            ],
            response: .object(["data": .array(KeySchemas.rotation), "nextCursor": .uuid.optional]),
            responseExample: "{\"data\":[\(KeySchemas.rotationExample)]}"
        ) { request in
            let limit = Paging(limit: request.query["limit"].flatMap { Int($0) } ?? 50).limit
            let cursor = request.query["cursor"]
            guard cursor == nil || cursor.flatMap({ KeyRotationID($0) }) != nil else {
                throw Problem.invalidField("cursor", "the nextCursor of an earlier page is wanted")
            }
            let found = try await KeyRotations(database).rotations(
                of: .org(try request.org()), before: cursor.flatMap { KeyRotationID($0) }, limit: limit + 1)
            return .json { json in
                json.member("data", Array(found.prefix(limit)))
                if found.count > limit { json.member("nextCursor", found[limit - 1].id) }
            }
        }
    }

    private var rotation: Endpoint {
        Endpoint(
            .get, "/api/security/keys/rotations/{id}", summary: "How far a rotation is",
            access: .permission(.readKeys), audit: .none(reason: "reads only"), problems: [.keyRotationNotFound],
            response: KeySchemas.rotation, responseExample: KeySchemas.rotationExample
        ) { request in
            guard let id = request.parameters["id"].flatMap({ KeyRotationID($0) }),
                let rotation = try await KeyRotations(database).rotation(id, of: .org(try request.org()))
            else { throw Problem.keyRotationNotFound }
            return .json(rotation.json)
        }
    }

    // MARK: Rotating

    private var rotate: Endpoint {
        Endpoint(
            .post, "/api/security/keys/rotations",
            summary: "Begin a rotation: a new data key and everything sealed anew, or a new wrapping key",
            access: .permission(.manageKeys), audit: .entry(action: AuditAction.keyRotate.rawValue),
            idempotency: .key, problems: [.keyRotationRunning], request: .object(["kind": KeySchemas.rotationKind]),
            response: KeySchemas.rotation, status: 201, requestExample: #"{"kind":"data"}"#,
            responseExample: KeySchemas.rotationExample
        ) { request in
            let body = try KeyRotationRequest(json: request.body)
            let now = time.now
            let rotation = try await KeyRotations(database).begin(body.kind, for: .org(try request.org()), at: now) {
                [try request.audit(.keyRotate, of: "key_rotation:\($0.id)", at: now)]
            }
            return .json(rotation.json, status: 201)
        }
    }

    // MARK: The organisation's own key

    private var bringOwn: Endpoint {
        Endpoint(
            .put, "/api/security/keys/own", summary: "Wrap the organisation's keys under a key of its own",
            access: .permission(.manageKeys), audit: .entry(action: AuditAction.keyBring.rawValue),
            idempotency: .natural,
            problems: [
                .keyRotationRunning, .ownKeyRefused, .keyUnavailable, .keyDestroyed, .freshSessionRequired,
            ],
            request: KeySchemas.ownKey, response: KeySchemas.overview, requestExample: KeySchemas.ownKeyExample,
            responseExample: KeySchemas.overviewExample, timeout: .seconds(30)
        ) { request in
            let (org, body, now) = (try request.org(), try OwnKeyRequest(json: request.body), time.now)
            try await database.asOrg(org) { try await $0.requireFreshSession(request, at: now) }
            let entry = try request.audit(.keyBring, of: "organisation:\(org)", at: now)
            try await OwnKeys(ring).bring(body.provider, reference: body.reference, to: org, entry: [entry])
            return try await answer(in: org)
        }
    }

    private var removeOwn: Endpoint {
        Endpoint(
            .delete, "/api/security/keys/own", summary: "Go back to a key of this installation",
            access: .permission(.manageKeys), audit: .entry(action: AuditAction.keyReturn.rawValue),
            idempotency: .natural, problems: [.keyRotationRunning, .keyUnavailable, .freshSessionRequired],
            response: KeySchemas.overview, responseExample: KeySchemas.overviewExample, timeout: .seconds(30)
        ) { request in
            let (org, now) = (try request.org(), time.now)
            try await database.asOrg(org) { try await $0.requireFreshSession(request, at: now) }
            let entry = try request.audit(.keyReturn, of: "organisation:\(org)", at: now)
            try await OwnKeys(ring).takeBack(from: org, entry: [entry])
            return try await answer(in: org)
        }
    }

    private func answer(in org: OrgID) async throws -> APIResponse {
        .json(try await KeyOverview.read(org, from: ring).json)
    }
}
