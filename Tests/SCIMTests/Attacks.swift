import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import SCIMKit
import TestKit
import Testing

@testable import SCIM

/// Something a directory, or whoever stole its token, may try. All of them have to be refused.
struct Attack {
    let name: String
    var method = Endpoint.Method.get
    let path: String
    var body: JSONValue?
    var headers: Headers = [:]
}

/// Two organisations: ours, whose directory attacks, and another that has something of everything.
struct AttackScene {
    let ours: DirectoryCase
    let theirs: (org: OrgID, ownerID: UserID, owner: Browser, directory: DirectoryClient)
    let user: String
    let group: String
    let theirUser: String
    let theirGroup: String

    init() async throws {
        ours = try await DirectoryCase()
        theirs = try await ours.stranger()
        user = try await ours.directory.make("Users", DirectoryClient.user("ana", ["title": "Engineer"]))
        group = try await ours.directory.make("Groups", DirectoryClient.group("Pulse Admins"))
        theirUser = try await theirs.directory.make("Users", DirectoryClient.user("eve"))
        theirGroup = try await theirs.directory.make("Groups", DirectoryClient.group("Theirs", [theirUser]))
    }

    var all: [Attack] {
        foreign + reading + readOnly + bodies + conditions + bulks + names
    }

    private static func patch(_ operations: JSONValue...) -> JSONValue {
        ["schemas": [.string(URN.patch)], "Operations": .array(operations)]
    }

    private func bulk(_ operations: [JSONValue]) -> JSONValue {
        ["schemas": [.string(URN.bulk)], "Operations": .array(operations)]
    }

    // MARK: Other organisations' things

    private var foreign: [Attack] {
        let off = Self.patch(["op": "replace", "path": "active", "value": false])
        let member: JSONValue = [["value": .string(theirUser)]]
        var all = [
            Attack(name: "read a foreign user", path: "/Users/\(theirUser)"),
            Attack(name: "read a foreign group", path: "/Groups/\(theirGroup)"),
            Attack(
                name: "replace a foreign user", method: .put, path: "/Users/\(theirUser)",
                body: DirectoryClient.user("x")),
            Attack(name: "deactivate a foreign user", method: .patch, path: "/Users/\(theirUser)", body: off),
            Attack(name: "remove a foreign user", method: .delete, path: "/Users/\(theirUser)"),
            Attack(
                name: "replace a foreign group", method: .put, path: "/Groups/\(theirGroup)",
                body: DirectoryClient.group("x")),
            Attack(
                name: "empty a foreign group", method: .patch, path: "/Groups/\(theirGroup)",
                body: Self.patch(["op": "remove", "path": "members"])),
            Attack(name: "remove a foreign group", method: .delete, path: "/Groups/\(theirGroup)"),
            Attack(
                name: "a group made with a foreign member", method: .post, path: "/Groups",
                body: DirectoryClient.group("new", [theirUser])),
            Attack(
                name: "a group replaced with a foreign member", method: .put, path: "/Groups/\(group)",
                body: DirectoryClient.group("Pulse Admins", [user, theirUser])),
            Attack(
                name: "a foreign member added", method: .patch, path: "/Groups/\(group)",
                body: Self.patch(["op": "add", "path": "members", "value": member])),
            Attack(
                name: "a foreign member added without a path", method: .patch, path: "/Groups/\(group)",
                body: Self.patch(["op": "add", "value": ["members": member]])),
            Attack(
                name: "a person's id as a member", method: .patch, path: "/Groups/\(group)",
                body: Self.patch(["op": "add", "path": "members", "value": [["value": .string("\(ours.ownerID)")]]])),
            Attack(
                name: "a group as a member", method: .patch, path: "/Groups/\(group)",
                body: Self.patch(
                    ["op": "add", "path": "members", "value": [["value": .string(group), "type": "Group"]]])),
        ]
        for id in ["..", "%2e%2e", "../Groups", "0", "-1", "*", "null", "{id}", "' OR 1=1", "\(ours.org)", theirGroup] {
            all.append(Attack(name: "user called \(id)", path: "/Users/\(id)"))
        }
        return all
    }

