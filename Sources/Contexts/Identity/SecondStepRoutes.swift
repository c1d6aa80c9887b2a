internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
internal import Kernel
internal import Vault

/// The second step, over HTTP: giving it at sign-in, and switching it on and off.
package struct SecondStepRoutes: Sendable {
    private let signIn: SignIn
    private let settings: SecondStepSettings

    package init(_ context: IdentityContext) {
        signIn = SignIn(context)
        settings = SecondStepSettings(context)
    }

    package var endpoints: [Endpoint] { [login, begin, confirm, disable, renew] }

    private static let wrong = SecondStepFailure.wrong(left: 4).problem
    private static let codes = Schema.object(["recoveryCodes": .array(.string, maxItems: RecoveryCode.count)])
    private static let codesExample = #"{"recoveryCodes":["4f7kq-9xw2m","v8r3t-h2n5c"]}"#

    private var login: Endpoint {
        Endpoint(
            .post, "/api/login/second-factor", summary: "The second step of a sign-in",
            access: .public(reason: "the challenge of the first step is the credential; attempts are counted"),
            audit: .entry(action: AuditAction.sessionCreate.rawValue), rate: .auth,
            problems: [
                Self.wrong, SecondStepFailure.expired.problem, PasswordRoutes.locked, .keyUnavailable,
            ],
            request: .object(["challenge": .string, "code": .string.described("six digits, or a recovery code")]),
            response: SignedIn.schema, requestExample: #"{"challenge":"p2f_…","code":"492039"}"#,
            responseExample: SignedIn.example
        ) { [signIn] request in
            let body = try request.json(BodyMembers.self)
            let signedIn = try await signIn.bySecondStep(
                try body.text("challenge"), code: try body.text("code"), from: request)
            return .json(signedIn.json).with(cookies: signedIn.cookies)
        }
    }

    private var begin: Endpoint {
        Endpoint(
            .post, "/api/security/totp", summary: "Begin two-step sign-in: a secret for the authenticator",
            access: .session, audit: .entry(action: AuditAction.totpBegin.rawValue), idempotency: .natural, rate: .auth,
            problems: [
                .freshSessionRequired, SecondStepFailure.alreadyOn.problem, .keyUnavailable,
            ],
            response: .object([
                "secret": .string, "uri": .string, "qrSvg": .string.described("an SVG picture, black on white"),
                "expiresAt": .timestamp,
            ]), status: 201,
            responseExample: """
                {"secret":"JBSWY3DPEHPK3PXP","uri":"otpauth://totp/Pulse%3Aana%40example.org?secret=JBSWY3DPEHPK3PXP",\
                "qrSvg":"<svg …>","expiresAt":"2026-11-21T09:45:00.000Z"}
                """
        ) { [settings] request in
            let enrolment = try await settings.begin(for: request)
            return .json(status: 201) { json in
                json.member("secret", enrolment.secret.reveal())
                json.member("uri", enrolment.address.reveal())
                json.member("qrSvg", enrolment.picture.reveal())
                json.member("expiresAt", enrolment.expiresAt)
            }
        }
    }

    private var confirm: Endpoint {
        Endpoint(
            .post, "/api/security/totp/confirm", summary: "Switch two-step sign-in on with its first code",
            access: .session, audit: .entry(action: AuditAction.totpEnable.rawValue), rate: .auth,
            problems: [
                Self.wrong, SecondStepFailure.notBegun.problem, PasswordRoutes.locked,
                .keyUnavailable,
            ],
            request: .object(["code": .string]), response: Self.codes, requestExample: #"{"code":"492039"}"#,
            responseExample: Self.codesExample
        ) { [settings] request in
            let code = try request.json(BodyMembers.self).text("code")
            return Self.answer(try await settings.confirm(code, for: request))
        }
    }

    private var disable: Endpoint {
        Endpoint(
            .delete, "/api/security/totp", summary: "Switch two-step sign-in off", access: .session,
            audit: .entry(action: AuditAction.totpDisable.rawValue), rate: .auth,
            problems: [.freshSessionRequired, SecondStepFailure.notOn.problem], response: .nothing, status: 204,
            responseExample: ""
        ) { [settings] request in
            try await settings.disable(for: request)
            return .noContent
        }
    }

    private var renew: Endpoint {
        Endpoint(
            .post, "/api/security/recovery-codes", summary: "New recovery codes in the place of the old",
            access: .session, audit: .entry(action: AuditAction.recoveryCodesCreate.rawValue), rate: .auth,
            problems: [.freshSessionRequired, SecondStepFailure.notOn.problem], response: Self.codes,
            responseExample: Self.codesExample
        ) { [settings] request in Self.answer(try await settings.renewCodes(for: request)) }
    }

    private static func answer(_ codes: [Secret<String>]) -> APIResponse {
        .json { json in json.member("recoveryCodes", codes.map { $0.reveal() }) }
    }
}
