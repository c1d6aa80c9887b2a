internal import Access
internal import Audit
internal import Cryptography
package import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// Signing in without sending the password, over HTTP, and the organisation's switch for it.
package struct ZeroKnowledgeRoutes: Sendable {
    private let context: IdentityContext
    private let zeroKnowledge: ZeroKnowledge
    private let signIn: SignIn
    private let store: ZeroKnowledgeStore

    package init(_ context: IdentityContext) {
        self.context = context
        zeroKnowledge = ZeroKnowledge(context)
        signIn = SignIn(context)
        store = ZeroKnowledgeStore(database: context.database)
    }

    package var endpoints: [Endpoint] { [begin, verify, register, policy, setPolicy] }

    private static let hex = Schema.string(maxLength: 1024).described("hexadecimal")
    private static let policySchema = Schema.object(["zeroKnowledge": .boolean])
    private static let policyExample = #"{"zeroKnowledge":true}"#

    private var begin: Endpoint {
        Endpoint(
            .post, "/api/auth/srp/init", summary: "Begin a sign-in that does not send the password",
            access: .public(reason: "answers everybody alike; nothing opens before the proof"),
            audit: .none(reason: "changes nothing; the sign-in that follows leaves its entry"), rate: .auth,
            problems: [PasswordRoutes.busy], request: .object(["email": .email]),
            response: .object([
                "sessionId": .uuid, "salt": Self.hex, "kdfSalt": Self.hex, "iterations": .integer(minimum: 1),
                "group": .enumeration([SRPGroup.rfc5054With2048Bits.name]), "serverPublic": Self.hex,
            ]), requestExample: #"{"email":"ana@example.org"}"#,
            responseExample: """
                {"sessionId":"01935c1e-7d00-7000-8000-000000000008","salt":"00112233445566778899aabbccddeeff",\
                "kdfSalt":"ffeeddccbbaa99887766554433221100","iterations":650000,"group":"rfc5054-2048",\
                "serverPublic":"6b1f"}
                """
        ) { [zeroKnowledge] request in
            let handshake = try await zeroKnowledge.begin(try EmailRequest(json: request.body).email)
            return .json { json in
                json.member("sessionId", handshake.id)
                json.member("salt", handshake.salt.hex)
                json.member("kdfSalt", handshake.kdfSalt.hex)
                json.member("iterations", ZeroKnowledge.iterations)
                json.member("group", SRPGroup.rfc5054With2048Bits.name)
                json.member("serverPublic", handshake.serverPublic.hex)
            }
        }
    }

    private var verify: Endpoint {
        Endpoint(
            .post, "/api/auth/srp/verify", summary: "Sign in by the proof of a handshake",
            access: .public(reason: "this is how a session begins; failures are counted"),
            audit: .entry(action: AuditAction.sessionCreate.rawValue), rate: .auth,
            problems: [
                SignInError.wrong(failures: 1).problem, SecondStepChallenge.example, PasswordRoutes.locked,
                ZeroKnowledgeFailure.expired.problem, PasswordRoutes.busy,
            ],
            request: .object([
                "email": .email, "sessionId": .uuid, "clientPublic": Self.hex, "clientProof": Self.hex,
                "rememberMe": .boolean.optional,
            ]),
            response: SignedIn.proven,
            requestExample: """
                {"email":"ana@example.org","sessionId":"01935c1e-7d00-7000-8000-000000000008","clientPublic":"2c",\
                "clientProof":"00"}
                """,
            responseExample: """
                {"userId":"01935c1e-7d00-7000-8000-000000000002","email":"ana@example.org","csrfToken":"pcs_…",\
                "organizations":[\(Membership.example)],"serverProof":"00"}
                """
        ) { [signIn] request in
            let body = try request.json(BodyMembers.self)
            let claim = try body.claim(of: try body.text("email").reveal())
            let (step, proof) = try await signIn.byProof(
                claim, remember: try body.optionalFlag("rememberMe"), from: request)
            let signedIn = try step.session()
            return .json { json in
                json.member("userId", signedIn.user)
                json.member("email", signedIn.email)
                json.member("csrfToken", signedIn.csrfToken.reveal())
                json.member("organizations", signedIn.organisations)
                json.member("serverProof", proof.hex)
            }.with(cookies: signedIn.cookies)
        }
    }

    private var register: Endpoint {
        Endpoint(
            .post, "/api/auth/register-srp", summary: "Keep a verifier in the place of one's password",
            access: .session, audit: .entry(action: AuditAction.zeroKnowledgeRegister.rawValue),
            idempotency: .natural, rate: .auth,
            problems: [
                .freshSessionRequired, ZeroKnowledgeFailure.off.problem,
                .invalidField("verifier", "a number of the group is wanted, in hexadecimal"),
            ],
            request: .object(["salt": Self.hex, "kdfSalt": Self.hex, "verifier": Self.hex]),
            response: .object(["success": .boolean]),
            requestExample: """
                {"salt":"00112233445566778899aabbccddeeff","kdfSalt":"ffeeddccbbaa99887766554433221100","verifier":"2c"}
                """,
            responseExample: #"{"success":true}"#
        ) { [zeroKnowledge] request in
            let body = try request.json(BodyMembers.self)
            try await zeroKnowledge.register(
                salt: try body.hex("salt"), kdfSalt: try body.hex("kdfSalt"), verifier: try body.hex("verifier"),
                for: request)
            return .json { $0.member("success", true) }
        }
    }

    private var policy: Endpoint {
        Endpoint(
            .get, "/api/security/sign-in-policy", summary: "How this organisation's people sign in",
            access: .permission(.readSecurity), audit: .none(reason: "reads only"), response: Self.policySchema,
            responseExample: Self.policyExample
        ) { [store] request in
            let isOn = try await store.isOn(in: try request.org())
            return .json { $0.member("zeroKnowledge", isOn) }
        }
    }

    private var setPolicy: Endpoint {
        Endpoint(
            .put, "/api/security/sign-in-policy", summary: "Change how this organisation's people sign in",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.signInPolicyUpdate.rawValue),
            idempotency: .natural,
            problems: [
                .freshSessionRequired, .invalidField("zeroKnowledge", "true or false is wanted"),
            ],
            request: Self.policySchema, response: Self.policySchema, requestExample: Self.policyExample,
            responseExample: Self.policyExample
        ) { [context, store] request in
            let org = try request.org()
            let isOn = try request.json(BodyMembers.self).flag("zeroKnowledge")
            try await context.database.asOrg(org) { transaction in
                let now = context.time.now
                try await transaction.requireFreshSession(request, at: now)
                try await store.set(isOn, in: org, at: now, in: transaction)
                transaction.atCommit(try request.audit(.signInPolicyUpdate, of: "organisation:\(org)", at: now))
            }
            return .json { $0.member("zeroKnowledge", isOn) }
        }
    }
}

extension BodyMembers {
    /// Hexadecimal of at most 512 bytes.
    func hex(_ name: String) throws(Problem) -> [UInt8] {
        let text = try text(name).reveal()
        guard text.utf8.count <= 1024, let bytes = [UInt8](hex: text) else {
            throw .invalidField(name, "hexadecimal is wanted, two characters a byte")
        }
        return bytes
    }

    func claim(of email: String) throws(Problem) -> ZeroKnowledge.Claim {
        ZeroKnowledge.Claim(
            email: email, handshake: try text("sessionId").reveal(), clientPublic: try hex("clientPublic"),
            proof: try hex("clientProof"))
    }
}
