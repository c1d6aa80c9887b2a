internal import Kernel

extension Problem {
    static let domainNotFound = Problem("domain-not-found", status: 404, title: "No such domain")
    static let domainExists = Problem(
        "domain-exists", status: 409, title: "This domain is in the list already")
    static let domainLimit = Problem(
        "domain-limit", status: 409, title: "Enough domains are claimed",
        detail: "An organisation may claim \(DomainStore.limit); remove one first.")
    /// Told only to who has shown that the domain is theirs.
    static let domainTaken = Problem(
        "domain-taken", status: 409, title: "Another organisation has verified this domain",
        detail:
            "Your record was found. Whoever verified the domain before keeps it until their record has been gone for a day."
    )
    static let domainNotProven = Problem(
        "domain-not-proven", status: 409, title: "The record was not found",
        detail: "Publish the TXT record as it is shown and try again; the DNS may take some minutes to tell everybody.")
    static let domainLookupFailed = Problem(
        "domain-lookup-failed", status: 409, title: "The domain's name servers did not answer",
        detail: "This says nothing about the record. Try again in a moment, or look at the domain's name servers.",
        retryAfterSeconds: 30)
    static let enforcementIncomplete = Problem(
        "enforcement-incomplete", status: 409, title: "Members cannot be sent to single sign-on yet",
        detail: "A verified domain, an enabled provider and an owner's unused break-glass code are needed first.",
        extras: ["missing": "provider,break-glass"])
    static let breakGlassNotFound = Problem("break-glass-not-found", status: 404, title: "You hold no break-glass code")
    static let breakGlassNeeded = Problem(
        "break-glass-needed", status: 409, title: "This is the last break-glass code",
        detail: "While a domain is enforced, one owner has to hold one: make another, or switch enforcement off first.")

    static func enforcementIncomplete(_ lacks: [String]) -> Problem {
        let words = lacks.map { lack in
            switch lack {
            case "provider": "an enabled provider"
            case "break-glass": "a break-glass code that an owner holds"
            default: "the domain's verification"
            }
        }
        var problem = enforcementIncomplete.with(detail: "Missing: \(words.joined(separator: ", ")).")
        problem.extras["missing"] = lacks.joined(separator: ",")
        return problem
    }
}
