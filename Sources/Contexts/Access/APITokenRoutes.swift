internal import Audit
internal import Cryptography
package import HTTPKit
internal import JSONKit
package import Kernel
package import Postgres

/// API tokens over HTTP.
package struct APITokenRoutes: Sendable {
    private let tokens: APITokens

    package init(database: Database, time: any TimeSource) { tokens = APITokens(database: database, time: time) }

    package var endpoints: [Endpoint] { [list, create, one, change, revoke, rotate] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/security/tokens", summary: "The organisation's API tokens, newest first",
            access: .permission(.readTokens), scope: .settingsRead, audit: .none(reason: "reads only"),
            response: .object(["data": .array(APITokenRecord.schema), "scopes": .array(.string)]),
            responseExample: "{\"data\":[\(APITokenRecord.example)],\"scopes\":[\"monitoring:read\"]}"
        ) { [tokens] request in
            let all = try await tokens.all(in: try request.org())
            return .json { json in
                json.member("data", all)
                json.member("scopes", (Scope.all + [.everything]).map(\.name))
            }
        }
    }

    private var create: Endpoint {
        Endpoint(
            .post, "/api/security/tokens", summary: "Make an API token; its secret is shown this once",
            access: .permission(.manageTokens), scope: .settingsWrite,
            audit: .entry(action: AuditAction.tokenCreate.rawValue), idempotency: .key,
            problems: [.grantExceeded, .tokenOfAnother, .tokenLimit], request: NewTokenRequest.schema,
            response: Self.minted, status: 201,
            requestExample: #"{"name":"nightly report","scopes":["monitoring:read"],"expiresIn":"2160h"}"#,
            responseExample: "{\"token\":\"pat_…\",\"record\":\(APITokenRecord.example)}"
        ) { [tokens] request in
            let made = try await tokens.create(try request.json(), for: request)
            return .json(status: 201) { json in
                json.member("token", made.token.text.reveal())
                json.member("record", made.record)
            }
        }
    }

    private var one: Endpoint {
        Endpoint(
            .get, "/api/security/tokens/{id}", summary: "One API token", access: .permission(.readTokens),
            scope: .settingsRead, audit: .none(reason: "reads only"), problems: [.tokenNotFound],
            response: APITokenRecord.schema, responseExample: APITokenRecord.example
        ) { [tokens] request in .json(try await tokens.one(try Self.id(request), in: try request.org())) }
    }

    private var change: Endpoint {
        Endpoint(
            .patch, "/api/security/tokens/{id}",
            summary: "Change a token's name, scopes or addresses; its secret stays",
            access: .permission(.manageTokens), scope: .settingsWrite,
            audit: .entry(action: AuditAction.tokenUpdate.rawValue), idempotency: .natural,
            problems: [.grantExceeded, .tokenOfAnother, .tokenNotFound], request: TokenChange.schema,
            response: APITokenRecord.schema, requestExample: #"{"scopes":["monitoring:read","settings:read"]}"#,
            responseExample: APITokenRecord.example
        ) { [tokens] request in
            .json(try await tokens.change(try Self.id(request), try request.json(), for: request))
        }
    }

    private var revoke: Endpoint {
        Endpoint(
            .delete, "/api/security/tokens/{id}", summary: "Revoke a token: it is refused from now on",
            access: .permission(.manageTokens), scope: .settingsWrite,
            audit: .entry(action: AuditAction.tokenRevoke.rawValue), problems: [.tokenNotFound], response: .nothing,
            status: 204, responseExample: ""
        ) { [tokens] request in
            try await tokens.revoke(try Self.id(request), for: request)
            return .noContent
        }
    }

    private var rotate: Endpoint {
        Endpoint(
            .post, "/api/security/tokens/{id}/rotate",
            summary: "Replace a token's secret; the old one lives on for the overlap",
            access: .permission(.manageTokens), scope: .settingsWrite,
            audit: .entry(action: AuditAction.tokenRotate.rawValue), idempotency: .key,
            problems: [.grantExceeded, .tokenOfAnother, .tokenNotFound, .tokenReplaced, .tokenLimit],
            request: .object(["overlapSeconds": .integer(minimum: 0, maximum: Self.longestOverlap).optional]),
            response: Self.rotated, status: 201, requestExample: #"{"overlapSeconds":3600}"#,
            responseExample: """
                {"token":"pat_…","record":\(APITokenRecord.example),"previous":\(APITokenRecord.example)}
                """
        ) { [tokens] request in
            let overlap = try Self.overlap(request)
            let (new, previous) = try await tokens.rotate(try Self.id(request), overlap: overlap, for: request)
            return .json(status: 201) { json in
                json.member("token", new.token.text.reveal())
                json.member("record", new.record)
                json.member("previous", previous)
            }
        }
    }

    private static let minted = Schema.object([
        "token": .string.described("Shown this once"), "record": APITokenRecord.schema,
    ])

    private static let rotated = Schema.object([
        "token": .string.described("Shown this once"), "record": APITokenRecord.schema,
        "previous": APITokenRecord.schema,
    ])

    /// A week.
    private static let longestOverlap = 604_800

    /// `{overlapSeconds?}`, an hour when nothing is said.
    private static func overlap(_ request: APIRequest) throws -> Duration {
        var seconds = 3600
        if !request.body.isEmpty {
            var reader = JSONReader(request.body)
            try reader.enterObject()
            while let key = try reader.nextKey() {
                switch key {
                case "overlapSeconds": seconds = try reader.int()
                default: try reader.skip()
                }
            }
            try reader.finish()
        }
        guard (0...longestOverlap).contains(seconds) else {
            throw Problem.invalidField("overlapSeconds", "a number of seconds up to a week is wanted")
        }
        return .seconds(seconds)
    }

    /// What is no id names nothing; it is asked for all the same, so that it takes as long as a foreign one.
    private static func id(_ request: APIRequest) throws -> TokenID {
        TokenID(request.parameters["id"] ?? "") ?? TokenID(bytes: [UInt8](repeating: 0, count: 16))
    }
}
