internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
package import Kernel
package import Postgres

/// Showing a resource to another organisation, over HTTP: offers, and what others offer.
package struct ShareRoutes: Sendable {
    private let store: ShareStore
    private let time: any TimeSource

    package init(database: Database, time: any TimeSource) {
        store = ShareStore(database: database)
        self.time = time
    }

    package var endpoints: [Endpoint] { [given, offer, revoke, received, accept, decline] }

    private var given: Endpoint {
        Endpoint(
            .get, "/api/orgs/{id}/shares", summary: "What this organisation shows to others, newest first",
            access: .permission(.readSharing), audit: .none(reason: "reads only"),
            problems: [.invalidField("cursor", "")], query: APIRequest.pageParameters,
            response: .page(of: Share.schema), responseExample: "{\"data\":[\(Share.example)]}"
        ) { [store] request in
            let page = try request.page(of: OrgShare.self)
            return try await store.given(in: try request.org(), after: page.after, limit: page.limit).response
        }
    }

    private var offer: Endpoint {
        Endpoint(
            .post, "/api/orgs/{id}/shares", summary: "Show a resource to another organisation, once it accepts",
            access: .permission(.manageSharing), audit: .entry(action: AuditAction.shareCreate.rawValue),
            idempotency: .key, problems: [.sharedResourceNotFound, .invalidField("target", "the slug is wanted")],
            request: .object([
                "target": .string(minLength: 3, maxLength: 40), "resourceId": .uuid,
                "accessRole": .enumeration(Share.roles).optional,
            ]),
            response: Share.schema, status: 201,
            requestExample: #"{"target":"suedwind","resourceId":"01935c1e-7d00-8000-8000-00000000000e"}"#,
            responseExample: Share.example
        ) { [store, time] request in
            let (user, _, org) = try request.member()
            let now = time.now
            let body = try request.json(ShareRequest.self)
            let slug = try body.check()
            let made = try await store.offer(.new(at: now), to: slug, body, by: user, in: org, at: now) { id in
                try request.audit(
                    .shareCreate, of: "share:\(id)", before: nil,
                    after: ["target": .string(slug.text), "resource": .string("\(body.resource)")], at: now)
            }
            return .json(made.share, status: made.isNew ? 201 : 200)
        }
    }

    private var revoke: Endpoint {
        Endpoint(
            .delete, "/api/orgs/{id}/shares/{shareId}", summary: "Show it no more",
            access: .permission(.manageSharing), audit: .entry(action: AuditAction.shareRevoke.rawValue),
            idempotency: .natural, problems: [.shareNotFound], response: .nothing, status: 204, responseExample: ""
        ) { [store, time] request in
            let id = try Self.id(request)
            let entry = try request.audit(.shareRevoke, of: "share:\(id)", at: time.now)
            try await store.revoke(id, in: try request.member().org, entry: entry)
            return .noContent
        }
    }

    private var received: Endpoint {
        Endpoint(
            .get, "/api/orgs/{id}/shares/incoming", summary: "What others show to this organisation, as it is now",
            access: .permission(.readSharing), audit: .none(reason: "reads only"),
            response: .object(["data": .array(ReceivedShare.schema)]),
            responseExample: "{\"data\":[\(ReceivedShare.example)]}"
        ) { [store] request in
            let shares = try await store.received(by: try request.member().org, as: try request.caller().role)
            return .json { $0.member("data", shares) }
        }
    }

    private var accept: Endpoint {
        Endpoint(
            .post, "/api/orgs/{id}/shares/incoming/{shareId}/accept", summary: "Take what another organisation offers",
            access: .permission(.manageSharing), audit: .entry(action: AuditAction.shareAccept.rawValue),
            idempotency: .natural, problems: [.shareNotFound], response: .nothing, status: 204, responseExample: ""
        ) { [store, time] request in
            let (user, _, org) = try request.member()
            let id = try Self.id(request)
            let entry = try request.audit(.shareAccept, of: "share:\(id)", at: time.now)
            try await store.accept(id, by: user, in: org, at: time.now, entry: entry)
            return .noContent
        }
    }

    private var decline: Endpoint {
        Endpoint(
            .delete, "/api/orgs/{id}/shares/incoming/{shareId}", summary: "Decline an offer, or give it up",
            access: .permission(.manageSharing), audit: .entry(action: AuditAction.shareDecline.rawValue),
            idempotency: .natural, problems: [.shareNotFound], response: .nothing, status: 204, responseExample: ""
        ) { [store, time] request in
            let id = try Self.id(request)
            let entry = try request.audit(.shareDecline, of: "share:\(id)", at: time.now)
            try await store.decline(id, in: try request.member().org, entry: entry)
            return .noContent
        }
    }

    private static func id(_ request: APIRequest) throws(Problem) -> OrgShareID {
        guard let id = request.parameters["shareId"].flatMap({ OrgShareID($0) }) else { throw .shareNotFound }
        return id
    }
}
