import JSONKit
import ProviderKit

@testable import OIDC

/// What a rightly signed token can say that does not hold for this login.
enum ClaimAttacks {
    static let all = issuers + audiences + times + logins + subjects

    private static let issuerVariants: [(String, @Sendable (String) -> String)] = [
        ("with a slash behind", { $0 + "/" }), ("without its port", { _ in "http://127.0.0.1" }),
        ("with another port", { _ in "http://127.0.0.1:1" }), ("in upper case", { $0.uppercased() }),
        ("with https", { $0.replacing("http:", with: "https:") }),
        ("with a user", { $0.replacing("http://", with: "http://a@") }),
        ("under another name of the same address", { $0.replacing("127.0.0.1", with: "127.1") }),
        ("with a space behind", { $0 + " " }), ("with a question mark", { $0 + "?" }),
        ("with a zero byte", { $0 + "\u{0}" }), ("with a letter of another script", { $0.replacing("p", with: "р") }),
        ("with a way down", { $0 + "/realms/other" }), ("with a dot behind", { $0 + "." }), ("empty", { _ in "" }),
        ("somebody else", { _ in "https://accounts.google.com" }),
    ]

    private static let issuers: [Attack] =
        issuerVariants.map { name, variant in
            Attack.claims("iss \(name)", .issuerMismatch) { ["iss": .string(variant($0.provider.issuer))] }
        } + [
            Attack.claims("iss missing", .issuerMismatch) { _ in ["iss": .null] },
            Attack.claims("iss is a list", .issuerMismatch) { ["iss": [.string($0.provider.issuer)]] },
            Attack.claims("iss is an object", .issuerMismatch) { ["iss": ["a": .string($0.provider.issuer)]] },
        ]

    private static let audienceValues: [(String, JSONValue)] = [
        ("another client", "other"), ("empty", ""), ("in upper case", "PULSE"), ("with a space", "pulse "),
        ("with a letter of another script", "pul\u{455}e"), ("more than it is", "pulse-admin"), ("missing", .null),
        ("an empty list", []), ("a list of others", ["other", "another"]), ("a number", 1),
        ("an object", ["pulse": true]), ("a list in a list", [["pulse"]]), ("a list with a number", ["pulse", 1]),
        ("two with a comma between", "other,pulse"), ("two with a space between", "pulse other"),
    ]

    private static let parties: [(String, [String: JSONValue])] = [
        ("nobody's, and aud with another", ["aud": ["pulse", "other"]]), ("another client", ["azp": "other"]),
        ("another client, aud a list", ["aud": ["pulse", "other"], "azp": "other"]), ("empty", ["azp": ""]),
        ("a list", ["azp": ["pulse"]]), ("in upper case", ["aud": ["pulse", "other"], "azp": "Pulse"]),
    ]

    private static let audiences: [Attack] =
        audienceValues.map { name, value in Attack.claims("aud \(name)", .audienceMismatch) { _ in ["aud": value] } }
        + parties.map { name, claims in Attack.claims("azp \(name)", .authorizedPartyMismatch) { _ in claims } }

    private static let times: [Attack] = [
        Attack.claims("exp 60 s ago", .tokenExpired) {
            ["exp": $0.after(-60), "iat": $0.after(-90)]
        },
        Attack.claims("exp 60.001 s ago", .tokenExpired) {
            ["exp": $0.moment(-60.001), "iat": $0.after(-90)]
        },
        Attack.claims("exp a day ago", .tokenExpired) { ["exp": $0.after(-86_400)] },
        Attack.claims("exp before iat", .tokenExpired) {
            ["exp": $0.after(10), "iat": $0.after(20)]
        },
        Attack.claims("exp missing", .timeMalformed) { _ in ["exp": .null] },
        Attack.claims("exp as text", .timeMalformed) { ["exp": .string("\($0.seconds + 600)")] },
        Attack.claims("exp in milliseconds", .timeMalformed) { ["exp": $0.after(600, scale: 1000)] },
        Attack.claims("exp below zero", .timeMalformed) { _ in ["exp": -1] },
        Attack.claims("exp beyond all numbers", .timeMalformed) { _ in ["exp": 1e300] },
        Attack.claims("exp the largest whole number", .timeMalformed) { _ in ["exp": .unsigned(.max)] },
        Attack.claims("exp is true", .timeMalformed) { _ in ["exp": true] },
        Attack.claims("iat missing", .timeMalformed) { _ in ["iat": .null] },
        Attack.claims("iat as text", .timeMalformed) { ["iat": .string("\($0.seconds)")] },
        Attack.claims("iat 61 s ahead", .issuedInFuture) { ["iat": $0.after(61)] },
        Attack.claims("iat 60.001 s ahead", .issuedInFuture) { ["iat": $0.moment(60.001)] },
        Attack.claims("iat 11 minutes and a second ago", .tokenStale) { ["iat": $0.after(-661)] },
        Attack.claims("nbf 61 s ahead", .tokenNotYetValid) { ["nbf": $0.after(61)] },
        Attack.claims("nbf 60.001 s ahead", .tokenNotYetValid) { ["nbf": $0.moment(60.001)] },
        Attack.claims("nbf as text", .timeMalformed) { _ in ["nbf": "0"] },
    ]

