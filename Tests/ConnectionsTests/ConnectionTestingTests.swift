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

@Suite(.postgres) struct ConnectionTestingTests {
    @Test("a draft is tried with its own secret, and nothing of it is kept")
    func unsaved() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let answer = await browser.send(.post, "/api/connections/test", ConnectionsCase.draft(["name": .null]))
        #expect(answer.json["ok"] == true && answer.json["version"] == "9.1.2", "\(answer.text)")
        #expect(answer.json["discovered"] == ["agent": 3, "vm": 18])
        #expect(answer.json["degraded"]?[0]?["part"] == "guest-agent")
        #expect(place.platform.sent == ["pulse@pve!monitor s3cret-uuid to pve.example.com:8006"])
        #expect(try await place.store.watched(of: org).isEmpty)
        #expect(try await place.entries("connection.test", in: org).count == 1)
    }

    @Test("a certificate that nobody vouches for is shown, for a person to confirm")
    func certificate() async throws {
        let place = try ConnectionsCase()
        let (browser, _) = try await place.member()
        let refused = ConnectionFault(.untrustedCertificate, "The certificate is self-signed.")
        place.platform.answer.withLockedValue { $0 = .failure(refused) }
        let answer = await browser.send(.post, "/api/connections/test", ConnectionsCase.draft([:])).json
        #expect(answer["ok"] == false && answer["reason"] == "untrusted-certificate")
        let shown = Fingerprint.text(FakePlatform.shown.sha256)
        #expect(answer["certificate"]?["fingerprint"]?.string == shown && answer["certificate"]?["trusted"] == false)
        let asked = await browser.send(
            .post, "/api/connections/certificate", ["kind": "pve", "host": "pve.example.com"])
        #expect(asked.json["certificate"]?["fingerprint"]?.string == shown, "\(asked.text)")
    }

    @Test("a platform whose certificate cannot be read says why, and a forbidden address is not even tried")
    func unreachable() async throws {
        let place = try ConnectionsCase()
        let (browser, _) = try await place.member()
        place.platform.answer.withLockedValue { $0 = .failure(ConnectionFault(.unreachable, "Nobody listens there.")) }
        let answer = await browser.send(
            .post, "/api/connections/certificate", ["kind": "pve", "host": "pve.example.com"])
        #expect(
            answer.json["ok"] == false && answer.json["reason"] == "unreachable")
        for host in ["10.0.0.1", "169.254.169.254", "[::1]:22"] {
            let answer = await browser.send(
                .post, "/api/connections/certificate", ["kind": "pve", "host": .string(host)])
            #expect(answer.status == 400 && answer.json["field"] == "host")
        }
    }

    @Test("a test of what is stored is what the list then shows; one with changes is not")
    func stored() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let path = try await place.made(browser)
        let changed = await browser.send(
            .post, path + "/test", ["host": "pve2.example.com", "secret": "another"])
        #expect(changed.json["ok"] == true)
        #expect(await browser.send(.get, path).json["health"]?["state"] == "pending")
        let answer = await browser.send(.post, path + "/test")
        #expect(answer.json["ok"] == true, "\(answer.text)")
        let shown = await browser.send(.get, "/api/connections").json["data"]?[0]?["health"]
        #expect(shown?["state"] == "degraded" && shown?["latencyMs"] == 61 && shown?["version"] == "9.1.2")
        #expect(shown?["discovered"] == ["agent": 3, "vm": 18])
        #expect(shown?["okAt"]?.string == "\(place.door.time.now)")
        #expect(
            place.platform.sent == [
                "pulse@pve!monitor another to pve2.example.com:8006",
                "pulse@pve!monitor s3cret-uuid to pve.example.com:8006",
            ])
        #expect(try await place.entries("connection.test", in: org).count == 2)
    }

    @Test("a test that succeeds brings a parked connection back")
    func back() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let path = try await place.made(browser)
        place.platform.answer.withLockedValue { $0 = .failure(ConnectionFault(.authentication, "Refused.")) }
        _ = await browser.send(.post, path + "/test")
        #expect(try await place.store.watched(of: org)[0].health.state == .parked)
        place.platform.answer.withLockedValue { $0 = .success(FakePlatform.found) }
        let wishes = try await place.wishes { _ = await browser.send(.post, path + "/test") }
        #expect(wishes == ["\(org) \(path.split(separator: "/").last ?? "")"])
        let health = try await place.store.watched(of: org)[0].health
        #expect(health.state == .degraded && health.isDue(at: place.door.time.now))
    }

    @Test("a test that fails where polls succeed has the platform asked at once, and parks nothing for good")
    func failsOnce() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let path = try await place.made(browser)
        let wish = "\(org) \(path.split(separator: "/").last ?? "")"
        let faults = [ConnectionFault(.authentication, "Refused."), ConnectionFault(.timeout, "Too slow.")]
        for fault in faults {
            place.platform.answer.withLockedValue { $0 = .success(FakePlatform.found) }
            _ = await browser.send(.post, path + "/test")
            place.door.time.advance(by: .seconds(1))
            place.platform.answer.withLockedValue { $0 = .failure(fault) }
            let wishes = try await place.wishes { _ = await browser.send(.post, path + "/test") }
            #expect(wishes == [wish])
            // The record is the test's until the poll has ended; whoever takes over before that asks, too.
            let health = try await place.store.watched(of: org)[0].health
            #expect(health.fault == fault && health.isDue(at: place.door.time.now))
        }
    }

    @Test("a second refusal by test is no reason to have a parked connection refused once more")
    func failsAgain() async throws {
        let place = try ConnectionsCase()
        let (browser, org) = try await place.member()
        let path = try await place.made(browser)
        let refusal = ConnectionFault(.authentication, "Refused.")
        place.platform.answer.withLockedValue { $0 = .failure(refusal) }
        let first = try await place.wishes { _ = await browser.send(.post, path + "/test") }
        #expect(first.count == 1)
        // Until the worker has asked, the wish stands.
        let second = try await place.wishes { _ = await browser.send(.post, path + "/test") }
        #expect(second.count == 1)
        let one = try await place.store.watched(of: org)[0]
        #expect(one.health.state == .parked && one.health.isDue(at: place.door.time.now))
        var polled = one.health
        polled.take(
            PollReport(fault: refusal), cadence: .seconds(10), startedAt: place.door.time.now, at: place.door.time.now,
            jitter: 0)
        try await place.store.keep(
            [CheckedConnection(id: one.id, revision: one.revision, health: polled)], in: org)
        let third = try await place.wishes { _ = await browser.send(.post, path + "/test") }
        #expect(third.isEmpty)
        #expect(try await !place.store.watched(of: org)[0].health.isDue(at: place.door.time.now + .seconds(86_400)))
    }

    @Test("a preview names the connections that lead to the same place or to a platform of the same name")
    func preview() async throws {
        let place = try ConnectionsCase()
        let (browser, _) = try await place.member()
        let first = try await place.made(browser)
        _ = await browser.send(.post, first + "/test")
        _ = try await place.made(browser, ["name": "other", "host": "pve9.example.com"])
        let same = await browser.send(.post, "/api/connections/preview", ConnectionsCase.draft([:]))
        #expect(same.json["existing"]?.array?.map { $0["why"]?.string } == ["same-address"], "\(same.text)")
        let cluster = await browser.send(
            .post, "/api/connections/preview", ConnectionsCase.draft(["host": "pve2.example.com"]))
        #expect(cluster.json["existing"]?[0]?["why"] == "same-platform")
        #expect(cluster.json["existing"]?[0]?["name"] == "fra")
    }

    @Test("an organisation has four tests at once, and the fifth is told to wait")
    func bounded() async throws {
        let slots = TestSlots()
        let (ours, theirs) = (OrgID.new(at: Timestamp(seconds: 1)), OrgID.new(at: Timestamp(seconds: 2)))
        let taken = try (0..<TestSlots.perOrganisation).map { _ in try slots.take(for: ours) }
        #expect(throws: Problem.connectionTestBusy) { try slots.take(for: ours) }
        try slots.take(for: theirs).giveBack()
        taken[0].giveBack()
        try slots.take(for: ours).giveBack()
        let others = try (0..<13).map { number in try slots.take(for: OrgID.new(at: Timestamp(seconds: Int64(number))))
        }
        #expect(throws: Problem.connectionTestBusy) { try slots.take(for: theirs) }
        for slot in others { slot.giveBack() }
        try slots.take(for: theirs).giveBack()
    }
}
