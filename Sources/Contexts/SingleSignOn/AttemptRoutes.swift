internal import HTTPKit
internal import JSONKit
internal import Kernel

/// The log of sign-ins that were tried.
struct AttemptRoutes: Sendable {
    private let log: AttemptLog

    init(_ context: SSOContext) { log = AttemptLog(context: context) }

    var endpoints: [Endpoint] { [list, one] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/security/sso/attempts", summary: "The last 100 sign-ins through providers, newest first",
            access: .permission(.readSecurity), scope: .settingsRead, audit: .none(reason: "reads only"),
            response: .object(["data": .array(Attempt.schema, maxItems: AttemptLog.limit)]),
            responseExample: #"{"data":[\#(Attempt.example)]}"#
        ) { [log] request in
            let all = try await log.all(in: try request.org())
            return .json { $0.member("data", all) }
        }
    }

    private var one: Endpoint {
        Endpoint(
            .get, "/api/security/sso/attempts/{id}", summary: "One sign-in that was tried, with all that was told",
            access: .permission(.readSecurity), scope: .settingsRead, audit: .none(reason: "reads only"),
            problems: [.attemptNotFound], response: Attempt.schema, responseExample: Attempt.example
        ) { [log] request in
            let id =
                SSOAttemptID(request.parameters["id"] ?? "") ?? SSOAttemptID(bytes: [UInt8](repeating: 0, count: 16))
            guard let found = try await log.one(id, in: try request.org()) else { throw Problem.attemptNotFound }
            return .json(found)
        }
    }
}
