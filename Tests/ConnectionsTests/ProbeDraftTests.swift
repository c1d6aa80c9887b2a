import FrontDoorKit
import HTTPKit
import Inventory
import JSONKit
import Kernel
import TestKit
import Testing

@testable import Connections

@Suite struct ProbeDraftTests {
    private func read(_ text: String) throws -> ProbeSettings {
        var reader = JSONReader(Array(text.utf8))
        return try ProbeSettings(try reader.decode(JSONValue.self))
    }

    @Test(
        "what is said of a check is kept as it was said",
        arguments: [
            #"{"protocol":"icmp","timeoutMillis":500,"failureThreshold":3}"#,
            #"{"protocol":"https","path":"/health?full=1","expected":"ok","expiryWarningDays":14}"#,
            #"{"protocol":"udp","request":"ping","expected":"pong","allowSilence":true}"#,
            #"{"protocol":"dns","question":"shop.example.com"}"#, #"{"protocol":"tls"}"#,
        ])
    func roundTrip(text: String) throws {
        let settings = try read(text)
        #expect(ProbeSettings.stored(settings.text) == settings)
    }

    @Test("ping is another word for icmp, and what is not said is usual")
    func usual() throws {
        let settings = try read(#"{"protocol":"ping"}"#)
        #expect(settings.means == .icmp && settings.timeoutMilliseconds == 2000 && settings.failureThreshold == 2)
    }

    @Test(
        "what cannot be checked, or would not be, is refused by its name",
        arguments: [
            (#"{}"#, "probe.protocol"), (#"{"protocol":"gopher"}"#, "probe.protocol"),
            (#"{"protocol":"icmp","path":"/"}"#, "probe.path"), (#"{"protocol":"http","path":"x"}"#, "probe.path"),
            (#"{"protocol":"http","path":"/a b"}"#, "probe.path"),
            (#"{"protocol":"http","path":"/\r\nHost: x"}"#, "probe.path"),
            (#"{"protocol":"http","expiryWarningDays":3}"#, "probe.expiryWarningDays"),
            (#"{"protocol":"tcp","timeoutMillis":50}"#, "probe.timeoutMillis"),
            (#"{"protocol":"tcp","failureThreshold":0}"#, "probe.failureThreshold"),
            (#"{"protocol":"udp","allowSilence":"yes"}"#, "probe.allowSilence"), (#"[]"#, "probe"),
        ])
    func refused(text: String, field: String) {
        let problem = #expect(throws: Problem.self) { try read(text) }
        #expect(problem?.field == field)
    }
}

@Suite(.postgres) struct ProbeConnectionTests {
    @Test("a check is a connection that says what is checked, from its making to its change")
    func connection() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let draft: JSONValue = [
            "kind": "availability", "name": "shop", "host": "shop.example.com", "port": 80,
            "probe": ["protocol": "http", "path": "/health"],
        ]
        let made = await browser.send(.post, "/api/connections", draft)
        #expect(made.status == 201 && made.json["probe"]?["path"] == "/health", "\(made.text)")
        let path = "/api/connections/\(try #require(made.json["id"]?.string))"
        let changed = await browser.send(.patch, path, ["probe": ["protocol": "tcp"], "port": 443])
        #expect(changed.json["probe"]?["protocol"] == "tcp" && changed.json["probe"]?["path"] == nil, "\(changed.text)")
        #expect(await browser.send(.patch, path, ["name": "shop front"]).json["probe"]?["protocol"] == "tcp")
        let spec = try await place.store.specs(of: org).first
        #expect(spec?.probe?.means == .tcp && spec?.port == 443)
    }

    @Test("what another check found says nothing of this one, and trying another check nothing of what is stored")
    func otherCheck() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let made = await browser.send(
            .post, "/api/connections",
            [
                "kind": "availability", "name": "shop", "host": "shop.example.com", "port": 80,
                "probe": ["protocol": "http", "path": "/health"],
            ])
        let path = "/api/connections/\(try #require(made.json["id"]?.string))"
        let one = try await place.store.watched(of: org)[0]
        var fine = one.health
        fine.take(
            PollReport(), cadence: one.cadence, startedAt: place.door.time.now, at: place.door.time.now, jitter: 0)
        try await place.store.keep([CheckedConnection(id: one.id, revision: one.revision, health: fine)], in: org)
        func health() async throws -> ConnectionHealth { try await place.store.watched(of: org)[0].health }
        // Nobody looks here, so every try fails.
        let edited = await browser.send(.post, path + "/test", ["probe": ["protocol": "http", "path": "/other"]])
        #expect(edited.json["ok"] == false, "\(edited.text)")
        #expect(try await health() == fine)
        #expect(await browser.send(.patch, path, ["name": "front"]).status == 200)
        #expect(try await health() == fine)
        #expect(await browser.send(.patch, path, ["probe": ["protocol": "http", "path": "/other"]]).status == 200)
        let after = try await health()
        // As it was when it was made, with what was known of the place before.
        #expect(after.state == .failing && after.fault?.reason == .unsupported && after.okAt == fine.okAt)
        #expect(after.consecutiveFailures == 1 && after.nextPollAt != nil)
    }

    @Test("a check has to say what it checks, and a platform is no check")
    func needed() async throws {
        let place = try ConnectionsCase()
        let (browser, _) = try await place.member()
        let bare = await browser.send(
            .post, "/api/connections", ["kind": "availability", "name": "a", "host": "a.example.com"])
        #expect(bare.status == 400 && bare.json["field"] == "probe.protocol", "\(bare.text)")
        let choosy = await browser.send(
            .post, "/api/connections",
            [
                "kind": "availability", "name": "a", "host": "a.example.com", "probe": ["protocol": "tcp"],
                "adaptive": true,
            ])
        #expect(choosy.status == 400 && choosy.json["field"] == "adaptive", "\(choosy.text)")
        let platform = await place.create(browser, ["probe": ["protocol": "tcp"]])
        #expect(platform.status == 400 && platform.json["field"] == "probe", "\(platform.text)")
    }

    @Test(
        "every kind of check looks from an agent of the organisation, and from no other's",
        arguments: ProbeSettings.Means.allCases)
    func throughAgent(means: ProbeSettings.Means) async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let ours = try await Given.agent(in: org)
        let theirs = try await Given.agent(in: try await Given.organisation())
        func make(_ agent: AgentID) async -> Browser.Answer {
            await browser.send(
                .post, "/api/connections",
                [
                    "kind": "availability", "name": "b", "host": "192.168.1.9", "port": 161,
                    "probe": ["protocol": .string(means.rawValue)], "agentId": .string("\(agent)"),
                ])
        }
        let foreign = await make(theirs.id)
        #expect(foreign.status == 400 && foreign.json["field"] == "agentId", "\(foreign.text)")
        let made = await make(ours.id)
        #expect(made.status == 201 && made.json["agentId"]?.string == "\(ours.id)", "\(made.text)")
    }
}
