import Access
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Postgres
import SCIMKit
import TestKit
import Testing

@testable import SCIM

/// An organisation with an owner, and its directory behind the front door.
struct DirectoryCase {
    let door: FrontDoor
    let org: OrgID
    let ownerID: UserID
    let owner: Browser
    let directory: DirectoryClient

    init() async throws {
        let door = try FrontDoor { parts in
            let database = parts.context.database
            return DirectoryContext(
                database: database, time: parts.context.time, publicURL: parts.context.publicURL
            ).endpoints + APITokenRoutes(database: database, time: parts.context.time).endpoints
        }
        self.door = door
        (ownerID, org) = try await Given.member()
        owner = try await door.browser(of: ownerID)
        directory = try await Self.connect(owner, door)
    }

    /// A directory with a token of its own.
    static func connect(
        _ owner: Browser, _ door: FrontDoor, _ more: [String: JSONValue] = [:]
    ) async throws -> DirectoryClient {
        let body = JSONValue.object(["name": "Test directory"].merging(more) { $1 })
        let made = await owner.send(.post, "/api/security/scim/tokens", body)
        #expect(made.status == 201, "\(made.text)")
        return DirectoryClient(browser: door.browser(), token: try #require(made.json["token"]?.string))
    }

    /// Another organisation with a directory.
    func stranger() async throws -> (org: OrgID, ownerID: UserID, owner: Browser, directory: DirectoryClient) {
        let (user, org) = try await Given.member()
        let owner = try await door.browser(of: user)
        return (org, user, owner, try await Self.connect(owner, door))
    }

    func verify(_ domain: String, for place: OrgID? = nil) async throws {
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.sso_domains (org_id, domain, state, token, created_at, verified_at)
            VALUES (\(place ?? org), \(domain), 'verified', 't', \(door.time.now), \(door.time.now))
            """)
    }

    /// What somebody is in an organisation; `nil`: no member.
    func role(of user: UserID, in place: OrgID? = nil) async throws -> String? {
        try await TestDatabase.current.superuser.firstGlobally(
            "SELECT role FROM pulse.members WHERE org_id = \(place ?? org) AND user_id = \(user)"
        ) { try $0.next(String.self) }
    }

    /// The person behind a user.
    func person(_ id: String) async throws -> UserID? {
        try await TestDatabase.current.superuser.firstGlobally(
            "SELECT user_id FROM pulse.scim_users WHERE id = \(try #require(DirectoryUserID(id)))"
        ) { try $0.next(UserID?.self) } ?? nil
    }

    func count(_ sql: SQL) async throws -> Int {
        try await TestDatabase.current.superuser.firstGlobally(sql) { try $0.next(Int.self) } ?? -1
    }

    var actions: [String] {
        get async throws {
            try await TestDatabase.current.app.rows(in: org, "SELECT action FROM audit_entries ORDER BY seq") {
                try $0.next(String.self)
            }
        }
    }
}

/// Speaks SCIM with one token.
struct DirectoryClient {
    let browser: Browser
    let token: String

    static func user(_ name: String, _ more: [String: JSONValue] = [:]) -> JSONValue {
        .object(["schemas": [.string(URN.user)], "userName": .string(name)].merging(more) { $1 })
    }

    static func group(_ name: String, _ members: [String] = []) -> JSONValue {
        [
            "schemas": [.string(URN.group)], "displayName": .string(name),
            "members": .array(members.map { ["value": .string($0)] }),
        ]
    }

    static func patch(_ operations: JSONValue...) -> JSONValue {
        ["schemas": [.string(URN.patch)], "Operations": .array(operations)]
    }

    @discardableResult
    func send(
        _ method: Endpoint.Method, _ path: String, _ body: JSONValue? = nil, _ more: Headers = [:]
    ) async -> Browser.Answer {
        var headers: Headers = ["authorization": "Bearer \(token)"]
        if body != nil { headers["content-type"] = "application/scim+json; charset=utf-8" }
        for header in more { headers[header.name] = header.value }
        return await browser.send(method, "/scim/v2\(path)", body, headers: headers)
    }

    /// - Returns: its id.
    func make(_ collection: String, _ body: JSONValue) async throws -> String {
        let made = await send(.post, "/\(collection)", body)
        #expect(made.status == 201, "\(made.text)")
        return try #require(made.json["id"]?.string)
    }

    func found(_ filter: String, in collection: String = "Users") async -> [String] {
        let text = filter.utf8.map { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        let answer = await send(.get, "/\(collection)?filter=\(text)")
        return answer.json["Resources"]?.array?.compactMap { $0["id"]?.string } ?? ["\(answer.status): \(answer.text)"]
    }
}

extension Browser.Answer {
    var scimType: String? { json["scimType"]?.string }
    var tag: String { headers["etag"] ?? "" }
}
