// SingleSignOn: an organisation's own identity providers let its people in.
// Owns: which providers an organisation has, sign-ins that are under way, whom a provider means by a subject, who becomes a
// member by its word and with what roles, sessions that rest on it and their end, and the log of what was tried.
// Leaves to others: what the protocols demand (OIDC, SAML), speaking with providers (SignOnKit), whose domain is whose (VerifiedDomains), directories (SCIM),
// what a bound session reaches (Access).
// Tempting wrong step: finding people by their address. A provider may write any address; only the organisation that has
// verified its domain is believed, and only the first time. After that the subject decides.
internal import Access
package import HTTPKit
package import Identity
internal import Kernel
package import Logging
internal import Postgres
package import SignOnKit
internal import Vault

/// What the features of this room share.
package struct SSOContext: Sendable {
    let database: Database
    let identity: IdentityContext
    let vault: SecretVault
    let dialogue: ProviderDialogue
    let time: any TimeSource
    let logger: Logger

    package init(_ identity: IdentityContext, _ dialogue: ProviderDialogue, logger: Logger) {
        (database, vault, time) = (identity.database, identity.vault, identity.time)
        self.identity = identity
        self.dialogue = dialogue
        self.logger = logger
    }

    var publicURL: String { identity.publicURL }

    /// The part of the organisation's addresses that names it.
    func slug(of org: OrgID) async throws -> String {
        let slug = try await database.first(in: org, "SELECT slug FROM org_details()") { try $0.next(String.self) }
        guard let slug else { throw Problem.organisationNotFound }
        return slug
    }

    /// Every route of this room.
    package var endpoints: [Endpoint] {
        ProviderRoutes(self).endpoints + TrialRoutes(self).endpoints + AttemptRoutes(self).endpoints
            + DoorRoutes(self).endpoints + OfferRoutes(self).endpoints + OwnRoutes(self).endpoints
            + PolicyRoutes(self).endpoints
    }
}

extension Problem {
    static let providerNotFound = Problem(
        "sso-provider-not-found", status: 404, title: "No such identity provider")
    static let providerExists = Problem(
        "sso-provider-exists", status: 409, title: "There is a provider with this id", field: "id", code: "duplicate_id"
    )
    static let providerLimit = Problem(
        "sso-provider-limit", status: 409, title: "Enough identity providers",
        detail: "An organisation may have \(ProviderStore.limit); remove one first.")
    static let providerNeeded = Problem(
        "sso-provider-needed", status: 409, title: "This is the last provider that members can come in by",
        detail: "A domain is enforced: switch another provider on first, or stop enforcing it.")
    static let attemptNotFound = Problem("sso-attempt-not-found", status: 404, title: "No such attempt in the log")
    static let linkNotFound = Problem("sso-link-not-found", status: 404, title: "No such link")
    static let notBySSO = Problem(
        "not-by-sso", status: 409, title: "This session was not opened by single sign-on",
        detail: "Confirm it with POST /api/security/step-up instead.")
}