    // MARK: Filters

    private var reading: [Attack] {
        let deep = String(repeating: "(", count: 400) + "title pr" + String(repeating: ")", count: 400)
        let filters = [
            "userName", "userName eq", "1=1", "password pr", "org_id pr", "role eq \"owner\"", "u.user_id pr", deep,
            "userName eq \"a\"; DELETE FROM scim_users", "userName eq \"a\" UNION SELECT 1",
            "userName eq \"\\u0000\"", "title eq \"\\ud800\"", "active gt true", "meta.created eq \"now()\"",
            Array(repeating: "title pr", count: 300).joined(separator: " or "), "emails[emails[type pr]]",
            "title co \"\(String(repeating: "a", count: 5000))\"", "not not title pr", "id eq 1",
        ]
        let paging = ["count=ten", "startIndex=1e9", "count=9223372036854775808", "startIndex=-9223372036854775808"]
        let attributes = Array(repeating: "title", count: 200).joined(separator: ",")
        return filters.map { Attack(name: "filter \($0.prefix(40))", path: "/Users?filter=\(Self.escaped($0))") }
            + paging.map { Attack(name: "page \($0)", path: "/Users?\($0)") }
            + [
                Attack(name: "two hundred attributes", path: "/Users?attributes=\(attributes)"),
                Attack(
                    name: "a filter in a search", method: .post, path: "/Users/.search",
                    body: ["schemas": [.string(URN.search)], "filter": "role eq \"owner\""]),
                Attack(
                    name: "a search that is none", method: .post, path: "/Groups/.search", body: ["filter": "id pr"]),
                Attack(name: "members by name", path: "/Groups?filter=\(Self.escaped("members.value co \"a\""))"),
            ]
    }

    static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            (48...57).contains(byte) || (97...122).contains(byte)
                ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    // MARK: Bodies

    private var readOnly: [Attack] {
        let operations: [JSONValue] = [
            ["op": "replace", "path": "id", "value": .string(theirUser)],
            ["op": "replace", "value": ["id": .string(theirUser)]],
            ["op": "add", "path": "schemas", "value": ["urn:pulse:owner"]],
            ["op": "replace", "value": ["schemas": ["urn:pulse:owner"]]],
            ["op": "replace", "path": "meta.version", "value": "W/\"1\""],
            ["op": "replace", "value": ["meta": ["created": "2000-01-01T00:00:00Z"]]],
            ["op": "add", "path": "groups", "value": [["value": .string(group)]]],
            ["op": "add", "value": ["groups": [["value": .string(group)]]]],
            ["op": "replace", "path": "groups[value eq \"x\"].display", "value": "x"],
            ["op": "remove", "path": "id"], ["op": "remove", "path": "userName"], ["op": "remove"],
            ["op": "replace", "path": "roles", "value": [["value": "owner"]]],
            ["op": "add", "path": "entitlements", "value": "owner"],
            ["op": "replace", "path": "role", "value": "owner"],
            ["op": "replace", "path": "user_id", "value": .string("\(ours.ownerID)")],
            ["op": "replace", "path": "password", "value": "secret"],
            ["op": "replace", "path": "__proto__", "value": [:]],
            ["op": "replace", "path": "userName", "value": .null], ["op": "drop", "path": "title"],
            ["op": "replace", "path": "emails[type eq \"work\"", "value": "x"],
            ["op": "replace", "path": .string("\(URN.enterprise):manager.displayName"), "value": "Boss"],
            ["op": "replace", "path": "urn:pulse:2.0:User:role", "value": "owner"],
        ]
        return operations.map {
            let text = String(decoding: $0.json, as: UTF8.self)
            return Attack(name: "PATCH \(text)", method: .patch, path: "/Users/\(user)", body: Self.patch($0))
        } + [
            Attack(
                name: "201 operations", method: .patch, path: "/Users/\(user)",
                body: [
                    "schemas": [.string(URN.patch)],
                    "Operations": .array(
                        Array(repeating: ["op": "replace", "path": "title", "value": "x"], count: 201)),
                ]),
            Attack(
                name: "a member turned into another", method: .patch, path: "/Groups/\(group)",
                body: Self.patch(["op": "replace", "path": "members[value eq \"x\"].value", "value": .string(user)])),
        ]
    }

    private var bodies: [Attack] {
        var deep: JSONValue = "x"
        for _ in 0..<200 { deep = ["a": deep] }
        let user = { (name: String, more: [String: JSONValue]) in DirectoryClient.user(name, more) }
        let bodies: [(String, JSONValue)] = [
            ("nothing", [:]), ("a list", []), ("a text", "x"), ("deep", user("x", ["name": deep])),
            ("another schema", ["schemas": [.string(URN.group)], "userName": "x"]),
            ("a name twice", user("x", ["USERNAME": "y"])),
            ("a number for a name", ["schemas": [.string(URN.user)], "userName": 1]),
            ("a long name", user(String(repeating: "a", count: 300), [:])), ("a zero byte", user("a\u{0}b", [:])),
            ("a turned name", user("a\u{202E}b", [:])), ("a hidden character", user("an\u{200B}a", [:])),
            ("only spaces", user("   ", [:])),
            ("a flag that is none", user("x", ["active": "perhaps"])),
            ("many addresses", user("x", ["emails": .array((0..<99).map { ["value": .string("\($0)@a.example")] })])),
        ]
        return bodies.map { Attack(name: "user of \($0.0)", method: .post, path: "/Users", body: $0.1) }
            + [
                Attack(
                    name: "group without a name", method: .post, path: "/Groups",
                    body: ["schemas": [.string(URN.group)]]),
                Attack(
                    name: "members that are none", method: .post, path: "/Groups",
                    body: ["schemas": [.string(URN.group)], "displayName": "x", "members": [5]]),
                Attack(
                    name: "another media type", method: .post, path: "/Users", body: user("x", [:]),
                    headers: ["content-type": "text/xml"]),
            ]
    }

    // MARK: Versions, bulk, names

    private var conditions: [Attack] {
        let off = Self.patch(["op": "replace", "path": "active", "value": false])
        return [#"W/"99""#, #""99""#, "1", "", #"W/"1\""#].map {
            Attack(name: "If-Match \($0)", method: .patch, path: "/Users/\(user)", body: off, headers: ["if-match": $0])
        } + [
            Attack(name: "stale DELETE", method: .delete, path: "/Users/\(user)", headers: ["if-match": #"W/"0""#]),
            Attack(
                name: "stale PUT", method: .put, path: "/Users/\(user)", body: DirectoryClient.user("ana"),
                headers: ["if-match": #"W/"0""#]),
            Attack(name: "If-None-Match", method: .delete, path: "/Users/\(user)", headers: ["if-none-match": "*"]),
            Attack(name: "stale group", method: .delete, path: "/Groups/\(group)", headers: ["if-match": #"W/"7""#]),
        ]
    }

    private var bulks: [Attack] {
        let one: JSONValue = ["method": "DELETE", "path": "/Users/x"]
        let twice: JSONValue = ["method": "POST", "path": "/Users", "bulkId": "a", "data": DirectoryClient.user("x")]
        return [
            Attack(name: "bulk bomb", method: .post, path: "/Bulk", body: bulk(Array(repeating: one, count: 501))),
            Attack(name: "bulk of nothing", method: .post, path: "/Bulk", body: bulk([])),
            Attack(name: "a bulkId twice", method: .post, path: "/Bulk", body: bulk([twice, twice])),
            Attack(
                name: "failOnErrors 0", method: .post, path: "/Bulk",
                body: ["schemas": [.string(URN.bulk)], "failOnErrors": 0, "Operations": [one]]),
        ]
    }

    private var names: [Attack] {
        ["ANA", " ana ", "\u{FF21}na", "\u{FF41}\u{FF4E}\u{FF41}", "an\u{FF41}"].map {
            Attack(name: "user name \($0)", method: .post, path: "/Users", body: DirectoryClient.user($0))
        } + [
            Attack(
                name: "renamed into another", method: .patch, path: "/Users/\(user)",
                body: Self.patch(["op": "replace", "path": "userName", "value": ""]))
        ]
    }
}
