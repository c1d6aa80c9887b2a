import JSONKit
import Kernel
import ProviderKit
import TestKit

@testable import OIDC

/// What can be carried back in the address bar.
enum AnswerAttacks {
    private static func set(_ name: String, _ value: String?)
        -> @Sendable ([(String, String)], OIDCCase) -> [(String, String)]
    {
        { query, _ in query.filter { $0.0 != name } + (value.map { [(name, $0)] } ?? []) }
    }

    static let all: [Attack] = [
        Attack.answer("no state", .stateMissing, set("state", nil)),
        Attack.answer("an empty state", .stateMissing, set("state", "")),
        Attack.answer("another's state", .stateUnknown, set("state", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        Attack.answer("a state of a megabyte", .stateMissing, set("state", String(repeating: "A", count: 1_000_000))),
        Attack.answer("the state in lower case", .stateUnknown) { query, _ in
            query.map { ($0.0, $0.0 == "state" ? $0.1.lowercased() + "x" : $0.1) }
        },
        Attack.answer("the state and a bit more", .stateUnknown) { query, _ in
            query.map { ($0.0, $0.0 == "state" ? $0.1 + "A" : $0.1) }
        },
        Attack.answer("two states", .parameterRepeated) { query, _ in query + [("state", "other")] },
        Attack.answer("two codes", .parameterRepeated) { query, _ in query + [("code", "other")] },
        Attack.answer("two issuers", .parameterRepeated) { query, _ in query + [("iss", "https://evil.example")] },
        Attack.answer("the same code twice", .parameterRepeated) { query, _ in query + query.filter { $0.0 == "code" }
        },
        Attack.answer("no code", .codeMissing, set("code", nil)),
        Attack.answer("an empty code", .codeMissing, set("code", "")),
        Attack.answer("a code of 5,000 bytes", .codeMissing, set("code", String(repeating: "c", count: 5000))),
        Attack.answer("a code with a line end", .codeMissing, set("code", "a\r\nb")),
        Attack.answer("a code that nobody gave", .exchangeRefused, set("code", "code-999")),
        Attack.answer(
            "a code that adds a parameter", .exchangeRefused, set("code", "code-1&redirect_uri=https://evil")),
        Attack.answer("a code from another login", .exchangeRefused) { query, scene in
            // Given to somebody else, with another challenge: the verifier does not fit.
            let other = try? scene.provider.signIn(
                at: "x?code_challenge=AAAA&redirect_uri=\(FormBody.escaped(OIDCCase.redirectURL))")
            return query.map { pair in pair.0 == "code" ? (other?.first { $0.0 == "code" } ?? pair) : pair }
        },
        Attack.answer("no issuer from a provider that names itself", .issuerParameterMissing, set("iss", nil)),
        Attack.answer("the issuer of another provider", .issuerParameterMismatch, set("iss", "https://evil.example")),
        Attack.answer("an empty issuer", .issuerParameterMismatch, set("iss", "")),
        Attack.answer("the issuer with a slash", .issuerParameterMismatch) { query, _ in
            query.map { ($0.0, $0.0 == "iss" ? $0.1 + "/" : $0.1) }
        },
        Attack(
            "another issuer from a provider that need not name itself", .issuerParameterMismatch,
            answer: set("iss", "https://evil.example")
        ) { scene in
            scene.provider.script { $0.discovery = ["authorization_response_iss_parameter_supported": .null] }
        },
        Attack.answer("an error of another provider", .issuerParameterMismatch) { query, _ in
            [("error", "access_denied"), ("iss", "https://evil.example")] + query.filter { $0.0 == "state" }
        },
        Attack.answer("the provider says no", .providerError) { query, _ in
            query.filter { $0.0 != "code" } + [("error", "access_denied")]
        },
        Attack.answer("the provider says no, and there is a code", .providerError) { query, _ in
            query + [("error", "login_required")]
        },
        Attack.answer("an answer after ten minutes", .flowExpired) { query, scene in
            scene.time.advance(by: .milliseconds(600_001))
            return query
        },
    ]
}
