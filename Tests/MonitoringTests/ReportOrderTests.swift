import AgentProtocol
import Ingest
import Inventory
import Kernel
import Resources
import Testing

@testable import History
@testable import Monitoring

/// Reports as they come when a worker was away, a hint was lost, or several machines send with one credential.
@Suite("In which order reports are read") struct ReportOrderTests {
    private let start = Timestamp(seconds: 1_795_253_400)
    private let org = OrgID(bytes: [UInt8](repeating: 7, count: 16))
    private let agent = AgentID(bytes: [UInt8](repeating: 2, count: 16))

    private func state() -> OrgMonitorState {
        OrgMonitorState(org: org, epoch: 1, head: .none, inventory: StoredInventory(), now: start)
    }

    private func at(_ seconds: Int64) -> Timestamp { start + .seconds(seconds) }

    private func report(
        _ seconds: Int64, _ containers: [String], _ change: (inout HostReport) -> Void = { _ in }
    ) -> AcceptedReport {
        var report = Told.report(cpu: Double(seconds), at: at(seconds))
        var part = HostReport.Docker()
        part.host.runtime = "docker"
        part.containers = containers.map { name in
            var container = HostReport.DockerContainer()
            (container.id, container.name, container.state) = ("id-\(name)", name, "running")
            container.memoryUsageBytes = seconds
            return container
        }
        report.docker = part
        change(&report)
        return Told.accepted(report, seq: seconds + 1, agent: agent, org: org, at: at(seconds))
    }

    /// Takes and stores.
    private func told(
        _ state: inout OrgMonitorState, _ reports: [AcceptedReport], at seconds: Int64
    ) throws -> Flush {
        for report in reports { state.take(report, now: at(seconds)) }
        state.settle(at: at(seconds))
        let flush = state.flush(at: at(seconds), closing: true)
        let written = try #require(flush)
        state.committed(written)
        return written
    }

    private func lines(_ flush: Flush) -> [String] {
        flush.changes.told.filter { $0.kind == .activity }.map { "\($0.name) \($0.reason ?? "")" }.sorted()
    }

    @Test("what is read after a later report is history: nothing is gone by it, and nothing appears again")
    func laterFirst() throws {
        var state = state()
        #expect(lines(try told(&state, [report(0, ["web"])], at: 0)).isEmpty)
        #expect(lines(try told(&state, [report(50, ["web", "db"])], at: 50)) == ["db appeared"])
        let late = try told(&state, [10, 20, 30, 40].map { report($0, ["web"]) }, at: 55)
        #expect(lines(late).isEmpty && late.changes.goneClaims.isEmpty)
        // Their values are history all the same.
        #expect((late.checkpoint?.sampleCount ?? 0) >= 8)
        #expect(lines(try told(&state, [report(60, ["web", "db"])], at: 60)).isEmpty)
    }

    @Test("a report whose hint was lost does not bring back what was removed since")
    func lostHint() throws {
        var state = state()
        _ = try told(&state, [report(0, ["web", "db"])], at: 0)
        let gone = try told(&state, [20, 30, 40].map { report($0, ["web"]) }, at: 40)
        #expect(lines(gone) == ["db gone"])
        #expect(lines(try told(&state, [report(10, ["web", "db"])], at: 60)).isEmpty)
    }

    @Test("who takes over reads the log from its beginning: what has come since is not gone by that")
    func takenOver() throws {
        var before = state()
        before.take(report(0, ["web"]), now: at(0))
        before.settle(at: at(0))
        for seconds in Int64(1)...3 { before.take(report(seconds * 10, ["web"]), now: at(seconds * 10)) }
        before.take(report(40, ["web", "db"]), now: at(40))
        before.settle(at: at(40))
        let flush = before.flush(at: at(40))
        let stored = try #require(flush)
        #expect(lines(stored) == ["db appeared"])
        var after = OrgMonitorState(
            org: org, epoch: 2, head: .none,
            inventory: StoredInventory(resources: stored.rows, claims: stored.claims, keys: stored.changes.keys),
            now: at(45))
        let first = try told(&after, (1...3).map { report($0 * 10, ["web"]) }, at: 45)
        #expect(lines(first).isEmpty && first.changes.goneClaims.isEmpty)
        #expect(lines(try told(&after, [report(40, ["web", "db"])], at: 46)).isEmpty)
    }

    @Test("what a host showed of its engine is not replaced by what it tells late") func lateEngine() throws {
        var reading = AgentReportReading()
        let agent = agent
        func state(_ error: String?, _ seconds: Int64, isLate: Bool) -> String {
            var told = Told.report(cpu: 1, at: at(seconds))
            told.docker = HostReport.Docker()
            told.docker?.host.error = error
            let who = AgentReportReading.speaker(of: told, agent: agent, receivedAt: at(100))
            _ = reading.observation(of: told, by: who, isLate: isLate)
            let plain = Told.report(cpu: 1, at: at(100))
            let again = AgentReportReading.speaker(of: plain, agent: agent, receivedAt: at(100))
            let said = reading.observation(of: plain, by: again, isLate: false)
            return said.live.map { String(decoding: $0.json, as: UTF8.self) }.joined()
        }
        #expect(state(nil, 90, isLate: false).contains("running"))
        #expect(state("away", 10, isLate: true).contains("running"))
    }

