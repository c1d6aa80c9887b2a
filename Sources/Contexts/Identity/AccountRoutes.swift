internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import Vault

/// The protection of one's own account: what there is, confirming who one is, forgetting a device.
package struct AccountRoutes: Sendable {
    private let context: IdentityContext
    private let stepUps: StepUp

    package init(_ context: IdentityContext) {
        self.context = context
        stepUps = StepUp(context)
    }

    package var endpoints: [Endpoint] { [account, stepUp, forgetDevice] }

    private var account: Endpoint {
        Endpoint(
            .get, "/api/security/account", summary: "How one's own account is protected", access: .session,
            audit: .none(reason: "reads only"), response: AccountSecurity.schema,
            responseExample: AccountSecurity.example
        ) { [context] request in
            .json(try await AccountSecurity.read(for: request, from: context.database, at: context.time.now))
        }
    }

    private var stepUp: Endpoint {
        Endpoint(
            .post, "/api/security/step-up", summary: "Confirm that this session is still its person's",
            access: .session, audit: .entry(action: AuditAction.sessionConfirm.rawValue), rate: .auth,
            problems: [
                PasswordFailure.wrong.problem, SecondStepFailure.wrong(left: 4).problem, PasswordRoutes.locked,
                PasswordRoutes.busy, .keyUnavailable,
                ZeroKnowledgeFailure.expired.problem,
                .invalidField("code", "this account has two-step sign-in: a code is wanted"),
            ],
            request: .object([
                "password": .string.optional,
                "code": .string.optional.described("instead of the password, with two-step sign-in"),
                "sessionId": .uuid.optional.described("of an SRP handshake, instead of the password"),
                "clientPublic": .string.optional, "clientProof": .string.optional,
            ]),
            response: .object(["freshUntil": .timestamp]), requestExample: #"{"password":"correct horse battery"}"#,
            responseExample: #"{"freshUntil":"2026-11-21T09:40:00.000Z"}"#
        ) { [stepUps] request in
            let freshUntil = try await stepUps.confirm(try request.json(BodyMembers.self), for: request)
            return .json { $0.member("freshUntil", freshUntil) }
        }
    }

    private var forgetDevice: Endpoint {
        Endpoint(
            .delete, "/api/security/devices/{id}", summary: "Forget one of one's own devices", access: .session,
            audit: .entry(action: AuditAction.deviceForget.rawValue), problems: [.notFound], response: .nothing,
            status: 204, responseExample: ""
        ) { [context] request in
            let user = try request.caller().person().user
            let device = try request.id("id", of: KnownBrowser.self)
            try await context.database.asCaller(request) { transaction in
                guard try await DeviceStore.forget(device, of: user, in: transaction) else { throw Problem.notFound }
                transaction.atCommit(try request.audit(.deviceForget, of: "device:\(device)", at: context.time.now))
            }
            return .noContent
        }
    }
}
