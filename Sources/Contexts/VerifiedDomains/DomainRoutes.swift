internal import Access
internal import Audit
package import HTTPKit
internal import Identity
internal import JSONKit
internal import Kernel

/// Claimed domains over HTTP.
package struct DomainRoutes: Sendable {
    private let desk: DomainDesk

    package init(_ context: DomainContext) { desk = DomainDesk(context) }

    package var endpoints: [Endpoint] { [list, add, one, verify, change, remove] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/security/domains", summary: "Mail domains that the organisation says are its own",
            access: .permission(.readSecurity), scope: .settingsRead, audit: .none(reason: "reads only"),
            response: .object(["data": .array(DomainClaim.schema, maxItems: DomainStore.limit)]),
            responseExample: #"{"data":[\#(DomainClaim.example)]}"#
        ) { [desk] request in
            let all = try await desk.store.all(in: try request.org())
            return .json { $0.member("data", all) }
        }
    }

    private var add: Endpoint {
        Endpoint(
            .post, "/api/security/domains", summary: "Claim a mail domain; the answer names the TXT record to publish",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.domainCreate.rawValue),
            idempotency: .key, problems: [.freshSessionRequired, .domainExists, .domainLimit],
            request: .object(["domain": .string(minLength: 3, maxLength: 253)]), response: DomainClaim.schema,
            status: 201, requestExample: #"{"domain":"example.com"}"#, responseExample: DomainClaim.example
        ) { [desk] request in
            let typed = try request.json(BodyMembers.self).text("domain").reveal()
            return .json(try await desk.claim(typed, for: request), status: 201)
        }
    }

    private var one: Endpoint {
        Endpoint(
            .get, "/api/security/domains/{domain}", summary: "One claimed domain", access: .permission(.readSecurity),
            scope: .settingsRead, audit: .none(reason: "reads only"), problems: [.domainNotFound],
            response: DomainClaim.schema, responseExample: DomainClaim.example
        ) { [desk] request in
            guard let found = try await desk.store.one(Self.domain(request), in: try request.org()) else {
                throw Problem.domainNotFound
            }
            return .json(found)
        }
    }

    private var verify: Endpoint {
        Endpoint(
            .post, "/api/security/domains/{domain}/verify",
            summary: "Look for the record now, and verify the domain by it",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.domainVerify.rawValue),
            idempotency: .natural,
            problems: [
                .freshSessionRequired, .domainNotFound, .domainNotProven, .domainLookupFailed, .domainTaken,
            ], response: DomainClaim.schema, responseExample: DomainClaim.example
        ) { [desk] request in .json(try await desk.prove(Self.domain(request), for: request)) }
    }

    private var change: Endpoint {
        Endpoint(
            .patch, "/api/security/domains/{domain}",
            summary: "Send members with an address of this domain to single sign-on, or no more",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.domainUpdate.rawValue),
            idempotency: .natural, problems: [.freshSessionRequired, .domainNotFound, .enforcementIncomplete],
            request: .object(["isEnforced": .boolean]), response: DomainClaim.schema,
            requestExample: #"{"isEnforced":true}"#, responseExample: DomainClaim.example
        ) { [desk] request in
            let enforced = try request.json(BodyMembers.self).flag("isEnforced")
            return .json(try await desk.enforce(Self.domain(request), enforced, for: request))
        }
    }

    private var remove: Endpoint {
        Endpoint(
            .delete, "/api/security/domains/{domain}", summary: "Give a domain up; what it enforced ends at once",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.domainDelete.rawValue),
            idempotency: .natural, problems: [.freshSessionRequired, .domainNotFound], response: .nothing, status: 204,
            responseExample: ""
        ) { [desk] request in
            try await desk.remove(Self.domain(request), for: request)
            return .noContent
        }
    }

    /// What is no domain names nothing; it is asked for all the same.
    private static func domain(_ request: APIRequest) -> String {
        MailDomain(request.parameters["domain"] ?? "")?.text ?? "-"
    }
}
