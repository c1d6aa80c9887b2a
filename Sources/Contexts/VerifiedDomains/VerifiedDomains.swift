// VerifiedDomains: which mail domains are an organisation's own, who of them must come by single sign-on, and the way in
// when that is down.
// Owns: claims of domains and their proof in the DNS, looking for it again, enforcement, and owners' break-glass codes.
// Leaves to others: letting people in or not (Access reads `must_sso`), providers and their logins (SingleSignOn).
// Tempting wrong step: telling a domain lost when a name server does not answer. Only "there is no such record" is an answer.
package import Identity
package import Logging

/// What the features of this room share.
package struct DomainContext: Sendable {
    let identity: IdentityContext
    let records: SharedLookups
    let logger: Logger

    package init(_ identity: IdentityContext, records: any TextRecords, logger: Logger) {
        self.identity = identity
        self.records = SharedLookups(records)
        self.logger = logger
    }
}

enum LogKey {
    static let org = "org"
    static let domain = "domain"
    static let user = "user"
    static let session = "session"
    static let address = "address"
    static let error = "error"
    static let count = "count"
}
