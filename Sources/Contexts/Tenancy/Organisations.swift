internal import Access
internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// A person's organisations: all of them, another one, and which one to work in.
struct Organisations: Sendable {
    let database: Database
    let time: any TimeSource

    func all(of user: UserID, boundTo bound: OrgID?) async throws -> [Membership] {
        try await database.rowsGlobally(Membership.query(of: user, boundTo: bound)) { try Membership(&$0) }
    }

    /// - Throws: `organisation-limit` for someone who owns 50.
    func create(_ name: String, for request: APIRequest) async throws -> Membership {
        let user = try request.caller().person().user
        let now = time.now
        let org = OrgID.new(at: now)
        let entry = try request.audit(.organisationCreate, of: "organisation:\(org)", at: now)
        return try await database.asNobody { transaction in
            let slug = try await transaction.first(
                "SELECT create_org(\(org), \(name), \(Slug(from: name).text), \(user), \(now))"
            ) { try $0.next(String?.self) }
            guard let slug = slug.flatMap({ $0 }) else { throw Problem.organisationLimit }
            transaction.atCommit(entry)
            return Membership(
                id: org, slug: slug, displayName: name, role: .owner, status: "active", createdAt: now)
        }
    }

    func detail(of org: OrgID) async throws -> OrganisationDetail {
        let found = try await database.first(in: org, OrganisationDetail.query(at: time.now)) {
            try OrganisationDetail(&$0)
        }
        guard let found else { throw Problem.organisationNotFound }
        return found
    }

    func rename(to name: String, for request: APIRequest) async throws -> OrganisationDetail {
        let org = try request.org()
        return try await database.asOrg(org) { transaction in
            let now = time.now
            let before = try await transaction.first("SELECT name FROM org_details()") { try $0.next(String.self) }
            try await transaction.execute("SELECT rename_org(\(name))")
            transaction.atCommit(
                try request.audit(
                    .organisationUpdate, of: "organisation:\(org)", before: before.map { ["name": .string($0)] },
                    after: ["name": .string(name)], at: now))
            let detail = try await transaction.first(OrganisationDetail.query(at: now)) { try OrganisationDetail(&$0) }
            guard let detail else { throw Problem.organisationNotFound }
            return detail
        }
    }

    /// The gate has let the caller in, as a member or through a provider's grant.
    func choose(_ org: OrgID, for request: APIRequest) async throws -> Membership {
        let caller = try request.caller()
        guard let role = caller.role, caller.org == org else { throw Problem.organisationNotFound }
        let entry = try request.audit(.organisationSwitch, of: "organisation:\(org)", at: time.now)
        guard
            let own = try await all(of: try caller.person().user, boundTo: caller.boundTo).first(where: { $0.id == org }
            )
        else {
            let answers = try await database.batch(in: org, [Membership.query(enteredAs: role), entry])
            guard let place = try answers[0].first({ try Membership(&$0) }) else { throw Problem.organisationNotFound }
            return place
        }
        _ = try await database.batch(in: org, [entry])
        return own
    }
}

extension Problem {
    static let organisationLimit = Problem(
        "organisation-limit", status: 403, title: "No more organisations for this account",
        detail: "One person may own 50; the operator of this Pulse can raise it.")
}
