internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
package import Kernel
package import Postgres

/// The sites of an organisation, over HTTP.
package struct SiteRoutes: Sendable {
    private let store: SiteStore
    private let time: any TimeSource

    package init(database: Database, time: any TimeSource) {
        store = SiteStore(database: database)
        self.time = time
    }

    package var endpoints: [Endpoint] { [list, create, read, change, remove] }

    private static let fieldProblem = Problem.invalidField("name", "one line of 1 to 64 bytes is wanted")

    private var list: Endpoint {
        Endpoint(
            .get, "/api/sites", summary: "The organisation's sites", access: .permission(.readSites),
            audit: .none(reason: "reads only"), problems: [.invalidField("cursor", "")],
            query: APIRequest.pageParameters, response: .page(of: Site.schema),
            responseExample: "{\"data\":[\(Site.example)]}"
        ) { [store] request in
            let page = try request.page(of: Kernel.Site.self)
            return try await store.sites(in: try request.org(), after: page.after, limit: page.limit).response
        }
    }

    private var create: Endpoint {
        Endpoint(
            .post, "/api/sites", summary: "Add a site", access: .permission(.manageSites),
            audit: .entry(action: AuditAction.siteCreate.rawValue), idempotency: .key,
            problems: [Self.fieldProblem, .siteNameTaken], request: SiteRequest.schema, response: Site.schema,
            status: 201, requestExample: #"{"name":"Bremen","tags":["north"]}"#, responseExample: Site.example
        ) { [store, time] request in
            let now = time.now
            let body = try request.json(SiteRequest.self)
            guard body.name != nil else { throw Self.fieldProblem }
            var site = Site(id: .new(at: now), name: "", createdAt: now)
            try body.change(&site)
            let entry = try request.audit(.siteCreate, of: "site:\(site.id)", before: nil, after: site.told, at: now)
            try await store.create(site, in: try request.org(), entry: entry)
            return .json(site, status: 201)
        }
    }

    private var read: Endpoint {
        Endpoint(
            .get, "/api/sites/{id}", summary: "One site", access: .permission(.readSites),
            audit: .none(reason: "reads only"), problems: [.siteNotFound], response: Site.schema,
            responseExample: Site.example
        ) { [store] request in .json(try await store.site(try Self.id(request), in: try request.org())) }
    }

    private var change: Endpoint {
        Endpoint(
            .patch, "/api/sites/{id}", summary: "Change a site", access: .permission(.manageSites),
            audit: .entry(action: AuditAction.siteUpdate.rawValue), idempotency: .natural,
            problems: [Self.fieldProblem, .siteNotFound, .siteNameTaken], request: SiteRequest.schema,
            response: Site.schema, requestExample: #"{"name":"Bremen"}"#, responseExample: Site.example
        ) { [store, time] request in
            let body = try request.json(SiteRequest.self)
            let id = try Self.id(request)
            let changed = try await store.change(id, by: body, in: try request.org()) { before, after in
                try request.audit(
                    .siteUpdate, of: "site:\(id)", before: before.told, after: after.told, at: time.now)
            }
            return .json(changed)
        }
    }

    private var remove: Endpoint {
        Endpoint(
            .delete, "/api/sites/{id}", summary: "Remove a site", access: .permission(.manageSites),
            audit: .entry(action: AuditAction.siteDelete.rawValue), idempotency: .natural,
            problems: [.siteNotFound, .siteInUse(by: "Night shift")], response: .nothing, status: 204,
            responseExample: ""
        ) { [store, time] request in
            let id = try Self.id(request)
            try await store.remove(id, in: try request.org()) { site in
                try request.audit(.siteDelete, of: "site:\(id)", before: site.told, after: nil, at: time.now)
            }
            return .noContent
        }
    }

    private static func id(_ request: APIRequest) throws(Problem) -> SiteID {
        guard let id = request.parameters["id"].flatMap({ SiteID($0) }) else { throw .siteNotFound }
        return id
    }
}

extension Problem {
    static let siteNotFound = Problem("site-not-found", status: 404, title: "No such site")
    static func siteInUse(by role: String) -> Problem {
        Problem(
            "site-in-use", status: 409, title: "A role is limited to this site",
            detail: "The role “\(role)” names it. Change or delete that role first.", extras: ["role": role])
    }
    static let siteNameTaken = Problem(
        "site-name-taken", status: 409, title: "A site of this name is there already", field: "name")
}