    /// A machine that shares its credential with copies of itself.
    private func clone(_ number: Int, _ seconds: Int64, received: UInt64, seq: Int64) -> AcceptedReport {
        var report = Told.report("clone-\(number)", cpu: 1, at: at(seconds))
        report.host.dmiUUID = "u-\(number)"
        var card = HostReport.Interface()
        card.name = "eth0"
        card.mac = "52:54:00:00:\(String(number / 100 + 10)):\(String(number % 100 + 100).dropFirst())"
        card.rxBytes = received
        report.network = [card]
        return Told.accepted(report, seq: seq, agent: agent, org: org, at: at(seconds))
    }

    @Test("two machines under one credential have counters of their own") func counters() throws {
        var state = state()
        for round in Int64(0)..<6 {
            let received = UInt64(round) * 1000
            state.take(clone(1, round * 10, received: received, seq: round * 2 + 1), now: at(round * 10))
            state.take(
                clone(2, round * 10 + 5, received: 5_000_000_000 + received, seq: round * 2 + 2),
                now: at(round * 10 + 5))
        }
        state.settle(at: at(60))
        let flush = state.flush(at: at(60), closing: true)
        var rates: Set<Double> = []
        for row in try #require(flush).checkpoint?.rows ?? [] {
            let chunk = try ChunkCodec.read(row.data, codec: row.codec)
            guard let column = chunk.column(ColumnID("netin")) else { continue }
            rates.formUnion(
                column.values.filter { $0 != Column.absent }.map { MetricFamily.netIn.unit.value(ofStored: $0) })
        }
        #expect(rates == [100])
    }

    @Test("machines without end under one credential leave no more than are shown of it") func crowd() throws {
        var state = state()
        for number in 0..<200 {
            state.take(clone(number, Int64(number), received: 1, seq: Int64(number + 1)), now: at(200))
        }
        let flush = try told(&state, [], at: 200)
        #expect(flush.rows.count == 17)
        // Those that were there first stay, and what a stranger tells is not theirs.
        #expect(Set(flush.rows.map(\.name)) == Set((0...16).map { "clone-\($0)" }))
        #expect(flush.covered.count == 200)
    }

    @Test("what people said of a guest ends with the write of another one under its number, and the timeline says so")
    func outlived() throws {
        var state = state()
        let platform = ConnectionID(bytes: [UInt8](repeating: 1, count: 16))
        let guest = Claim.Place(platform, "qemu/101")
        func said(_ name: String, _ card: String, _ seconds: Int64) -> PollReport {
            let one = Observation(
                connection: platform, source: .proxmox, type: .vm, key: "qemu/101", scope: "guests", name: name,
                identity: ResourceIdentity(hostnames: [name], macAddresses: [card]), measuredAt: at(seconds),
                receivedAt: at(seconds))
            return PollReport(observations: [one], complete: ["guests"])
        }
        state.take(report(0, []), now: start)
        state.take(said("web", "bc:24:11:00:00:01", 0), of: platform, now: start)
        var rules = IdentityRules()
        rules.add(.same, guest, .init(ConnectionID(agent.uuid), "host"))
        state.apply(rules, now: start)
        let one = try told(&state, [], at: 1)
        #expect(one.rows.count == 1 && one.changes.outlived.isEmpty)
        state.take(said("mail", "bc:24:11:00:00:77", 10), of: platform, now: at(10))
        let two = try told(&state, [], at: 10)
        #expect(two.changes.outlived == [guest: at(10)])
        #expect(two.changes.told.filter { $0.reason == "identityRules" }.map(\.name) == ["mail"])
        #expect(state.resource(of: platform, "qemu/101") != state.resource(of: ConnectionID(agent.uuid), "host"))
    }

    @Test("disks that are shown with their time of old are not told as ill and well in turns") func shownAgain() throws
    {
        var state = state()
        let connection = ConnectionID(bytes: [UInt8](repeating: 1, count: 16))
        let disk = Observation(
            connection: connection, source: .proxmox, type: .physicalDisk, key: "disk/pve1/S1", scope: "disks/pve1",
            evidence: [Evidence(.diskSerial, "S1X7NX0J812345")], name: "SSD", measuredAt: start, receivedAt: start)
        var statuses: [String] = []
        for round in Int64(0)...60 {
            state.take(PollReport(observations: [disk]), of: connection, now: at(round * 10))
            state.settle(at: at(round * 10))
            if round % 2 == 1 { state.observeSilence(at: at(round * 10 + 1)) }
            state.settle(at: at(round * 10 + 1))
            guard let flush = state.flush(at: at(round * 10 + 1), closing: true) else { continue }
            statuses += flush.rows.map(\.status)
            state.committed(flush)
        }
        #expect(statuses == ["online", "warning"])
    }
}
