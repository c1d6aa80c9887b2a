import JSONKit
import Testing

@testable import OIDC

/// What providers of the field do that is right, if not what most do.
struct Manner: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var wishes = OIDCWishes()
    let claims: @Sendable (OIDCCase) -> [String: JSONValue]

    static let all: [Manner] = [
        Manner(testDescription: "aud a list of one") { _ in ["aud": ["pulse"]] },
        Manner(testDescription: "aud a list of two, with azp") { _ in ["aud": ["pulse", "api"], "azp": "pulse"] },
        Manner(testDescription: "aud twice the same") { _ in ["aud": ["pulse", "pulse"]] },
        Manner(testDescription: "azp beside one aud") { _ in ["azp": "pulse"] },
        Manner(testDescription: "times with fractions") {
            ["iat": $0.moment(0.25), "exp": $0.moment(60.75), "nbf": $0.moment(-0.5), "auth_time": $0.moment(-1.5)]
        },
        Manner(testDescription: "auth_time a fraction, and asked for", wishes: OIDCWishes(maxAge: 10)) {
            ["auth_time": $0.moment(-9.75)]
        },
        Manner(testDescription: "auth_time null, and not asked for") { _ in ["auth_time": .null] },
        Manner(testDescription: "exp 59 s ago") { ["exp": $0.after(-59), "iat": $0.after(-90)] },
        Manner(testDescription: "exp 59.999 s ago") { ["exp": $0.moment(-59.999), "iat": $0.after(-90)] },
        Manner(testDescription: "iat 60 s ahead") { ["iat": $0.after(60), "exp": $0.after(600)] },
        Manner(testDescription: "nbf 60 s ahead") { ["nbf": $0.after(60)] },
        Manner(testDescription: "iat 11 minutes ago") { ["iat": $0.after(-660)] },
        Manner(testDescription: "auth_time at the edge", wishes: OIDCWishes(maxAge: 300)) {
            ["auth_time": $0.after(-360)]
        },
        Manner(testDescription: "no at_hash") { _ in ["at_hash": .null] },
        Manner(testDescription: "a token of 60 KB") { _ in ["more": .string(String(repeating: "x", count: 60_000))] },
    ]
}
