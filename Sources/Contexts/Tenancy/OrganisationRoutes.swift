internal import Access
internal import Audit
package import HTTPKit
package import Identity
internal import JSONKit
internal import Kernel

/// A person's organisations, over HTTP.
package struct OrganisationRoutes: Sendable {
    private let organisations: Organisations
    private let ending: OrganisationEnding

    package init(_ context: IdentityContext) {
        organisations = Organisations(database: context.database, time: context.time)
        ending = OrganisationEnding(database: context.database, time: context.time)
    }

    package var endpoints: [Endpoint] { [list, create, read, rename, delete, restore, choose] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/orgs", summary: "The organisations one belongs to, oldest membership first", access: .session,
            forBound: true, audit: .none(reason: "reads only"), response: .object(["data": .array(Membership.schema)]),
            responseExample: "{\"data\":[\(Membership.example)]}"
        ) { [organisations] request in
            let all = try await organisations.all(
                of: try request.caller().person().user, boundTo: try request.caller().boundTo)
            var json = JSONWriter()
            json.object { $0.member("data", all) }
            return .json(json.bytes)
        }
    }

    private var create: Endpoint {
        Endpoint(
            .post, "/api/orgs", summary: "Create another organisation and own it", access: .session,
            audit: .entry(action: AuditAction.organisationCreate.rawValue), idempotency: .key,
            problems: [.organisationLimit, .invalidField("displayName", "it has to be 3 to 64 bytes long")],
            request: .object(["displayName": .string(minLength: 3, maxLength: 64)]), response: Membership.schema,
            status: 201, requestExample: #"{"displayName":"Nordwind"}"#, responseExample: Membership.example
        ) { [organisations] request in
            let body = try request.json(OrganisationRequest.self)
            let name = try OrganisationName.check(body.displayName, field: "displayName")
            return .json(try await organisations.create(name, for: request).json, status: 201)
        }
    }

    private var read: Endpoint {
        Endpoint(
            .get, "/api/orgs/{id}", summary: "One organisation in full", access: .permission(.readOrg),
            openTo: [.active, .suspendedForBilling, .pendingDeletion],
            audit: .none(reason: "reads only"), response: OrganisationDetail.schema,
            responseExample: OrganisationDetail.example
        ) { [organisations] request in
            try await organisations.detail(of: try request.org()).response(for: try request.caller().role)
        }
    }

    private var rename: Endpoint {
        Endpoint(
            .patch, "/api/orgs/{id}", summary: "Give the organisation another name", access: .permission(.manageOrg),
            audit: .entry(action: AuditAction.organisationUpdate.rawValue), idempotency: .natural,
            problems: [.invalidField("displayName", "it has to be 3 to 64 bytes long")],
            request: .object(["displayName": .string(minLength: 3, maxLength: 64)]),
            response: OrganisationDetail.schema, requestExample: #"{"displayName":"Nordwind Logistik"}"#,
            responseExample: OrganisationDetail.example
        ) { [organisations] request in
            let body = try request.json(OrganisationRequest.self)
            let name = try OrganisationName.check(body.displayName, field: "displayName")
            return try await organisations.rename(to: name, for: request).response(for: try request.caller().role)
        }
    }

    private var delete: Endpoint {
        Endpoint(
            .delete, "/api/orgs/{id}", summary: "Delete the organisation; it can be restored until it is erased",
            access: .permission(.ownOrg), openTo: [.active, .suspendedForBilling],
            audit: .entry(action: AuditAction.organisationDelete.rawValue), idempotency: .natural,
            problems: [
                .freshSessionRequired, LifeRefusal.alreadyPending.problem,
                .invalidField("retentionDays", "a whole number of 1 to 90 is wanted"),
            ],
            request: .object(["retentionDays": .integer(minimum: 1, maximum: 90).optional]),
            response: OrganisationDetail.schema, requestExample: #"{"retentionDays":30}"#,
            responseExample: OrganisationDetail.example
        ) { [ending] request in
            let days = request.body.isEmpty ? nil : try request.json(DeletionRequest.self).retentionDays
            let detail = try await ending.delete(after: days ?? OrganisationEnding.defaultDays, for: request)
            return detail.response(for: try request.caller().role)
        }
    }

    private var restore: Endpoint {
        Endpoint(
            .post, "/api/orgs/{id}/restore", summary: "Take the deletion of the organisation back",
            access: .permission(.ownOrg), openTo: [.active, .pendingDeletion],
            audit: .entry(action: AuditAction.organisationRestore.rawValue), idempotency: .natural,
            problems: [LifeRefusal.notPending.problem], response: OrganisationDetail.schema,
            responseExample: OrganisationDetail.example
        ) { [ending] request in
            try await ending.restore(for: request).response(for: try request.caller().role)
        }
    }

    private var choose: Endpoint {
        Endpoint(
            .post, "/api/orgs/{id}/switch", summary: "Work in this organisation from now on", access: .session,
            openTo: [.active, .suspendedForBilling, .pendingDeletion], forBound: true,
            audit: .entry(action: AuditAction.organisationSwitch.rawValue), idempotency: .natural,
            problems: [.organisationNotFound, .organisationSuspended],
            response: .object(["organization": Membership.schema]),
            responseExample: "{\"organization\":\(Membership.example)}"
        ) { [organisations] request in
            guard let org = request.parameters["id"].flatMap({ OrgID($0) }) else { throw Problem.organisationNotFound }
            let chosen = try await organisations.choose(org, for: request)
            var json = JSONWriter()
            json.object { $0.member("organization", chosen) }
            let cookie = SessionCookies.choose(org, lifetime: .seconds(30 * 86_400))
            return .json(json.bytes).with(cookies: [cookie])
        }
    }
}
