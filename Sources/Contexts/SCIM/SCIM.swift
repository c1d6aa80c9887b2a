// SCIM: an organisation's directory says who belongs to it, over SCIM 2.0 at /scim/v2.
// Owns: the directory's tokens, its users and groups word by word, what they come to (a member, a role), the settings of that.
// Leaves to others: the language (SCIMKit), letting a token in (Access), what a member is and how one leaves (functions of the
// database that Tenancy and sign-in share), who manages security settings.
// Tempting wrong step: finding a person by the address a directory writes. Only for a verified domain is that anybody's word.
package import HTTPKit
internal import JSONKit
package import Kernel
package import Postgres
internal import SCIMKit

/// What the parts of this room share.
package struct DirectoryContext: Sendable {
    let database: Database
    let time: any TimeSource
    /// `https://pulse.example.com/scim/v2`.
    let base: String

    /// - Parameter publicURL: without a slash at its end.
    package init(database: Database, time: any TimeSource, publicURL: String) {
        self.database = database
        self.time = time
        base = publicURL + Dialect.scim.root
    }

    package var endpoints: [Endpoint] {
        UserRoutes(self).endpoints + GroupRoutes(self).endpoints + BulkRoutes(self).endpoints
            + [RootSearch(self).endpoint] + DiscoveryRoutes(self).endpoints + DirectoryTokenRoutes(self).endpoints
            + DirectorySettingsRoutes(self).endpoints
    }
}

extension Dialect {
    package static let scim = Dialect(
        root: "/scim/v2", mediaType: "application/scim+json",
        problemSchema: .object([
            "schemas": .array(.enumeration([URN.error])), "status": .string,
            "scimType": .enumeration(SCIMType.allCases.map(\.rawValue)).optional, "detail": .string,
        ]).named("SCIMError")
    ) { problem, _ in problem.scimBody }
}

extension Problem {
    static let directoryLastOwner = Problem(
        "scim-last-owner", status: 409, title: "This is the last owner of the organisation",
        detail: "Make somebody else an owner first.")
    static let directoryTokenNotFound = Problem(
        "scim-token-not-found", status: 404, title: "No such directory token")
    static let directoryTokenLimit = Problem(
        "scim-token-limit", status: 409, title: "Enough directory tokens",
        detail: "An organisation has at most \(DirectoryTokenStore.limit); revoke one first.")
    static let directoryTokenReplaced = Problem(
        "scim-token-replaced", status: 409, title: "This directory token was rotated before",
        detail: "Rotate the one that replaced it.")
}
