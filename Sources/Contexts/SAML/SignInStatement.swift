internal import Kernel
internal import SignedXML

/// That somebody signed in at the provider: when, how, and until when it holds.
struct SignInStatement {
    let authenticatedAt: Timestamp
    let methods: [String]
    let index: String?
    let endsAt: Timestamp?

    /// Of several the first, with the earliest end of all.
    init(_ assertion: XMLElement, _ now: Timestamp, _ skew: Duration) throws(SAMLRefusal) {
        let statements = assertion.children("AuthnStatement", in: Names.assertion)
        guard let first = statements.first else { throw SAMLRefusal(.noStatement) }
        guard let instant = try SAMLTime.read("AuthnInstant", of: first) else { throw SAMLRefusal(.badTime) }
        guard instant <= now + skew else { throw SAMLRefusal(.notYetValid, "\(instant)") }
        var ends: [Timestamp] = []
        for statement in statements {
            if let end = try SAMLTime.read("SessionNotOnOrAfter", of: statement) { ends.append(end) }
        }
        // A session that has ended begins none, however far the clocks are apart.
        if let end = ends.min(), end <= now { throw SAMLRefusal(.sessionEnded, "\(end)") }
        authenticatedAt = instant
        endsAt = ends.min()
        index = first["SessionIndex"].flatMap { (1...1024).contains($0.utf8.count) ? $0 : nil }
        methods = statements.compactMap { statement in
            statement.only("AuthnContext", in: Names.assertion)?.only("AuthnContextClassRef", in: Names.assertion)?
                .content
        }
    }
}
