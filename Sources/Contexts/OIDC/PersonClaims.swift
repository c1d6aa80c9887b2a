internal import JOSE
internal import JSONKit
internal import Kernel

/// Gathers what is said about a person: from the ID token, and from UserInfo where the token lacks something we look for.
struct PersonClaims: Sendable {
    let subject: String
    let settings: OIDCSettings
    let rules: ClaimRules
    let check: TokenCheck
    let calls: ProviderCalls
    let provider: ProviderMetadata

    struct Person: Sendable {
        var email: String?
        var emailVerified: Bool?
        var username: String?
        var displayName: String?
        var groups: [String] = []
        var claims: [OIDCClaim]
    }

    func gathered(from token: ClaimSet, with accessToken: Secret<String>) async throws(OIDCRefusal) -> Person {
        var person = Person(claims: OIDCClaim.all(in: token, from: .idToken))
        add(token, to: &person)
        var groups = settings.groupsClaim.map { GroupClaims.find($0, in: token) }
        let lacks = person.email == nil || person.displayName == nil || groups == .absent
        if lacks, let endpoint = provider.userInfoEndpoint {
            let told = try await UserInfo(calls: calls, check: check, rules: rules).claims(
                at: endpoint, with: accessToken, of: subject)
            person.claims += OIDCClaim.all(in: told, from: .userInfo)
            add(told, to: &person)
            if groups == .absent { groups = settings.groupsClaim.map { GroupClaims.find($0, in: told) } }
        }
        person.groups = try await named(groups, with: accessToken)
        return person
    }

    /// What is there stays: the token is signed.
    private func add(_ claims: ClaimSet, to person: inout Person) {
        // An address and whether it is verified come from one source, or one could vouch for the other's.
        if person.email == nil, let email = text(settings.emailClaim, in: claims, most: 254) {
            person.email = email
            person.emailVerified = settings.emailClaim == "email" ? Self.truth(claims["email_verified"]) : nil
        }
        person.username = person.username ?? text(settings.usernameClaim, in: claims, most: 256)
        person.displayName = person.displayName ?? text("name", in: claims, most: 128) ?? person.username
    }

    private func text(_ claim: String, in claims: ClaimSet, most: Int) -> String? {
        guard let text = claims.value(at: claim)?.string?.trimmed, !text.isEmpty, text.utf8.count <= most,
            text.isPlainLine
        else { return nil }
        return text
    }

    /// Some providers write it as text.
    private static func truth(_ value: JSONValue?) -> Bool? {
        switch value {
        case .bool(let value): value
        case .string("true"): true
        case .string("false"): false
        default: nil
        }
    }

    private func named(
        _ finding: GroupClaims.Finding?, with accessToken: Secret<String>
    ) async throws(OIDCRefusal) -> [String] {
        switch finding {
        case nil, .absent: return []
        case .named(let names): return names
        case .elsewhere:
            guard let url = settings.groupsUrl else { throw OIDCRefusal(.groupsOverage) }
            return try await GroupsElsewhere(calls: calls, patience: check.patience).groups(at: url, with: accessToken)
        }
    }
}
