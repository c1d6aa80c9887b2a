internal import Access
internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// What a directory's people are here, and how the directory does, over HTTP.
struct DirectorySettingsRoutes: Sendable {
    private let context: DirectoryContext
    private static let path = "/api/security/scim"

    init(_ context: DirectoryContext) { self.context = context }

    var endpoints: [Endpoint] { [read, put] }

    private var read: Endpoint {
        Endpoint(
            .get, Self.path, summary: "The organisation's directory: its settings and how it does",
            access: .permission(.readSecurity), scope: .settingsRead, audit: .none(reason: "reads only"),
            response: DirectoryStatus.schema, responseExample: DirectoryStatus.example
        ) { [context] request in
            let answers = try await context.database.batch(
                in: try request.org(), DirectorySettingsStore.status(at: context.time.now))
            return .json(try DirectorySettingsStore.read(answers, base: context.base))
        }
    }

    private var put: Endpoint {
        Endpoint(
            .put, Self.path, summary: "Say what a directory's people are here; acts at once on all of them",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.scimSettingsUpdate.rawValue),
            idempotency: .natural, problems: [.freshSessionRequired, .grantExceeded],
            request: DirectorySettings.requestSchema, response: DirectoryStatus.schema,
            requestExample: #"{"defaultRole":"viewer","mappings":[{"group":"Pulse Admins","role":"admin"}]}"#,
            responseExample: DirectoryStatus.example, maxBodyBytes: 256 * 1024, timeout: .seconds(60)
        ) { [context] request in
            let (org, now) = (try request.org(), context.time.now)
            let settings = try DirectorySettings(try request.json(JSONValue.self))
            let status = try await context.database.asOrg(org, timeout: .seconds(30)) { transaction in
                try await transaction.requireAdministrator(request, at: now)
                let before = try await DirectorySettingsStore.held(transaction)
                try await DirectorySettingsStore.put(settings, in: org, at: now, transaction)
                let concerned = try await DirectorySettingsStore.concerned(by: before, settings, transaction)
                try await DirectoryRoles(org: org, now: now, transaction: transaction).settle(concerned)
                transaction.atCommit(
                    try request.audit(
                        .scimSettingsUpdate, of: "scim:\(org)", before: before.auditValue, after: settings.auditValue,
                        at: now))
                return try DirectorySettingsStore.read(
                    try await transaction.batch(DirectorySettingsStore.status(at: now)), base: context.base)
            }
            return .json(status)
        }
    }
}
