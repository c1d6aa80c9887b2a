import Foundation
import FrontDoorKit
import HTTPKit
import HostileKit
import Inventory
import JSONKit
import Kernel
import NIOCore
import Outbound
import Postgres
import TestKit
import Testing

@testable import Relay

/// Collectors' way through a real agent to a real TLS server, and everything that ends it.
@Suite(.postgres) struct GatewayRouteTests {
    private func get(
        _ client: HostClient, _ path: String = "/", timeout: Duration = .seconds(60), maxBytes: Int = 100_000
    ) async throws -> OutboundAnswer {
        try await client.send(
            OutboundRequest(path, timeout: timeout, headerTimeout: .seconds(60), maxBytes: maxBytes))
    }

    @Test("a pinned platform is asked through the agent, with TLS from end to end, and many requests on few streams")
    func way() async throws {
        let place = try RelayCase()
        let (_, org) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let certificate = try TestCertificate("pve.inside")
        let target = try await HostileServer(certificate) { .json("[\"\($0.path)\"]") }
        try await place.run { port in
            try await place.gateway(agent, in: org, port: port, allows: ["127.0.0.1:\(target.port)"]) {
                let client = try place.reach.client(
                    of: "127.0.0.1", port: target.port, trust: .pinned(certificate.sha256),
                    route: .viaAgent(agent.id, of: org))
                for path in ["/a", "/b", "/c"] {
                    #expect(try await get(client, path).body == Array("[\"\(path)\"]".utf8))
                }
                #expect(target.accepted == 1)
                let shown = try await place.reach.certificate(
                    of: "127.0.0.1", port: target.port, route: .viaAgent(agent.id, of: org), timeout: .seconds(60))
                #expect(shown.sha256 == certificate.sha256)
                client.close()
                try await eventually("streams end with their connections") {
                    place.board.streams(of: org) == 0
                }
            }
        }
        try await target.close()
        #expect(try await place.entries("gateway.connect", in: org) == 1)
        #expect(try await place.entries("gateway.disconnect", in: org) == 1)
    }

    @Test("not a byte of a request reaches a server with another certificate than the pinned one")
    func pin() async throws {
        let place = try RelayCase()
        let (_, org) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let target = try await HostileServer(try TestCertificate("pve.inside")) { _ in .json("[]") }
        try await place.run { port in
            try await place.gateway(agent, in: org, port: port, allows: ["127.0.0.1:\(target.port)"]) {
                let client = try place.reach.client(
                    of: "127.0.0.1", port: target.port, trust: .pinned([UInt8](repeating: 1, count: 32)),
                    route: .viaAgent(agent.id, of: org))
                await #expect(throws: OutboundError.certificateChanged) { _ = try await get(client) }
            }
        }
        #expect(target.plainBytes == 0 && target.requests.isEmpty)
        try await target.close()
    }

