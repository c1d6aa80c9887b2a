import EstateApp
import HTTPKit
import Inventory
import Kernel
import Outbound
import ProxmoxVE
import Testing

/// Against clusters that speak the real protocol, with a truth to compare with.
@Suite struct EstateTests {
    private static let now = Timestamp(seconds: 1_795_253_400)

    private func estate(_ releases: EstateShape.Releases, nodes: Int = 3, guests: Int = 20) async throws -> EstateServer
    {
        var options = EstateOptions()
        options.shape.guests = guests
        options.shape.nodes = nodes
        options.shape.releases = releases
        options.shape.isCalm = true
        options.port = 0
        // The estate's time stands still but for what a test advances.
        options.moment = { Double(Self.now.milliseconds / 1000) }
        return try await EstateServer.start(options)
    }

    private func spec(_ server: EstateServer, _ credential: PlatformCredential? = nil) throws -> ConnectionSpec {
        let one = try #require(server.connections.first)
        let pin = one.fingerprint.split(separator: ":").compactMap { UInt8($0, radix: 16) }
        return ConnectionSpec(
            id: ConnectionID.new(at: Self.now), org: OrgID.new(at: Self.now), kind: .pve, name: "estate",
            host: one.host, port: one.port, trust: .pinned(pin),
            credential: credential ?? .token(id: one.access.tokenID, secret: Secret(one.access.secret)),
            cadence: .seconds(10))
    }

    private func collector(_ spec: ConnectionSpec) throws -> any Collector {
        let reach = OutboundReach(
            AddressGuard(OutboundPolicy(allowing: ["127.0.0.0/8"].compactMap { NetworkRange($0) })))
        return try ProxmoxVEMaker(reach, time: SystemTime()).collector(for: spec)
    }

    /// Polls until the details have all been asked once.
    private func settled(_ collector: any Collector, _ server: EstateServer) async -> PollReport {
        var report = PollReport()
        for step in 0..<8 {
            report = await collector.poll(PollBudget(), at: Self.now + .seconds(10 * step))
            server.advance(by: 10)
        }
        return report
    }

