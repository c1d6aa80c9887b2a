import FrontDoorKit
import HTTPKit
import Inventory
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Connections

@Suite(.postgres) struct ConnectionStoreTests {
    private func checked(_ one: WatchedConnection, _ health: ConnectionHealth) -> CheckedConnection {
        CheckedConnection(id: one.id, revision: one.revision, health: health)
    }

    @Test("health goes into its row and comes back as it was, for many connections in one statement")
    func roundTrip() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        for name in ["a", "b", "c"] { _ = try await place.made(browser, ["name": .string(name)]) }
        let (all, now) = (try await place.store.watched(of: org), place.door.time.now)
        var (fine, failing) = (ConnectionHealth(), ConnectionHealth())
        let part = DegradedPart("ceph", ConnectionFault(.permission, "Sys.Audit is missing."))
        fine.take(
            PollReport(degraded: [part], version: "8.4.1", instanceName: "fra", latency: .milliseconds(82)),
            discovered: [.vm: 18, .storage: 5], cadence: .seconds(10), startedAt: now, at: now, jitter: 0)
        failing.fail(ConnectionFault(.timeout, "No answer within 10 s."), cadence: .seconds(10), at: now, jitter: 0)
        try await place.store.keep([checked(all[0], fine), checked(all[1], failing)], in: org)
        let after = try await place.store.watched(of: org)
        #expect(after.map(\.health) == [fine, failing, ConnectionHealth()])
        #expect(after.map(\.name) == ["a", "b", "c"])
    }

    @Test("what was learned under another configuration is not written, nor for one that is switched off or gone")
    func stale() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let path = try await place.made(browser)
        let old = try await place.store.watched(of: org)[0]
        #expect(await browser.send(.patch, path, ["secret": "renewed"]).status == 200)
        var refused = old.health
        refused.fail(
            ConnectionFault(.authentication, "Refused."), cadence: .seconds(10), at: place.door.time.now, jitter: 0)
        try await place.store.keep([checked(old, refused)], in: org)
        #expect(try await place.store.watched(of: org)[0].health.state == .pending)
        #expect(await browser.send(.patch, path, ["enabled": false]).status == 200)
        try await place.store.keep([checked(try await place.store.watched(of: org)[0], refused)], in: org)
        #expect(try await place.store.watched(of: org)[0].health.state == .disabled)
        #expect(await browser.send(.delete, path).status == 204)
        try await place.store.keep([checked(old, refused)], in: org)
        #expect(try await place.store.watched(of: org).isEmpty)
    }

    @Test("a parked connection stays parked over a take-over, until its configuration changes")
    func parked() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let path = try await place.made(browser)
        let one = try await place.store.watched(of: org)[0]
        var refused = one.health
        refused.fail(
            ConnectionFault(.authentication, "Refused."), cadence: .seconds(10), at: place.door.time.now, jitter: 0)
        try await place.store.keep([checked(one, refused)], in: org)
        let far = place.door.time.now + .seconds(1_000_000)
        #expect(try await place.store.watched(of: org)[0].health.isDue(at: far) == false)
        #expect(await browser.send(.patch, path, ["name": "other"]).status == 200)
        #expect(try await place.store.watched(of: org)[0].health.isDue(at: far) == false)
        #expect(await browser.send(.patch, path, ["secret": "renewed"]).status == 200)
        #expect(try await place.store.watched(of: org)[0].health.isDue(at: far))
    }

    @Test("one secret that does not open hides none of the others, and is shown, renewed or removed like them")
    func broken() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let path = try await place.made(browser, ["name": "broken"])
        _ = try await place.made(browser)
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.connections SET host = set_byte(host, 40, 255 - get_byte(host, 40)) WHERE name = 'broken'")
        let all = try await place.store.watched(of: org)
        #expect(all.count == 2)
        guard case .failure(let fault) = all[0].spec else {
            Issue.record("a damaged address opens")
            return
        }
        #expect(fault.reason == .misconfigured)
        #expect(try await place.store.specs(of: org).map(\.name) == ["fra"])
        let shown = await browser.send(.get, "/api/connections").json["data"]
        #expect(shown?[0]?["name"] == "broken" && shown?[0]?["host"] == nil && shown?[1]?["host"] == "pve.example.com")
        let mended = await browser.send(.patch, path, ["host": "pve.example.com", "secret": "again"])
        #expect(mended.status == 200, "\(mended.text)")
        #expect(try await place.store.specs(of: org).count == 2)
    }

    @Test("however many are made at once, there are never more than are asked")
    func limit() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        _ = try await place.made(browser)
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.connections
            SELECT n.* FROM pulse.connections c, generate_series(2, \(ConnectionStore.limit - 1)) AS number,
                LATERAL jsonb_populate_record(c, jsonb_build_object(
                    'id', gen_random_uuid(), 'name', number::text, 'name_key', number::text)) AS n
            """)
        let (store, now) = (place.store, place.door.time.now)
        let stored = try await store.rows(in: org, "c.name = 'fra'", limit: 1)[0].stored
        let model = try await store.configuration(of: stored, in: org)
        let refusals = await withTaskGroup(of: String?.self) { group in
            for number in 0..<10 {
                var new = model
                new.name = "new \(number)"
                group.addTask { [new] in
                    do {
                        _ = try await store.create(
                            .new(at: now), new, secret: Secret("s3cret"), health: ConnectionHealth(), in: org, at: now,
                            entry: "SELECT 1")
                        return nil
                    } catch { return (error as? Problem)?.slug ?? "\(error)" }
                }
            }
            return await group.reduce(into: [String]()) { refusals, slug in if let slug { refusals.append(slug) } }
        }
        #expect(refusals == [String](repeating: "connection-limit", count: 9))
        #expect(try await store.watched(of: org).count == ConnectionStore.limit)
    }

    @Test("host and secret stand in the table as ciphertexts alone")
    func sealed() async throws {
        let place = try ConnectionsCase()
        let (browser, _) = try await place.member()
        _ = try await place.made(browser)
        let row = try await TestDatabase.current.superuser.firstGlobally(
            "SELECT c::text || encode(c.host, 'escape') || encode(c.secret, 'escape') FROM pulse.connections c"
        ) { try $0.next(String.self) }
        #expect(row?.contains("pve.example.com") == false && row?.contains("s3cret") == false)
    }

    @Test("another organisation neither sees nor touches a connection, and is told what a stranger is told")
    func isolation() async throws {
        let place = try ConnectionsCase()
        let (ours, org) = try await place.member()
        let (theirs, their) = try await place.member()
        let path = try await place.made(ours)
        #expect(await theirs.send(.get, "/api/connections").json["data"] == [])
        let unknown = "/api/connections/\(ConnectionID.new(at: place.door.time.now))"
        for (method, tail) in [
            (Endpoint.Method.get, ""), (.patch, ""), (.delete, ""), (.post, "/test"), (.post, "/poll"),
        ] {
            let body: JSONValue? = method == .get || method == .delete ? nil : [:]
            let foreign = await theirs.send(method, path + tail, body)
            #expect(foreign.status == 404 && foreign.slug == "connection-not-found")
            #expect(foreign.text == (await theirs.send(method, unknown + tail, body)).text)
        }
        #expect(try await place.store.watched(of: their).isEmpty)
        let one = try await place.store.watched(of: org)[0]
        var health = one.health
        health.fail(ConnectionFault(.timeout, "x"), cadence: .seconds(10), at: place.door.time.now, jitter: 0)
        try await place.store.keep([checked(one, health)], in: their)
        #expect(try await place.store.watched(of: org)[0].health == ConnectionHealth())
    }
}