    @Test("another organisation's gateway is none, however exactly it is named") func isolation() async throws {
        let place = try RelayCase()
        let (_, ours) = try await Given.member()
        let (theirUser, theirs) = try await Given.member()
        let agent = try await Given.agent(in: ours)
        let target = try await HostileServer(nil) { _ in .json("[]") }
        try await place.run { port in
            try await place.gateway(agent, in: ours, port: port, allows: ["127.0.0.1:\(target.port)"]) {
                let call = GatewayCall(
                    agent: agent.id, org: theirs, host: "127.0.0.1", port: target.port, timeout: .seconds(60))
                await #expect(throws: OutboundError.noGateway) {
                    _ = try await place.board.reach.open(call) { $0.eventLoop.makeSucceededVoidFuture() }
                }
                let browser = try await place.door.browser(of: theirUser)
                #expect(await browser.send(.get, "/api/gateways").json["data"] == [])
                #expect(await browser.send(.patch, "/api/gateways/\(agent.id)", ["enabled": false]).status == 404)
                #expect(place.board.session(of: agent.id, in: ours) != nil, "it goes on")
            }
        }
        #expect(target.accepted == 0)
        try await target.close()
    }

    @Test("what the agent does not allow is refused there, and what can never be right is not even asked for")
    func refused() async throws {
        let place = try RelayCase()
        let (_, org) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let target = try await HostileServer(try TestCertificate()) { _ in .json("[]") }
        try await place.run { port in
            try await place.gateway(agent, in: org, port: port, allows: ["127.0.0.1:1", "10.0.0.0/8:\(target.port)"]) {
                let cases: [(String, OutboundError)] = [
                    ("127.0.0.1", .gatewayRefused), ("localhost", .gatewayRefused), ("127.1", .gatewayRefused),
                    ("no-such-name.invalid", .unreachable), ("169.254.169.254", .refused), ("0.0.0.0", .refused),
                ]
                for (host, error) in cases {
                    await #expect(throws: error, "\(host)") {
                        _ = try await place.reach.certificate(
                            of: host, port: target.port, route: .viaAgent(agent.id, of: org), timeout: .seconds(60))
                    }
                }
                await #expect(throws: OutboundError.unreachable) {
                    _ = try await place.reach.certificate(
                        of: "127.0.0.1", port: 1, route: .viaAgent(agent.id, of: org), timeout: .seconds(60))
                }
            }
        }
        #expect(target.accepted == 0)
        try await target.close()
    }

    /// Each behind the product's back: nobody has to tell the process that holds the connection.
    enum Ending: String, CaseIterable {
        case removed, disabled, suspended, superseded
    }

    @Test("a gateway that may not go on ends within a second with all its streams", arguments: Ending.allCases)
    func revoked(ending: Ending) async throws {
        let place = try RelayCase()
        let (_, org) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let target = try await HostileServer(nil) { _ in .silence }
        try await place.run { port in
            try await place.gateway(agent, in: org, port: port, allows: ["127.0.0.1:\(target.port)"]) {
                let call = GatewayCall(
                    agent: agent.id, org: org, host: "127.0.0.1", port: target.port, timeout: .seconds(60))
                let channel = try await place.board.reach.open(call) { $0.eventLoop.makeSucceededVoidFuture() }
                let statement: SQL =
                    switch ending {
                    case .removed: "UPDATE pulse.agents SET revoked_at = now() WHERE id = \(agent.id)"
                    case .disabled: "UPDATE pulse.gateways SET is_enabled = false WHERE id = \(agent.id)"
                    case .suspended:
                        "UPDATE pulse.orgs SET state = 'suspended', suspension = 'abuse' WHERE id = \(org)"
                    case .superseded: "UPDATE pulse.gateways SET epoch = epoch + 1 WHERE id = \(agent.id)"
                    }
                let began = ContinuousClock.now
                try await TestDatabase.current.superuser.executeGlobally(statement)
                try await channel.closeFuture.get()
                let took = ContinuousClock.now - began
                print(
                    "gateway_revocation_ms: \(took.components.attoseconds / 1_000_000_000_000_000 + took.components.seconds * 1000) (\(ending.rawValue))"
                )
                await #expect(throws: OutboundError.noGateway) {
                    _ = try await place.board.reach.open(call) { $0.eventLoop.makeSucceededVoidFuture() }
                }
            }
        }
        try await target.close()
    }

    @Test("an agent that is away and comes back is the gateway again") func back() async throws {
        let place = try RelayCase()
        let (_, org) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let target = try await HostileServer(nil) { _ in .json("[]") }
        let call = GatewayCall(
            agent: agent.id, org: org, host: "127.0.0.1", port: target.port, timeout: .seconds(60))
        try await place.run { port in
            for _ in 0..<3 {
                try await place.gateway(agent, in: org, port: port, allows: ["127.0.0.1:\(target.port)"]) {
                    let channel = try await place.board.reach.open(call) { $0.eventLoop.makeSucceededVoidFuture() }
                    try await channel.close()
                }
                try await eventually { place.board.session(of: agent.id, in: org) == nil }
                await #expect(throws: OutboundError.noGateway) {
                    _ = try await place.board.reach.open(call) { $0.eventLoop.makeSucceededVoidFuture() }
                }
            }
        }
        try await target.close()
    }

    @Test("200 streams at once carry each their own") func parallel() async throws {
        let place = try RelayCase()
        let (_, org) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let certificate = try TestCertificate()
        let target = try await HostileServer(certificate) { request in
            .json("\"\(request.path)\"" + String(repeating: " ", count: 50_000))
        }
        try await place.run { port in
            try await place.gateway(agent, in: org, port: port, allows: ["127.0.0.1:\(target.port)"]) {
                let client = try place.reach.client(
                    of: "127.0.0.1", port: target.port, trust: .pinned(certificate.sha256),
                    route: .viaAgent(agent.id, of: org), width: 200)
                let right = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<200 {
                        group.addTask {
                            let answer = try await get(client, "/\(number)", timeout: .seconds(120))
                            return answer.body.starts(with: Array("\"/\(number)\" ".utf8)) && answer.body.count > 50_000
                        }
                    }
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(right == 200)
                #expect(target.mostOpen > 100, "they were there together")
            }
        }
        try await target.close()
    }

    @Test("through another process: asked there, proved, and the same stream; a stale row misleads nobody")
    func elsewhere() async throws {
        let secret = Secret([UInt8](repeating: 9, count: 32))
        let linkPort = try await RelayCase.freePort()
        let link = try RelayLink(listen: ("127.0.0.1", linkPort), secret: secret)
        let here = try RelayCase(link: link)
        let there = try RelayCase(link: try RelayLink(listen: nil, secret: secret))
        let stranger = try RelayCase(
            link: try RelayLink(listen: nil, secret: Secret([UInt8](repeating: 8, count: 32))))
        let (_, org) = try await Given.member()
        let (_, others) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let authority = try TestCertificate("authority.test")
        let certificate = try TestCertificate(signedBy: authority)
        let target = try await HostileServer(certificate) { _ in .json("\"inside\"") }
        let route = OutboundRoute.viaAgent(agent.id, of: org)
        try await here.run(with: [RelayListener(here.board, link)]) { port in
            try await here.gateway(agent, in: org, port: port, allows: ["127.0.0.1:\(target.port)"]) {
                try await RelayCase.listens(at: linkPort)
                let client = try there.reach.client(
                    of: "127.0.0.1", port: target.port, trust: .pinned(certificate.sha256), route: route)
                #expect(try await get(client).body == Array("\"inside\"".utf8))
                // The platform's certificate counts, not the one of the way to the other process, which has none.
                let judged = try there.reach.client(
                    of: "127.0.0.1", port: target.port, trust: .authorities(pem: authority.pem), route: route)
                #expect(try await get(judged).body == Array("\"inside\"".utf8))
                let strangers = try there.reach.client(
                    of: "127.0.0.1", port: target.port,
                    trust: .authorities(pem: try TestCertificate("authority.test").pem), route: route)
                await #expect(throws: OutboundError.untrusted) { _ = try await get(strangers) }
                await #expect(throws: OutboundError.gatewayRefused) {
                    _ = try await there.reach.certificate(
                        of: "127.0.0.1", port: 9, route: route, timeout: .seconds(60))
                }
                for (place, route) in [(stranger, route), (there, .viaAgent(agent.id, of: others))] {
                    await #expect(throws: OutboundError.noGateway) {
                        _ = try await place.reach.certificate(
                            of: "127.0.0.1", port: target.port, route: route, timeout: .seconds(60))
                    }
                }
                // A row of an epoch that is over: the other process is there and knows of no such connection.
                let call = GatewayCall(
                    agent: agent.id, org: org, host: "127.0.0.1", port: target.port, timeout: .seconds(60))
                await #expect(throws: OutboundError.noGateway) {
                    _ = try await link.dial(RelayPlace(address: try #require(link.advertised), epoch: 99), call) {
                        $0.eventLoop.makeSucceededVoidFuture()
                    }
                }
                // One whose process has stopped to beat.
                #expect(try await there.board.store.place(of: agent.id, in: org) != nil)
                try await TestDatabase.current.superuser.executeGlobally(
                    "UPDATE pulse.gateways SET beat_at = now() - interval '1 minute', process = \(UUID())")
                #expect(try await there.board.store.place(of: agent.id, in: org) == nil)
            }
        }
        try await target.close()
    }
}