    private static let logins: [Attack] = [
        Attack.claims("nonce of another login", .nonceMismatch) { _ in
            ["nonce": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
        },
        Attack.claims("nonce missing", .nonceMissing) { _ in ["nonce": .null] },
        Attack.claims("nonce empty", .nonceMismatch) { _ in ["nonce": ""] },
        Attack.claims("nonce a number", .nonceMismatch) { _ in ["nonce": 0] },
        Attack.claims("nonce a list", .nonceMismatch) { _ in ["nonce": []] },
        Attack.claims("at_hash of another token", .accessTokenHash) { _ in ["at_hash": "AAAAAAAAAAAAAAAAAAAAAA"] },
        Attack.claims("at_hash empty", .accessTokenHash) { _ in ["at_hash": ""] },
        Attack.claims("at_hash a number", .accessTokenHash) { _ in ["at_hash": 1] },
        Attack.claims("c_hash of another code", .codeHash) { _ in ["c_hash": "AAAAAAAAAAAAAAAAAAAAAA"] },
        Attack("another's access token beside the token", .accessTokenHash) { scene in
            scene.provider.script { $0.tokenAnswer = ["access_token": "stolen"] }
        },
        Attack.claims("signed in too long ago", .authenticationTooOld, wishes: OIDCWishes(maxAge: 300)) {
            ["auth_time": $0.after(-361)]
        },
        Attack.claims("signed in a fraction too long ago", .authenticationTooOld, wishes: OIDCWishes(maxAge: 300)) {
            ["auth_time": $0.moment(-360.001)]
        },
        Attack.claims("not signed in again", .authenticationTooOld, wishes: OIDCWishes(prompt: .login, maxAge: 0)) {
            ["auth_time": $0.after(-61)]
        },
        Attack.claims("does not say when", .authenticationTimeMissing, wishes: OIDCWishes(maxAge: 300)) { _ in
            ["auth_time": .null]
        },
        Attack.claims("says when in words", .authenticationTimeMissing, wishes: OIDCWishes(maxAge: 300)) { _ in
            ["auth_time": "now"]
        },
        Attack.claims("signed in tomorrow", .timeMalformed, wishes: OIDCWishes(maxAge: 300)) {
            ["auth_time": $0.after(86_400)]
        },
    ]

    private static let subjectValues: [(String, JSONValue, OIDCRefusal.Reason)] = [
        ("missing", .null, .subjectMissing), ("empty", "", .subjectMissing), ("a number", 7, .subjectMissing),
        ("true", true, .subjectMissing), ("a list", ["248289761001"], .subjectMissing),
        ("an object", ["id": "248289761001"], .subjectMissing), ("spaces", "   ", .subjectMalformed),
        ("a zero byte", "admin\u{0}", .subjectMalformed), ("two lines", "admin\nroot", .subjectMalformed),
        ("written from right to left", "nimda\u{202E}", .subjectMalformed),
        ("of 256 bytes", .string(String(repeating: "s", count: 256)), .subjectMalformed),
        ("of 90 KB", .string(String(repeating: "s", count: 90_000)), .subjectMalformed),
    ]

    private static let subjects: [Attack] = subjectValues.map { name, value, reason in
        Attack.claims("sub \(name)", reason) { _ in ["sub": value] }
    }
}
