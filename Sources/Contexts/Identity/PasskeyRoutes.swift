internal import Access
internal import Audit
internal import Cryptography
package import HTTPKit
internal import JSONKit
internal import Kernel

/// Passkeys, over HTTP. Bytes travel as base64url without padding, as browsers spell them.
package struct PasskeyRoutes: Sendable {
    private let passkeys: Passkeys
    private let signIn: SignIn

    package init(_ context: IdentityContext) {
        passkeys = Passkeys(context)
        signIn = SignIn(context)
    }

    package var endpoints: [Endpoint] { [begin, add, remove, beginLogin, login] }

    private static let bytes = Schema.string(maxLength: 8192).described("base64url")

    private var begin: Endpoint {
        Endpoint(
            .post, "/api/security/passkeys/begin", summary: "What the browser needs to make a passkey",
            access: .session, audit: .none(reason: "hands out a challenge; adding the passkey leaves the entry"),
            idempotency: .natural, rate: .auth, problems: [.freshSessionRequired],
            response: .object([
                "challenge": Self.bytes, "rpId": .string, "userHandle": Self.bytes, "userName": .string,
                "excludeCredentials": .array(Self.bytes, maxItems: 10),
            ]),
            responseExample: """
                {"challenge":"cGsxX2E","rpId":"pulse.example.com","userHandle":"AZNcHn0AcACAAAAAAAAAAg",\
                "userName":"ana@example.org","excludeCredentials":[]}
                """
        ) { [passkeys] request in
            let creation = try await passkeys.begin(for: request)
            return .json { json in
                json.member("challenge", Self.challenge(creation.challenge))
                json.member("rpId", passkeys.site.host)
                json.member("userHandle", Base64URL.encode(creation.user.bytes))
                json.member("userName", creation.email)
                json.member("excludeCredentials", creation.known.map { Base64URL.encode($0) })
            }
        }
    }

    private var add: Endpoint {
        Endpoint(
            .post, "/api/security/passkeys", summary: "Keep a passkey that the browser has made", access: .session,
            audit: .entry(action: AuditAction.passkeyCreate.rawValue), idempotency: .natural, rate: .auth,
            problems: [
                PasskeyFailure.refused.problem, PasskeyFailure.full.problem, PasskeyFailure.taken.problem,
                .invalidField("name", "one line of 1 to 128 bytes is wanted"),
            ],
            request: .object([
                "name": .string(minLength: 1, maxLength: 128), "clientData": Self.bytes,
                "authenticatorData": Self.bytes,
            ]),
            response: .object(["id": .uuid, "name": .string]), status: 201,
            requestExample: #"{"name":"Laptop","clientData":"e30","authenticatorData":"AA"}"#,
            responseExample: #"{"id":"01935c1e-7d00-7000-8000-000000000009","name":"Laptop"}"#
        ) { [passkeys] request in
            let body = try request.json(BodyMembers.self)
            let name = try body.text("name").reveal()
            let id = try await passkeys.add(
                name, clientData: try body.base64URL("clientData"),
                authenticatorData: try body.base64URL("authenticatorData"), for: request)
            return .json(status: 201) { json in
                json.member("id", id)
                json.member("name", name.trimmed)
            }
        }
    }

    private var remove: Endpoint {
        Endpoint(
            .delete, "/api/security/passkeys/{id}", summary: "Remove one of one's own passkeys", access: .session,
            audit: .entry(action: AuditAction.passkeyDelete.rawValue), problems: [.notFound, .freshSessionRequired],
            response: .nothing, status: 204, responseExample: ""
        ) { [passkeys] request in
            try await passkeys.remove(try request.id("id", of: Passkey.self), for: request)
            return .noContent
        }
    }

    private var beginLogin: Endpoint {
        Endpoint(
            .post, "/api/login/passkey/begin", summary: "What the browser needs to sign in with a passkey",
            access: .public(reason: "a challenge opens nothing; it is signed once, within five minutes"),
            audit: .none(reason: "hands out a challenge; the sign-in that follows leaves its entry"), rate: .auth,
            response: .object(["challenge": Self.bytes, "rpId": .string]),
            responseExample: #"{"challenge":"cGsxX2E","rpId":"pulse.example.com"}"#
        ) { [passkeys] _ in
            let challenge = try await passkeys.challenge()
            return .json { json in
                json.member("challenge", Self.challenge(challenge))
                json.member("rpId", passkeys.site.host)
            }
        }
    }

    private var login: Endpoint {
        Endpoint(
            .post, "/api/login/passkey", summary: "Sign in with a passkey",
            access: .public(reason: "the signature is the credential"),
            audit: .entry(action: AuditAction.sessionCreate.rawValue), rate: .auth,
            problems: [PasskeyFailure.refused.problem],
            request: .object([
                "credentialId": Self.bytes, "clientData": Self.bytes, "authenticatorData": Self.bytes,
                "signature": Self.bytes, "rememberMe": .boolean.optional,
            ]), response: SignedIn.schema,
            requestExample: """
                {"credentialId":"AA","clientData":"e30","authenticatorData":"AA","signature":"AA"}
                """, responseExample: SignedIn.example
        ) { [signIn] request in
            let body = try request.json(BodyMembers.self)
            let signedIn = try await signIn.byPasskey(
                credential: try body.base64URL("credentialId"), clientData: try body.base64URL("clientData"),
                authenticatorData: try body.base64URL("authenticatorData"),
                signature: try body.base64URL("signature"), remember: try body.optionalFlag("rememberMe"), from: request
            )
            return .json(signedIn.json).with(cookies: signedIn.cookies)
        }
    }

    /// The token's own characters are what is signed.
    private static func challenge(_ token: Secret<String>) -> String { Base64URL.encode(Array(token.reveal().utf8)) }
}

extension BodyMembers {
    func base64URL(_ name: String) throws(Problem) -> [UInt8] {
        let text = try text(name).reveal()
        guard text.utf8.count <= 8192, let bytes = Base64URL.decode(text.utf8) else {
            throw .invalidField(name, "base64url without padding is wanted")
        }
        return bytes
    }
}
