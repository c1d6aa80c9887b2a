import FrontDoorKit
import HTTPKit
import Inventory
import JSONKit
import Kernel
import NIOConcurrencyHelpers
import Postgres
import TestKit
import Testing

@testable import Connections

@Suite(.postgres) struct ConnectionRoutesTests {
    @Test("a connection is made, shown, changed and removed, and its secret never comes out")
    func life() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let before = try await place.generation(of: org)
        let made = await place.create(
            browser, ["host": "https://PVE.example.com:8007/#v1", "tags": ["North", "north"]])
        #expect(made.status == 201, "\(made.text)")
        #expect(made.json["host"] == "pve.example.com" && made.json["port"] == 8007)
        #expect(made.json["tags"] == ["north"] && made.json["secretSet"] == true && made.json["cadenceSeconds"] == 10)
        #expect(made.json["health"]?["state"] == "pending")
        let path = "/api/connections/\(try #require(made.json["id"]?.string))"
        #expect(await browser.send(.get, path).json == made.json)
        #expect(await browser.send(.get, "/api/connections").json["data"] == [made.json])
        let changed = await browser.send(.patch, path, ["name": "frankfurt", "cadenceSeconds": 30])
        #expect(changed.status == 200, "\(changed.text)")
        #expect(changed.json["name"] == "frankfurt" && changed.json["cadenceSeconds"] == 30)
        #expect(changed.json["revision"] == 2 && changed.json["secretSet"] == true)
        for answer in [made, changed, await browser.send(.get, path)] { #expect(!answer.text.contains("s3cret")) }
        #expect(
            try await place.store.specs(of: org).first?.credential
                == .token(id: "pulse@pve!monitor", secret: Secret("s3cret-uuid")))
        #expect(await browser.send(.delete, path).status == 204)
        #expect(await browser.send(.get, path).slug == "connection-not-found")
        #expect(await browser.send(.delete, path).slug == "connection-not-found")
        #expect(try await place.generation(of: org) == before + 3)
        for action in ["create", "update", "delete"] {
            let told = try await place.entries("connection.\(action)", in: org)
            #expect(told.count == 1 && !told[0].contains("s3cret") && !told[0].contains("example.com"))
        }
    }

    @Test(
        "what cannot be is refused, naming the field",
        arguments: [
            ("kind", ["kind": "esxi"]), ("kind", ["kind": nil]), ("name", ["name": ""]), ("name", ["name": "a\nb"]),
            ("host", ["host": ""]), ("host", ["host": "http://pve.example.com"]), ("host", ["host": "127.1"]),
            ("host", ["host": "192.168.1.10"]), ("host", ["host": "169.254.169.254"]), ("host", ["host": "::1"]),
            ("host", ["host": "[::ffff:10.0.0.1]:8006"]), ("port", ["port": 0]), ("port", ["port": 65_536]),
            ("port", ["port": "8006"]), ("tokenId", ["tokenId": "root"]), ("tokenId", ["tokenId": "root!monitor"]),
            ("user", ["tokenId": nil, "user": "root"]), ("user", ["user": "root@pam"]), ("tokenId", ["tokenId": nil]),
            ("secret", ["secret": nil]), ("secret", ["secret": ""]), ("secret", ["secret": "two words"]),
            ("secret", ["secret": "a\nb"]), ("cadenceSeconds", ["cadenceSeconds": 9]),
            ("cadenceSeconds", ["cadenceSeconds": 3601]), ("cadenceSeconds", ["cadenceSeconds": 10.5]),
            ("trust.mode", ["trust": ["mode": "none"]]), ("trust.mode", ["trust": "system"]),
            ("trust.certificates", ["trust": ["mode": "authorities"]]),
            ("trust.certificates", ["trust": ["mode": "authorities", "certificates": "-----BEGIN CERTIFICATE-----"]]),
            ("trust.fingerprint", ["trust": ["mode": "pinned"]]),
            ("trust.fingerprint", ["trust": ["mode": "pinned", "fingerprint": "A3:A3"]]),
            ("enabled", ["enabled": "yes"]), ("adaptive", ["adaptive": "yes"]), ("tags", ["tags": [""]]),
            ("tags", ["tags": "north"]),
            ("siteId", ["siteId": "nonsense"]), ("siteId", ["siteId": "01935c1e-7d00-7000-8000-00000000000b"]),
            ("agentId", ["agentId": "01935c1e-7d00-7000-8000-00000000000b"]),
        ] as [(String, [String: JSONValue?])])
    func refused(field: String, change: [String: JSONValue?]) async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        var draft = ConnectionsCase.draft
        for (member, value) in change { draft[member] = value }
        let answer = await browser.send(.post, "/api/connections", .object(draft))
        #expect(answer.status == 400 && answer.json["field"]?.string == field, "\(answer.text)")
        #expect(try await place.store.watched(of: org).isEmpty)
        #expect(try await place.entries("connection.create", in: org).isEmpty)
    }

    @Test("a private address may be reached through an agent of the organisation, and through no other")
    func gateway() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let ours = try await Given.agent(in: org)
        let theirs = try await Given.agent(in: try await Given.organisation())
        let made = await place.create(browser, ["host": "192.168.1.10", "agentId": .string("\(ours.id)")])
        #expect(made.status == 201 && made.json["agentId"]?.string == "\(ours.id)", "\(made.text)")
        let foreign = await place.create(
            browser, ["name": "ams", "host": "192.168.1.10", "agentId": .string("\(theirs.id)")])
        #expect(foreign.json["field"] == "agentId")
    }

    @Test(
        "a stored secret goes nowhere else: place, way, trust and name that signs in change only with it",
        arguments: [
            ["host": "evil.example.net"], ["port": 8007],
            ["trust": ["mode": "pinned", "fingerprint": .string(Self.pin)]],
            ["tokenId": "root@pam!other"], ["tokenId": nil, "user": "root@pam"],
        ] as [[String: JSONValue?]])
    func secretStays(change: [String: JSONValue?]) async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let path = try await place.made(browser)
        var body = change.compactMapValues { $0 }
        for (path, method) in [(path, Endpoint.Method.patch), (path + "/test", .post)] {
            let answer = await browser.send(method, path, .object(body))
            #expect(answer.status == 422 && answer.slug == "connection-secret-required", "\(answer.text)")
            #expect(answer.json["field"] == "secret")
        }
        #expect(place.platform.sent.isEmpty)
        body["secret"] = "another"
        #expect(await browser.send(.patch, path, .object(body)).status == 200)
        let spec = try #require(try await place.store.specs(of: org).first)
        #expect(await browser.send(.post, path + "/test", [:]).status == 200)
        #expect(place.platform.sent.allSatisfy { $0.contains("another") && !$0.contains("s3cret") })
        #expect(place.platform.asked.withLockedValue { $0.first?.reachesLike(spec) } == true)
    }

    private static let pin = String(repeating: "a3", count: 32)

    @Test("the same values told again change nothing of that, and keep the secret")
    func sameAgain() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let path = try await place.made(browser)
        var body = ConnectionsCase.draft
        body["secret"] = ""
        body["trust"] = ["mode": "system"]
        #expect(await browser.send(.patch, path, .object(body)).status == 200)
        #expect(
            try await place.store.specs(of: org).first?.credential
                == .token(id: "pulse@pve!monitor", secret: Secret("s3cret-uuid")))
    }

    @Test("a pin is kept as it was confirmed, and authorities are read as PEM")
    func trust() async throws {
        let place = try ConnectionsCase()
        let (browser, _) = try await place.member()
        let pinned = await place.create(
            browser, ["trust": ["mode": "pinned", "fingerprint": .string(Self.pin)]])
        let text = Fingerprint.text([UInt8](repeating: 0xA3, count: 32))
        #expect(pinned.json["trust"] == ["mode": "pinned", "fingerprint": .string(text)])
    }

    @Test("If-Match keeps two people from overwriting each other")
    func revisions() async throws {
        let place = try ConnectionsCase()
        let (browser, _) = try await place.member()
        let path = try await place.made(browser)
        let seen = try #require(await browser.send(.get, path).headers["etag"])
        let first = await browser.send(.patch, path, ["name": "first"], headers: ["if-match": seen])
        #expect(first.status == 200)
        let second = await browser.send(.patch, path, ["name": "second"], headers: ["if-match": seen])
        #expect(second.status == 412 && second.slug == "connection-changed")
        #expect(await browser.send(.delete, path, headers: ["if-match": seen]).status == 412)
        #expect(await browser.send(.delete, path, headers: ["if-match": "nonsense"]).status == 412)
        let now = try #require(first.headers["etag"])
        #expect(await browser.send(.delete, path, headers: ["if-match": now]).status == 204)
    }

    @Test("a name is there once, in whatever case")
    func names() async throws {
        let place = try ConnectionsCase()
        let (browser, _) = try await place.member()
        let path = try await place.made(browser, ["name": "ams"])
        #expect(await place.create(browser, ["name": "AMS"]).slug == "connection-name-taken")
        _ = try await place.made(browser)
        #expect(await browser.send(.patch, path, ["name": "Fra"]).slug == "connection-name-taken")
    }

    @Test(
        "whether Pulse may choose how often is off until somebody says so, is told, audited and heard of by the monitor"
    )
    func adaptive() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let path = try await place.made(browser)
        #expect(await browser.send(.get, path).json["adaptive"] == false)
        #expect(try await place.store.watched(of: org).first?.longestPause == .seconds(10))
        let generation = try await place.generation(of: org)
        let on = await browser.send(.patch, path, ["adaptive": true])
        #expect(on.json["adaptive"] == true && on.json["cadenceSeconds"] == 10)
        #expect(try await place.generation(of: org) == generation + 1)
        let watched = try #require(try await place.store.watched(of: org).first)
        #expect(watched.isAdaptive && watched.longestPause == .seconds(300))
        #expect(try watched.spec.get().longestPause == .seconds(300))
        let renamed = await browser.send(.patch, path, ["name": "still adaptive"])
        #expect(renamed.json["adaptive"] == true)
        #expect(try await place.entries("connection.update", in: org)[0].contains(#""adaptive":true"#))
        #expect(await browser.send(.patch, path, ["adaptive": false]).json["adaptive"] == false)
    }

    @Test("the list can be of some states only, page by page") func states() async throws {
        let place = try ConnectionsCase()
        let (browser, _) = try await place.member()
        for name in ["a", "b", "c", "d"] {
            _ = try await place.made(browser, ["name": .string(name), "enabled": .bool(name == "b")])
        }
        func names(_ query: String) async -> (names: [String?], next: String?) {
            let answer = await browser.send(.get, "/api/connections" + query)
            return (answer.json["data"]?.array?.map { $0["name"]?.string } ?? [], answer.json["nextCursor"]?.string)
        }
        #expect(await names("?state=disabled").names == ["a", "c", "d"])
        #expect(await names("?state=pending").names == ["b"])
        #expect(await names("?state=pending,Disabled&state=ok").names == ["a", "b", "c", "d"])
        #expect(await names("?state=").names == ["a", "b", "c", "d"])
        let first = await names("?state=disabled&limit=2")
        #expect(first.names == ["a", "c"])
        #expect(await names("?state=disabled&limit=2&cursor=\(try #require(first.next))").names == ["d"])
        let wrong = await browser.send(.get, "/api/connections?state=ok,broken")
        #expect(wrong.status == 400 && wrong.json["field"] == "state")
        #expect(await browser.send(.get, "/api/connections?limit=many").json["field"] == "limit")
    }

    @Test("switched off it is not asked, and switched on it is due at once")
    func switches() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let path = try await place.made(browser)
        let off = await browser.send(.patch, path, ["enabled": false])
        #expect(off.json["health"]?["state"] == "disabled")
        #expect(await browser.send(.post, path + "/poll").slug == "connection-disabled")
        #expect(try await place.store.watched(of: org).first?.health.isDue(at: place.door.time.now) == false)
        let on = await browser.send(.patch, path, ["enabled": true])
        #expect(on.json["health"]?["state"] == "pending")
        #expect(try await place.store.watched(of: org).first?.health.isDue(at: place.door.time.now) == true)
    }

    @Test("a poll that is wanted now makes a parked connection due, and its monitor hears of it")
    func pollNow() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let path = try await place.made(browser)
        place.platform.answer.withLockedValue {
            $0 = .failure(ConnectionFault(.authentication, "Sign-in refused (401)."))
        }
        #expect(await browser.send(.post, path + "/test", [:]).json["ok"] == false)
        #expect(try await place.store.watched(of: org).first?.health.state == .parked)
        let wishes = try await place.wishes {
            let answer = await browser.send(.post, path + "/poll")
            #expect(answer.status == 202)
        }
        #expect(wishes == ["\(org) \(path.split(separator: "/").last ?? "")"])
        #expect(try await place.store.watched(of: org).first?.health.isDue(at: place.door.time.now) == true)
        #expect(try await place.entries("connection.poll", in: org).count == 1)
    }

    @Test("a platform that nobody here speaks with is kept, and says so in plain words")
    func unsupported() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let body: JSONValue = [
            "kind": "vmware", "name": "vc", "host": "vc.example.com", "user": "svc@vsphere.local", "secret": "x",
        ]
        let made = await browser.send(.post, "/api/connections", body)
        #expect(made.status == 201, "\(made.text)")
        #expect(made.json["health"]?["reason"] == "unsupported" && made.json["health"]?["state"] == "failing")
        // It is asked again, should the next release speak with it.
        let health = try await place.store.watched(of: org)[0].health
        #expect(health.consecutiveFailures == 1 && health.isDue(at: place.door.time.now + .seconds(301)))
        #expect(!health.isDue(at: place.door.time.now))
        #expect(await browser.send(.post, "/api/connections/test", body).json["reason"] == "unsupported")
        let kinds = await browser.send(.get, "/api/connections/kinds").json["data"]?.array ?? []
        #expect(kinds.filter { $0["supported"] == true }.compactMap { $0["kind"]?.string } == ["pve"])
    }

    @Test("who may look and who may change is a matter of the role", arguments: Role.allCases)
    func roles(role: Role) async throws {
        let place = try ConnectionsCase()
        let (browser, _) = try await place.member(as: role)
        #expect(await browser.send(.get, "/api/connections").status == (role.allows(.readConnections) ? 200 : 403))
        #expect(await place.create(browser).status == (role.allows(.manageConnections) ? 201 : 403))
    }
}