    @Test("a whole cluster is seen, with everything that its guests and nodes tell", arguments: ["8", "9"])
    func whole(release: String) async throws {
        let server = try await estate(try #require(EstateShape.Releases(rawValue: release)))
        let report = await settled(try collector(try spec(server)), server)
        #expect(report.fault == nil)
        #expect(report.version?.hasPrefix(release) == true)
        let nodes = report.observations.filter { $0.type == .agent }
        #expect(nodes.count == 3)
        #expect(nodes.allSatisfy { $0.status == .online && $0.metrics.memory != nil && $0.metrics.disk != nil })
        let guests = report.observations.filter { $0.type == .vm || $0.type == .systemContainer }
        #expect(!guests.isEmpty && guests.count <= 20)
        for guest in guests where guest.status == .online {
            #expect(guest.metrics.memory != nil, "\(guest.key)")
            #expect(guest.metrics.netIn != nil, "\(guest.key)")
            #expect(!guest.identity.macAddresses.isEmpty, "\(guest.key)")
        }
        for guest in guests where guest.status == .offline { #expect(guest.metrics.netIn == 0, "\(guest.key)") }
        #expect(guests.contains { $0.metrics.disk != nil && $0.type == .vm })
        #expect(report.observations.contains { $0.type == .physicalDisk })
        #expect(report.observations.contains { $0.type == .storage })
        #expect(report.degraded == [])
        #expect(report.complete.isSuperset(of: ["nodes", "guests", "storages"]))
        try await server.stop()
    }

    @Test("one that is asked seldom is asked for more at a time, within the budget") func seldom() async throws {
        let server = try await estate(.nine, guests: 60)
        let collector = try collector(try spec(server))
        for step in 0..<12 {
            _ = await collector.poll(PollBudget(), at: Self.now + .seconds(10 * step))
            server.advance(by: 10)
        }
        let usual = await collector.poll(PollBudget(), at: Self.now + .seconds(120)).requests
        // A quarter of its guests.
        #expect(usual <= 2 + 15)
        server.advance(by: 300)
        let late = await collector.poll(PollBudget(), at: Self.now + .seconds(420))
        #expect(late.fault == nil && late.requests > 2 * usual && late.requests <= 2 + 48)
        #expect(await collector.poll(PollBudget(), at: Self.now + .seconds(430)).requests <= 2 + 15)
        try await server.stop()
    }

    @Test(
        "a password does as well as a token, and a token with few privileges shows what is missing",
        arguments: ["8", "9"])
    func accounts(release: String) async throws {
        let server = try await estate(try #require(EstateShape.Releases(rawValue: release)), nodes: 1)
        let access = try #require(server.connections.first).access
        let password = PlatformCredential.password(user: access.user, password: Secret(access.password))
        #expect(await settled(try collector(try spec(server, password)), server).fault == nil)
        let wrong = PlatformCredential.password(user: access.user, password: Secret("no"))
        let refused = try collector(try spec(server, wrong))
        #expect(await refused.poll(PollBudget(), at: Self.now).fault?.reason == .authentication)
        let limited = PlatformCredential.token(id: access.limitedTokenID, secret: Secret(access.limitedSecret))
        let report = await settled(try collector(try spec(server, limited)), server)
        #expect(report.fault == nil)
        #expect(report.observations.contains { $0.type == .vm })
        let parts = Dictionary(report.degraded.map { ($0.part, $0.fault) }) { first, _ in first }
        #expect(parts["updates"]?.reason == .permission)
        #expect(parts["updates"]?.detail.contains("Sys.Audit") == true)
        #expect(parts["guest-agent"]?.detail.contains(release == "9" ? "VM.GuestAgent.Audit" : "VM.Monitor") == true)
        try await server.stop()
    }

    @Test(
        "what a cluster remembers is told whole, in small parts that can be taken up again, as rrddata has it",
        arguments: ["8", "9"])
    func past(release: String) async throws {
        let server = try await estate(try #require(EstateShape.Releases(rawValue: release)), nodes: 2, guests: 6)
        let spec = try spec(server)
        var asking = try collector(spec)
        let report = await asking.poll(PollBudget(), at: Self.now)
        var (cursor, frames, rounds) = ("", [RememberedFrame](), 0)
        while rounds < 200 {
            rounds += 1
            // A worker that takes over begins with a collector that knows nothing.
            if rounds % 7 == 0 {
                asking = try collector(spec)
                _ = await asking.poll(PollBudget(), at: Self.now)
            }
            let part = await asking.past(PollBudget(time: .seconds(20), requests: 9), after: cursor)
            #expect(part.requests <= 9)
            frames += part.frames
            cursor = part.cursor
            if part.isFinished { break }
        }
        let told = Dictionary(grouping: frames, by: \.key)
        let running = report.observations.filter { ["nodes", "guests"].contains($0.scope) && $0.status == .online }
        #expect(!running.isEmpty && running.allSatisfy { told[$0.key] != nil })
        #expect(told.values.allSatisfy { Set($0.map(\.name)).count == $0.count })
        #expect(told.keys.contains { $0.hasPrefix("storage/") })
        for (name, step) in [
            ("hour", 60), ("day", release == "9" ? 60 : 1800), ("year", release == "9" ? 21_600 : 604_800),
        ] {
            let some = frames.filter { $0.name == name && $0.key.hasPrefix("node/") }
            #expect(some.count == 2 && some.allSatisfy { $0.step == .seconds(step) })
        }
        let node = try #require(frames.first { $0.name == "hour" && $0.key.hasPrefix("node/") })
        #expect(node.rows.count == 60)
        let samples = Dictionary(node.rows[0].samples.map { ($0.metric.text, $0.value) }) { first, _ in first }
        #expect(Set(samples.keys).isSuperset(of: ["cpu", "memory", "memoryused", "disk", "netin", "netout"]))
        #expect(samples["cpu"]! <= 100 && samples["memory"]! <= 100)
        // Nothing is asked that release 9 refuses.
        #expect(await asking.past(PollBudget(), after: cursor).frames.isEmpty)
        try await server.stop()
    }

    @Test("when the first member is gone the others answer, and the guests stay") func failover() async throws {
        let server = try await estate(.nine)
        let one = try #require(server.connections.first)
        let collector = try collector(try spec(server))
        let before = await settled(collector, server)
        try server.force(.stopNode(0), in: one.cluster)
        let after = await collector.poll(PollBudget(), at: Self.now + .seconds(90))
        #expect(after.fault == nil)
        let keys = { (report: PollReport) in
            Set(report.observations.filter { $0.scope == "guests" || $0.scope == "nodes" }.map(\.key))
        }
        #expect(keys(after) == keys(before))
        // Within the grace nobody is said to be down, and nothing is measured.
        let gone = after.observations.filter {
            $0.key == "node/\(one.nodes[0].name)" || $0.parent == "node/\(one.nodes[0].name)"
        }
        #expect(gone.allSatisfy { $0.samples.isEmpty })
        #expect(gone.first { $0.type == .agent }?.status == .online)
        let later = await collector.poll(PollBudget(), at: Self.now + .seconds(300))
        #expect(later.observations.first { $0.key == "node/\(one.nodes[0].name)" }?.status == .offline)
        try await server.stop()
    }

    @Test("a guest that moves keeps its name, its evidence and its rates") func migration() async throws {
        let server = try await estate(.nine)
        let one = try #require(server.connections.first)
        let collector = try collector(try spec(server))
        let before = await settled(collector, server)
        let guest = try #require(before.observations.first { $0.type == .vm && $0.status == .online })
        let vmid = try #require(Int(guest.key.dropFirst(5)))
        let here = one.nodes.firstIndex { "node/\($0.name)" == guest.parent } ?? 0
        try server.force(.migrate(vmid: vmid, toNode: (here + 1) % 3), in: one.cluster)
        server.advance(by: 90)
        _ = await collector.poll(PollBudget(), at: Self.now + .seconds(170))
        server.advance(by: 10)
        let after = await collector.poll(PollBudget(), at: Self.now + .seconds(180))
        let moved = try #require(after.observations.first { $0.key == guest.key })
        #expect(moved.parent != guest.parent)
        #expect(moved.evidence == guest.evidence)
        #expect(moved.metrics.netIn != nil)
        try await server.stop()
    }

    @Test("whatever is wrong with an estate has a clear reason, and ends with it", arguments: Fault.Mode.allCases)
    func faults(mode: Fault.Mode) async throws {
        let server = try await estate(.nine, nodes: 1)
        try server.set(Fault(mode), at: "*")
        let collector = try collector(try spec(server))
        let report = await collector.poll(PollBudget(time: .seconds(3)), at: Self.now)
        let reason = try #require(report.fault?.reason)
        let wanted: Set<ConnectionFault.Reason> =
            switch mode {
            case .garbage, .gzipBomb, .deepJSON, .truncate, .redirect: [.badAnswer]
            case .endlessBody, .hugeBody, .endlessChunks, .manyGuests: [.tooLarge]
            case .silent, .slowBody: [.timeout]
            case .refuse: [.unreachable]
            }
        // A machine under load may not come to the end of what is too large in time.
        #expect(wanted.contains(reason) || reason == .timeout, "\(reason)")
        #expect(report.complete.isEmpty && report.observations.isEmpty)
        try server.set(nil, at: "*")
        let healed = await collector.poll(PollBudget(), at: Self.now + .seconds(60))
        #expect(healed.fault == nil)
        try await server.stop()
    }
}
