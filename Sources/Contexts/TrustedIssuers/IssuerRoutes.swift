internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
package import Kernel
package import Outbound
internal import Postgres

/// Trusted issuers over HTTP. Changing them is a way in for others, so it wants the person and not only their cookie.
package struct IssuerRoutes: Sendable {
    private let issuers: IssuerStore
    private let policy: OutboundPolicy
    private let time: any TimeSource

    package init(_ issuers: IssuerStore, policy: OutboundPolicy, time: any TimeSource) {
        self.issuers = issuers
        self.policy = policy
        self.time = time
    }

    package var endpoints: [Endpoint] { [list, create, one, change, remove] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/security/trusted-issuers", summary: "Issuers whose tokens are good for API calls, by name",
            access: .permission(.readSecurity), scope: .settingsRead, audit: .none(reason: "reads only"),
            response: .object(["data": .array(TrustedIssuer.schema, maxItems: IssuerStore.limit)]),
            responseExample: #"{"data":[\#(TrustedIssuer.example)]}"#
        ) { [issuers] request in
            let all = try await issuers.all(in: try request.org())
            return .json { $0.member("data", all) }
        }
    }

    private var create: Endpoint {
        Endpoint(
            .post, "/api/security/trusted-issuers", summary: "Trust an issuer's tokens for API calls",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.trustedIssuerCreate.rawValue),
            idempotency: .key, problems: [.freshSessionRequired, .trustedIssuerExists, .trustedIssuerLimit],
            request: IssuerRequest.schema(isNew: true), response: TrustedIssuer.schema, status: 201,
            requestExample: IssuerRequest.example, responseExample: TrustedIssuer.example
        ) { [self] request in
            let (org, now) = (try request.org(), time.now)
            let new = try IssuerRequest(body: try request.json(JSONValue.self), policy: policy).new(at: now)
            let entry = try request.audit(
                .trustedIssuerCreate, of: "trusted_issuer:\(new.id)", before: nil, after: new.told, at: now)
            try await issuers.database.asOrg(org) { [issuers] transaction in
                try await transaction.requireFreshSession(request, at: now)
                try await issuers.create(new, in: org, transaction: transaction)
                transaction.atCommit(entry)
            }
            return .json(new, status: 201)
        }
    }

    private var one: Endpoint {
        Endpoint(
            .get, "/api/security/trusted-issuers/{id}", summary: "One trusted issuer",
            access: .permission(.readSecurity), scope: .settingsRead, audit: .none(reason: "reads only"),
            problems: [.trustedIssuerNotFound], response: TrustedIssuer.schema, responseExample: TrustedIssuer.example
        ) { [issuers] request in
            guard let found = try await issuers.one(Self.id(request), in: try request.org()) else {
                throw Problem.trustedIssuerNotFound
            }
            return .json(found)
        }
    }

    private var change: Endpoint {
        Endpoint(
            .patch, "/api/security/trusted-issuers/{id}", summary: "Change what is trusted of an issuer",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.trustedIssuerUpdate.rawValue),
            idempotency: .natural, problems: [.freshSessionRequired, .trustedIssuerNotFound, .trustedIssuerExists],
            request: IssuerRequest.schema(isNew: false), response: TrustedIssuer.schema,
            requestExample: #"{"maxTokenAgeSeconds":900}"#, responseExample: TrustedIssuer.example
        ) { [self] request in
            let (org, now) = (try request.org(), time.now)
            let asked = IssuerRequest(body: try request.json(JSONValue.self), policy: policy)
            let changed = try await issuers.database.asOrg(org) { [issuers] transaction in
                try await transaction.requireFreshSession(request, at: now)
                guard var issuer = try await issuers.held(Self.id(request), in: transaction) else {
                    throw Problem.trustedIssuerNotFound
                }
                let before = issuer.told
                try asked.apply(to: &issuer, at: now)
                try await issuers.change(issuer, in: transaction)
                transaction.atCommit(
                    try request.audit(
                        .trustedIssuerUpdate, of: "trusted_issuer:\(issuer.id)", before: before, after: issuer.told,
                        at: now))
                return issuer
            }
            return .json(changed)
        }
    }

    private var remove: Endpoint {
        Endpoint(
            .delete, "/api/security/trusted-issuers/{id}", summary: "Trust an issuer no more, from now on",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.trustedIssuerDelete.rawValue),
            idempotency: .natural, problems: [.freshSessionRequired, .trustedIssuerNotFound], response: .nothing,
            status: 204, responseExample: ""
        ) { [self] request in
            let (org, now, id) = (try request.org(), time.now, Self.id(request))
            let entry = try request.audit(.trustedIssuerDelete, of: "trusted_issuer:\(id)", at: now)
            try await issuers.database.asOrg(org) { [issuers] transaction in
                try await transaction.requireFreshSession(request, at: now)
                guard try await issuers.delete(id, in: transaction) else { throw Problem.trustedIssuerNotFound }
                transaction.atCommit(entry)
            }
            return .noContent
        }
    }

    /// What is no id names nothing; it is asked for all the same, so that it takes as long as a foreign one.
    private static func id(_ request: APIRequest) -> TrustedIssuerID {
        TrustedIssuerID(request.parameters["id"] ?? "") ?? TrustedIssuerID(bytes: [UInt8](repeating: 0, count: 16))
    }
}
