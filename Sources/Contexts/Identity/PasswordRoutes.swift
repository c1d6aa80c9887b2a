internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
internal import Kernel

/// Changing and recovering a password, over HTTP.
package struct PasswordRoutes: Sendable {
    private let passwords: Passwords

    package init(_ context: IdentityContext) { passwords = Passwords(context) }

    package var endpoints: [Endpoint] { [change, request, check, complete] }

    private static let weak = Problem.invalidField("password", "it is based on a dictionary word")
    static let locked = SignInError.locked(until: Timestamp(seconds: 900), now: Timestamp(seconds: 0)).problem
    static let busy = Problem("busy", status: 503, title: "Too many sign-ins at once")
    private static let done = Array(#"{"success":true}"#.utf8)

    private var change: Endpoint {
        Endpoint(
            .post, "/api/security/change-password", summary: "Change one's own password; all other sessions end",
            access: .session, audit: .entry(action: AuditAction.passwordChange.rawValue), rate: .auth,
            problems: [
                Self.weak, PasswordFailure.wrong.problem, PasswordFailure.changedMeanwhile.problem, Self.locked,
                .freshSessionRequired, Self.busy,
            ],
            request: .object([
                "currentPassword": .string.optional.described("left out by someone who has none yet"),
                "newPassword": .string(minLength: 12, maxLength: 1024),
            ]),
            response: .object(["success": .boolean, "revokedSessions": .integer(minimum: 0)]),
            requestExample: #"{"currentPassword":"correct horse battery","newPassword":"nine calm grey herons"}"#,
            responseExample: #"{"success":true,"revokedSessions":2}"#
        ) { [passwords] request in
            let body = try request.json(BodyMembers.self)
            let ended = try await passwords.change(
                from: try body.optionalText("currentPassword"), to: try body.text("newPassword"), for: request)
            return .json { json in
                json.member("success", true)
                json.member("revokedSessions", ended)
            }
        }
    }

    private var request: Endpoint {
        Endpoint(
            .post, "/api/public/password-reset/request", summary: "Ask for a link that sets a new password",
            access: .public(reason: "answers the same whoever asks, and mails only the account's own address"),
            audit: .none(reason: "changes nothing; setting the password leaves the entry"), rate: .magicLink,
            request: .object(["email": .email]), response: .object(["success": .boolean, "message": .string]),
            requestExample: #"{"email":"ana@example.org"}"#, responseExample: String(decoding: Self.sent, as: UTF8.self)
        ) { [passwords] request in
            try await passwords.requestLink(to: try EmailRequest(json: request.body).email)
            return .json(Self.sent)
        }
    }

    private static let sent = Array(
        #"{"success":true,"message":"If there is an account for this address, a link is on its way."}"#.utf8)

    private var check: Endpoint {
        Endpoint(
            .post, "/api/public/password-reset/check", summary: "Whose password a link sets",
            access: .public(reason: "the link is the credential: 256 random bits, one use, 30 minutes"),
            audit: .none(reason: "reads only"), idempotency: .natural, rate: .auth,
            problems: [PasswordFailure.badLink.problem], request: .object(["token": .string]),
            response: .object(["email": .email]), requestExample: #"{"token":"rp1_…"}"#,
            responseExample: #"{"email":"ana@example.org"}"#
        ) { [passwords] request in
            let email = try await passwords.check(try request.json(BodyMembers.self).text("token").reveal())
            return .json { $0.member("email", email) }
        }
    }

    private var complete: Endpoint {
        Endpoint(
            .post, "/api/public/password-reset/complete", summary: "Set a new password; all sessions end",
            access: .public(reason: "the link is the credential: 256 random bits, one use, 30 minutes"),
            audit: .entry(action: AuditAction.passwordReset.rawValue), rate: .auth,
            problems: [PasswordFailure.badLink.problem, Self.weak, Self.busy],
            request: .object(["token": .string, "password": .string(minLength: 12, maxLength: 1024)]),
            response: .object(["success": .boolean]),
            requestExample: #"{"token":"rp1_…","password":"nine calm grey herons"}"#,
            responseExample: #"{"success":true}"#
        ) { [passwords] request in
            let body = try request.json(BodyMembers.self)
            try await passwords.complete(
                try body.text("token").reveal(), password: try body.text("password"), for: request)
            return .json(Self.done)
        }
    }
}
