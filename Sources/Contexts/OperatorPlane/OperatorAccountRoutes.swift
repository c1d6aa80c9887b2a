package import HTTPKit
internal import Identity
internal import JSONKit
internal import Kernel
internal import Postgres

/// Looking after the other operators, over HTTP. Making one is not among it: that takes a shell.
package struct OperatorAccountRoutes: Sendable {
    private let context: OperatorContext
    private let accounts: OperatorAccounts

    package init(_ context: OperatorContext) {
        self.context = context
        accounts = OperatorAccounts(
            staff: context.staff, links: context.identity.links, url: context.url, time: context.time)
    }

    package var endpoints: [Endpoint] { [list, disable, enable, reset] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/operator/operators", summary: "All operators", access: .operator(.operatorAdmin),
            audit: .entry(action: OperatorAction.operatorList.rawValue),
            response: .object(["data": .array(OperatorRecord.listed)]),
            responseExample: "{\"data\":[\(OperatorRecord.listedExample)]}"
        ) { [context] request in
            let operators = try await OperatorStore(database: context.staff).all()
            let entry = try request.entry(.operatorList, of: "operator:all")
            _ = try await context.staff.executeGlobally(entry.append(at: context.time.now))
            return .json { $0.member("data", operators) }
        }
    }

    private var disable: Endpoint {
        Endpoint(
            .post, "/api/operator/operators/{id}/disable", summary: "Shut an operator's account, at once",
            access: .operator(.operatorAdmin), audit: .entry(action: OperatorAction.operatorDisable.rawValue),
            idempotency: .natural, problems: [.operatorNotFound, .notYourself], response: .nothing, status: 204,
            responseExample: ""
        ) { [accounts] request in
            let id = try Self.other(request)
            try await accounts.disable(id, true, try request.entry(.operatorDisable, of: "operator:\(id)"))
            return .noContent
        }
    }

    private var enable: Endpoint {
        Endpoint(
            .post, "/api/operator/operators/{id}/enable", summary: "Open an operator's account again",
            access: .operator(.operatorAdmin), audit: .entry(action: OperatorAction.operatorEnable.rawValue),
            idempotency: .natural, problems: [.operatorNotFound, .notYourself], response: .nothing, status: 204,
            responseExample: ""
        ) { [accounts] request in
            let id = try Self.other(request)
            try await accounts.disable(id, false, try request.entry(.operatorEnable, of: "operator:\(id)"))
            return .noContent
        }
    }

    private var reset: Endpoint {
        Endpoint(
            .post, "/api/operator/operators/{id}/reset",
            summary: "End an operator's password, authenticator and sessions, and make a link to new ones",
            access: .operator(.operatorAdmin), audit: .entry(action: OperatorAction.operatorReset.rawValue),
            problems: [.operatorNotFound, .notYourself],
            response: .object(["setupUrl": .string, "expiresAt": .timestamp]),
            responseExample:
                #"{"setupUrl":"https://ops.example.com/setup#token=osu_…","expiresAt":"2026-11-22T09:30:00.000Z"}"#
        ) { [accounts] request in
            let id = try Self.other(request)
            let link = try await accounts.reset(id, try request.entry(.operatorReset, of: "operator:\(id)"))
            return .json { json in
                json.member("setupUrl", link.address.reveal())
                json.member("expiresAt", link.expiresAt)
            }
        }
    }

    /// The operator of the path, who is not the one who asks.
    private static func other(_ request: APIRequest) throws -> OperatorID {
        guard let id = request.parameters["id"].flatMap({ OperatorID($0) }) else { throw Problem.operatorNotFound }
        guard id != (try request.staff().id) else { throw Problem.notYourself }
        return id
    }
}

extension Problem {
    /// Whoever shuts themselves out has nobody to let them in again.
    static let notYourself = Problem(
        "not-yourself", status: 409, title: "Not with your own account",
        detail: "Ask another operator_admin, or use `pulse admin operator` on the host.")
}
