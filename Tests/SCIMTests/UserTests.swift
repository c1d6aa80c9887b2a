import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import SCIMKit
import TestKit
import Testing

@testable import SCIM

@Suite(.postgres) struct UserTests {
    private typealias Client = DirectoryClient
    let scene: DirectoryCase
    let directory: DirectoryClient

    init() async throws {
        scene = try await DirectoryCase()
        directory = scene.directory
    }

    @Test("a user is made, told, replaced, changed and removed, each change with its entry") func life() async throws {
        let made = await directory.send(
            .post, "/Users", Client.user("ana@example.com", ["externalId": "00u1", "displayName": "Ana"]))
        #expect(made.status == 201 && made.headers["content-type"] == "application/scim+json", "\(made.text)")
        let id = try #require(made.json["id"]?.string)
        #expect(made.headers["location"] == "https://pulse.example.com/scim/v2/Users/\(id)")
        #expect(made.tag == #"W/"1""# && made.json["meta"]?["version"] == #"W/"1""# && made.json["active"] == true)
        let person = try #require(try await scene.person(id))
        #expect(try await scene.role(of: person) == "viewer")

        let replaced = await directory.send(.put, "/Users/\(id)", Client.user("ana@example.com", ["title": "Engineer"]))
        #expect(replaced.status == 200 && replaced.json["externalId"] == nil && replaced.tag == #"W/"2""#)
        let changed = await directory.send(
            .patch, "/Users/\(id)?attributes=displayName",
            Client.patch(["op": "Replace", "path": "displayName", "value": "Ana B."]))
        #expect(changed.json.object?.keys.sorted() == ["displayName", "id", "schemas"], "\(changed.text)")
        let same = await directory.send(
            .patch, "/Users/\(id)", Client.patch(["op": "replace", "value": ["displayName": "Ana B."]]))
        #expect(same.tag == #"W/"3""#, "what changes nothing keeps its version")
        let one = await directory.send(.get, "/Users/\(id)")
        #expect(one.json["displayName"] == "Ana B." && one.json["title"] == "Engineer" && one.tag == #"W/"3""#)
        #expect(await directory.send(.get, "/Users/\(id)", nil, ["if-none-match": one.tag]).status == 304)

        #expect(await directory.send(.delete, "/Users/\(id)").status == 204)
        #expect(try await scene.role(of: person) == nil)
        for method in [Endpoint.Method.get, .delete] {
            let gone = await directory.send(method, "/Users/\(id)")
            #expect(gone.status == 404 && gone.json["schemas"] == [.string(URN.error)] && gone.json["status"] == "404")
        }
        #expect(
            try await scene.actions == [
                "scim_token.create", "scim_user.create", "scim_user.update", "scim_user.update", "scim_user.delete",
            ])
        let actors = try await scene.count("SELECT count(*) FROM pulse.audit_entries WHERE actor LIKE 'scim:%'")
        #expect(actors == 4)
    }

    @Test("users are found by filters, those of columns and those that have to be looked at") func filters()
        async throws
    {
        var ids: [String] = []
        for (name, title) in [("ana", "Engineer"), ("ben", "Manager"), ("cleo", "Engineer")] {
            ids.append(
                try await directory.make(
                    "Users",
                    Client.user(
                        "\(name)@example.com",
                        [
                            "title": .string(title), "externalId": .string("x-\(name)"), "active": .bool(name != "ben"),
                            "emails": [["value": .string("\(name.uppercased())@Work.example"), "type": "work"]],
                        ])))
        }
        let all = Set(ids)
        for (filter, wanted): (String, Set<String>) in [
            (#"userName eq "ANA@example.com""#, [ids[0]]), (#"userName sw "b""#, [ids[1]]),
            (#"userName ew ".com""#, all),
            (#"userName co "%""#, []), (#"userName co "CLE""#, [ids[2]]), (#"externalId eq "x-ben""#, [ids[1]]),
            (#"externalId eq "X-ben""#, []), (#"not (externalId eq "x-ben")"#, [ids[0], ids[2]]),
            ("active eq false", [ids[1]]), (#"active eq "True" and userName gt "b""#, [ids[2]]),
            (#"id eq "\#(ids[0])""#, [ids[0]]), (#"id eq "nobody""#, []), ("id pr", all), ("externalId pr", all),
            (#"emails.value eq "ana@work.example""#, [ids[0]]),
            (#"emails[type eq "work"].value eq "ben@work.example""#, [ids[1]]),
            (#"emails[type eq "home"].value eq "ben@work.example""#, []), (#"title eq "engineer""#, [ids[0], ids[2]]),
            (#"title eq "engineer" and userName sw "c""#, [ids[2]]),
            (#"title eq "manager" or userName eq "ana@example.com""#, [ids[0], ids[1]]),
            (#"not (title eq "engineer")"#, [ids[1]]), (#"meta.created gt "2020-01-01T00:00:00Z""#, all),
            (#"meta.lastModified lt "2020-01-01T00:00:00Z""#, []),
            (#"userName ne "ana@example.com""#, [ids[1], ids[2]]),
            (#"userName eq "' OR true --""#, []), ("name.familyName pr", []), (#"groups.value eq "x""#, []),
        ] {
            #expect(Set(await directory.found(filter)) == wanted, "\(filter)")
        }
        let bad = await directory.send(.get, "/Users?filter=password%20eq%20%22x%22")
        #expect(bad.status == 400 && bad.scimType == "invalidFilter")
        let search = await directory.send(
            .post, "/Users/.search",
            ["schemas": [.string(URN.search)], "filter": #"title pr"#, "count": 2, "attributes": ["userName"]])
        #expect(search.json["totalResults"] == 3 && search.json["Resources"]?.array?.count == 2, "\(search.text)")
    }

    @Test("a version is that of what is told: it changes with the groups, and a change under the one before is refused")
    func versions() async throws {
        let ana = try await directory.make("Users", Client.user("ana@example.com"))
        let before = await directory.send(.get, "/Users/\(ana)")
        let team = try await directory.make("Groups", Client.group("Admins", [ana]))
        let inside = await directory.send(.get, "/Users/\(ana)")
        #expect(inside.tag != before.tag && inside.json["meta"]?["version"]?.string == inside.tag, "\(inside.text)")
        let listed = await directory.send(.get, "/Users?excludedAttributes=groups")
        #expect(listed.json["Resources"]?[0]?["meta"]?["version"]?.string == inside.tag, "\(listed.text)")
        #expect(listed.json["Resources"]?[0]?["groups"] == nil)

        let title = Client.patch(["op": "add", "path": "title", "value": "Engineer"])
        let late = await directory.send(.patch, "/Users/\(ana)", title, ["if-match": before.tag])
        #expect(late.status == 412)
        #expect(await directory.send(.delete, "/Users/\(ana)", nil, ["if-match": before.tag]).status == 412)
        let stale = await directory.send(
            .post, "/Bulk",
            [
                "schemas": [.string(URN.bulk)],
                "Operations": [
                    [
                        "method": "PATCH", "path": .string("/Users/\(ana)"), "version": .string(before.tag),
                        "data": title,
                    ]
                ],
            ])
        #expect(stale.json["Operations"]?[0]?["status"] == "412", "\(stale.text)")
        let changed = await directory.send(.patch, "/Users/\(ana)", title, ["if-match": inside.tag])
        #expect(changed.status == 200 && changed.tag != inside.tag)
        #expect(await directory.send(.get, "/Users/\(ana)").tag == changed.tag)

        let rename = Client.patch(["op": "replace", "path": "displayName", "value": "Operators"])
        #expect(await directory.send(.patch, "/Groups/\(team)", rename).status == 200)
        let renamed = await directory.send(.get, "/Users/\(ana)")
        #expect(renamed.tag != changed.tag, "the group is told by its name")
        #expect(await directory.send(.delete, "/Groups/\(team)").status == 204)
        #expect(await directory.send(.get, "/Users/\(ana)").tag == #"W/"2""#)
    }

    @Test("users and groups are searched at once, users first; what one kind has not finds none of it")
    func everything() async throws {
        for name in ["ana", "ben", "cleo"] {
            scene.door.time.advance(by: .seconds(1))
            _ = try await directory.make(
                "Users", Client.user("\(name)@example.com", ["displayName": .string("Team \(name)")]))
        }
        for name in ["Team One", "Team Two", "Others"] {
            scene.door.time.advance(by: .seconds(1))
            _ = try await directory.make("Groups", Client.group(name))
        }
        func search(_ more: [String: JSONValue]) async -> JSONValue {
            let own: [String: JSONValue] = ["schemas": [.string(URN.search)], "attributes": ["displayName"]]
            return await directory.send(.post, "/.search", .object(own.merging(more) { $1 })).json
        }
        func names(_ answer: JSONValue) -> [String] {
            answer["Resources"]?.array?.compactMap { $0["displayName"]?.string } ?? []
        }
        let all = await search([:])
        #expect(all["totalResults"] == 6 && names(all).count == 6, "\(all)")
        #expect(all["Resources"]?[0]?["schemas"] == [.string(URN.user)])
        #expect(all["Resources"]?[5]?["schemas"] == [.string(URN.group)])
        let page = await search(["filter": #"displayName sw "team""#, "startIndex": 3, "count": 2])
        #expect(page["totalResults"] == 5 && page["startIndex"] == 3 && page["itemsPerPage"] == 2)
        #expect(names(page) == ["Team cleo", "Team One"])
        let beyond = await search(["startIndex": 6, "count": 5])
        #expect(names(beyond) == ["Others"] && beyond["totalResults"] == 6)
        let none = await search(["count": 0])
        #expect(none["totalResults"] == 6 && none["Resources"] == [])
        let one = await search(["filter": #"userName eq "BEN@example.com""#])
        #expect(names(one) == ["Team ben"] && one["totalResults"] == 1)
        let groups = await search(["filter": #"meta.resourceType eq "Group""#])
        #expect(groups["totalResults"] == 3 && names(groups).contains("Others"))
        #expect(await search(["filter": #"password eq "x""#])["scimType"] == "invalidFilter")
        #expect(await search(["filter": "id pr", "count": "many"])["scimType"] == "invalidValue")

        let stranger = try await scene.stranger()
        let theirs = await stranger.directory.send(.post, "/.search", ["schemas": [.string(URN.search)]])
        #expect(theirs.status == 200 && theirs.json["totalResults"] == 0)
    }

    @Test("a person is found whichever way their domain is written", arguments: [true, false])
    func domainNames(isPlain: Bool) async throws {
        try await scene.verify("xn--bcher-kva.de")
        let forms = ["ana@xn--bcher-kva.de", "ana@BÜCHER.de"]
        let ana = try await Given.person(email: (isPlain ? forms[0] : forms[1]).lowercased())
        try await Given.membership(of: ana, in: scene.org, as: .editor)
        let id = try await directory.make(
            "Users", Client.user(isPlain ? forms[1] : forms[0], ["displayName": "Ana B."]))
        #expect(try await scene.person(id) == ana)
        #expect(try await scene.role(of: ana) == "editor")
        let named = try await scene.count(
            "SELECT count(*) FROM pulse.members WHERE user_id = \(ana) AND display_name = 'Ana B.'")
        #expect(named == 1, "the organisation answers for its domain")
    }

    @Test("pages turn, and tell how many there are in all") func pages() async throws {
        for number in 1...7 {
            scene.door.time.advance(by: .seconds(1))
            _ = try await directory.make("Users", Client.user("user\(number)@example.com"))
        }
        let page = await directory.send(.get, "/Users?startIndex=6&count=5&attributes=userName").json
        #expect(page["totalResults"] == 7 && page["itemsPerPage"] == 2 && page["startIndex"] == 6)
        #expect(page["Resources"]?.array?.map { $0["userName"] } == ["user6@example.com", "user7@example.com"])
        let none = await directory.send(.get, "/Users?count=0").json
        #expect(none["totalResults"] == 7 && none["Resources"] == [])
        let beyond = await directory.send(.get, "/Users?startIndex=1000").json
        #expect(beyond["totalResults"] == 7 && beyond["Resources"] == [])
    }

    @Test("who is deactivated is out at once, with sessions and tokens, and gets everything back with active")
    func deactivation()
        async throws
    {
        try await scene.verify("example.com")
        let ana = try await Given.person(email: "ana@example.com")
        try await Given.membership(of: ana, in: scene.org, as: .editor)
        let browser = try await scene.door.browser(of: ana)
        let minted = await browser.send(.post, "/api/security/tokens", ["name": "mine", "scopes": ["settings:read"]])
        let id = try await directory.make("Users", Client.user("ana@example.com"))
        #expect(try await scene.person(id) == ana, "the domain is the organisation's own: it is her account")
        #expect(try await scene.role(of: ana) == "editor", "\(minted.text)")
        let off = await directory.send(
            .patch, "/Users/\(id)", Client.patch(["op": "Replace", "path": "active", "value": "False"]))
        #expect(off.status == 200 && off.json["active"] == false, "\(off.text)")
        #expect(try await scene.role(of: ana) == nil)
        #expect(try await scene.count("SELECT count(*) FROM pulse.api_tokens WHERE owner_id = \(ana)") == 0)
        #expect(
            await browser.send(.get, "/api/security/tokens", nil, headers: ["x-pulse-org-id": "\(scene.org)"]).status
                == 404)
        let on = await directory.send(
            .patch, "/Users/\(id)", Client.patch(["op": "replace", "value": ["active": true]]))
        #expect(on.status == 200 && on.json["active"] == true, "\(on.text)")
        #expect(try await scene.role(of: ana) == "editor", "what was given by hand comes back")
    }

    @Test("PUT without active leaves it as it was") func putKeepsActive() async throws {
        let id = try await directory.make("Users", Client.user("ana@example.com", ["active": false]))
        #expect(try await scene.person(id) == nil)
        let put = await directory.send(.put, "/Users/\(id)", Client.user("ana@example.com", ["title": "x"]))
        #expect(put.json["active"] == false)
        #expect(try await scene.person(id) == nil)
    }

    @Test("the last owner stays, whatever the directory says") func lastOwner() async throws {
        try await scene.verify("example.org")
        let address = try await TestDatabase.current.superuser.firstGlobally(
            "SELECT email FROM pulse.users WHERE id = \(scene.ownerID)"
        ) { try $0.next(String.self) }
        let id = try await directory.make("Users", Client.user(try #require(address)))
        #expect(try await scene.person(id) == scene.ownerID)
        let off = Client.patch(["op": "replace", "path": "active", "value": false])
        for answer in [
            await directory.send(.patch, "/Users/\(id)", off), await directory.send(.delete, "/Users/\(id)"),
            await directory.send(.put, "/Users/\(id)", Client.user(try #require(address), ["active": false])),
        ] { #expect(answer.status == 409, "\(answer.text)") }
        #expect(try await scene.role(of: scene.ownerID) == "owner")
        #expect(await directory.send(.get, "/Users/\(id)").json["active"] == true)
        let second = try await Given.person()
        try await Given.membership(of: second, in: scene.org, as: .owner)
        #expect(await directory.send(.patch, "/Users/\(id)", off).status == 200)
        #expect(try await scene.role(of: scene.ownerID) == nil)
        #expect(
            await directory.send(.patch, "/Users/\(id)", Client.patch(["op": "add", "value": ["active": true]])).status
                == 200)
        #expect(try await scene.role(of: scene.ownerID) == "admin", "a directory makes no owners")
    }

    @Test("names and addresses follow for people the directory answers for, and for nobody else") func names()
        async throws
    {
        let shown = { (user: UserID) in
            try await TestDatabase.current.superuser.firstGlobally(
                "SELECT display_name || ' ' || email FROM pulse.members WHERE org_id = \(scene.org) AND user_id = \(user)"
            ) { try $0.next(String.self) }
        }
        let local = try await directory.make(
            "Users", Client.user("ana", ["displayName": "Ana", "emails": [["value": "ana@elsewhere.example"]]]))
        let person = try #require(try await scene.person(local))
        #expect(try await shown(person) == "Ana ana@elsewhere.example")
        await directory.send(
            .patch, "/Users/\(local)",
            Client.patch(["op": "replace", "value": ["displayName": "Ana B.", "emails": [["value": "b@new.example"]]]]))
        #expect(try await shown(person) == "Ana B. b@new.example")
        let account = try await TestDatabase.current.superuser.firstGlobally(
            "SELECT email_key FROM pulse.users WHERE id = \(person)"
        ) { try $0.next(String.self) }
        #expect(account?.hasPrefix("local:") == true, "it answers to no address")
    }
}
