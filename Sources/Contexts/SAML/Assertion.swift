internal import Kernel
internal import SignedXML

/// One assertion that is vouched for, and what has to be true of it before it lets anybody in.
struct Assertion {
    /// What it is measured against.
    struct Expected {
        let issuer: String
        let audience: String
        let recipient: String
        /// `nil`: the provider began.
        let requestID: String?
        let now: Timestamp
        let skew: Duration
    }

    /// A message is handed in as soon as it is made; who keeps one for later has stolen it.
    static let longestAge = Duration.seconds(300)

    private static let parts: Set<String> = [
        "Issuer", "Signature", "Subject", "Conditions", "Advice", "AuthnStatement", "AuthzDecisionStatement",
        "AttributeStatement", "Statement",
    ]

    let element: XMLElement
    let id: String
    let issuedAt: Timestamp

    init(_ verified: VerifiedElement) throws(SAMLRefusal) {
        element = verified.element
        guard element.is("Assertion", in: Names.assertion) else { throw SAMLRefusal(.noAssertion) }
        guard element["Version"] == "2.0" else { throw SAMLRefusal(.wrongVersion) }
        guard let id = element["ID"], !id.isEmpty else { throw SAMLRefusal(.idShape) }
        guard let issuedAt = try SAMLTime.read("IssueInstant", of: element) else { throw SAMLRefusal(.badTime) }
        self.id = id
        self.issuedAt = issuedAt
        for child in element.elements where !Self.parts.contains(child.name) {
            throw SAMLRefusal(.unexpectedElement, child.name)
        }
    }

    /// - Returns: until when it could be handed in again.
    func check(_ expected: Expected) throws(SAMLRefusal) -> Timestamp {
        try Issuer.check(element, is: expected.issuer, isNeeded: true)
        try SAMLTime.checkAge(issuedAt, expected.now, expected.skew)
        let until = try checkConfirmation(expected)
        try checkConditions(expected)
        return min(until, issuedAt + Self.longestAge) + expected.skew
    }

    var subject: XMLElement {
        get throws(SAMLRefusal) {
            guard let subject = element.only("Subject", in: Names.assertion) else { throw SAMLRefusal(.noSubject) }
            return subject
        }
    }

    /// One bearer confirmation that holds is enough. Of several that do not, the last says why.
    private func checkConfirmation(_ expected: Expected) throws(SAMLRefusal) -> Timestamp {
        var refusal = SAMLRefusal(.noConfirmation)
        for confirmation in try subject.children("SubjectConfirmation", in: Names.assertion)
        where confirmation["Method"] == Names.bearer {
            do throws(SAMLRefusal) {
                return try Self.end(of: confirmation, expected)
            } catch {
                refusal = error
            }
        }
        throw refusal
    }

    private static func end(of confirmation: XMLElement, _ expected: Expected) throws(SAMLRefusal) -> Timestamp {
        guard let data = confirmation.only("SubjectConfirmationData", in: Names.assertion) else {
            throw SAMLRefusal(.noConfirmation)
        }
        guard data["Recipient"] == expected.recipient else { throw SAMLRefusal(.wrongRecipient, data["Recipient"]) }
        guard data["InResponseTo"] == expected.requestID else {
            throw SAMLRefusal(expected.requestID == nil ? .unsolicited : .wrongInResponseTo, data["InResponseTo"])
        }
        guard let end = try SAMLTime.read("NotOnOrAfter", of: data) else { throw SAMLRefusal(.badTime) }
        guard expected.now < end + expected.skew else { throw SAMLRefusal(.confirmationExpired, "\(end)") }
        if let start = try SAMLTime.read("NotBefore", of: data), expected.now + expected.skew < start {
            throw SAMLRefusal(.notYetValid, "\(start)")
        }
        return end
    }

    private func checkConditions(_ expected: Expected) throws(SAMLRefusal) {
        guard let conditions = element.only("Conditions", in: Names.assertion) else {
            throw SAMLRefusal(.wrongAudience)
        }
        if let start = try SAMLTime.read("NotBefore", of: conditions), expected.now + expected.skew < start {
            throw SAMLRefusal(.notYetValid, "\(start)")
        }
        if let end = try SAMLTime.read("NotOnOrAfter", of: conditions), expected.now >= end + expected.skew {
            throw SAMLRefusal(.expired, "\(end)")
        }
        var audiences = 0
        for condition in conditions.elements {
            guard condition.space == Names.assertion else { throw SAMLRefusal(.unknownCondition, condition.name) }
            switch condition.name {
            case "AudienceRestriction":
                let named = condition.children("Audience", in: Names.assertion).compactMap(\.content)
                guard named.contains(expected.audience) else { throw SAMLRefusal(.wrongAudience, named.first) }
                audiences += 1
            // Every assertion is used once here, and none is passed on.
            case "OneTimeUse", "ProxyRestriction": break
            default: throw SAMLRefusal(.unknownCondition, condition.name)
            }
        }
        guard audiences > 0 else { throw SAMLRefusal(.wrongAudience) }
    }
}

enum Issuer {
    static func check(_ element: XMLElement, is expected: String, isNeeded: Bool) throws(SAMLRefusal) {
        let issuers = element.children("Issuer", in: Names.assertion)
        if issuers.isEmpty, !isNeeded { return }
        guard issuers.count == 1, let name = issuers[0].content, name == expected,
            issuers[0]["Format"].map({ $0 == Names.entity || $0 == Names.unspecified }) ?? true
        else { throw SAMLRefusal(.wrongIssuer, issuers.first?.content) }
    }
}

/// Times of messages: UTC with a `Z` or an offset, any fraction of a second.
enum SAMLTime {
    /// `nil` when there is none; what cannot be read is a refusal, not none.
    static func read(_ name: String, of element: XMLElement) throws(SAMLRefusal) -> Timestamp? {
        guard let text = element[name] else { return nil }
        guard let time = Timestamp(rfc3339: text) else { throw SAMLRefusal(.badTime, "\(name) \(text)") }
        return time
    }

    static func checkAge(_ issuedAt: Timestamp, _ now: Timestamp, _ skew: Duration) throws(SAMLRefusal) {
        guard issuedAt <= now + skew else { throw SAMLRefusal(.notYetValid, "\(issuedAt)") }
        guard now - issuedAt <= Assertion.longestAge + skew else { throw SAMLRefusal(.stale, "\(issuedAt)") }
    }

    static func written(_ time: Timestamp) -> String { time.description }
}
