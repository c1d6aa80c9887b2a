internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// The protection of one's own account: what there is, confirming who one is, forgetting a device.
package struct AccountRoutes: Sendable {
    private let context: IdentityContext
    private let passwords: Passwords

    package init(_ context: IdentityContext) {
        self.context = context
        passwords = Passwords(context)
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
            problems: [PasswordFailure.wrong.problem, PasswordRoutes.locked, PasswordRoutes.busy],
            request: .object(["password": .string]), response: .object(["freshUntil": .timestamp]),
            requestExample: #"{"password":"correct horse battery"}"#,
            responseExample: #"{"freshUntil":"2026-11-21T09:40:00.000Z"}"#
        ) { [context, passwords] request in
            let (user, session) = try request.caller().person()
            let password = try request.json(BodyMembers.self).text("password")
            _ = try await passwords.prove(password, of: user)
            let now = context.time.now
            try await context.database.asCaller(request) { transaction in
                try await PasswordStore(database: context.database)
                    .confirm(session, of: user, at: now, in: transaction)
                transaction.atCommit(try request.audit(.sessionConfirm, of: "session:\(session)", at: now))
            }
            return .json { $0.member("freshUntil", now + FreshSession.lifetime) }
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
