import CollectorKit
import Inventory
import JSONKit
import Kernel
import Testing

@testable import ProxmoxVE

@Suite struct ClusterKnowledgeTests {
    private static let start = Timestamp(seconds: 1_800_000_000)
    private static let spec = ConnectionSpec(
        id: ConnectionID.new(at: start), org: OrgID.new(at: start), kind: .pve, name: "x", host: "pve1", port: 8006,
        trust: .system, credential: .none, cadence: .seconds(10))

    private func rows(_ json: String) throws -> ClusterRows {
        try PVEAnswer.data(Array("{\"data\":[\(json)]}".utf8), ClusterRows.read)
    }

    private func node(_ name: String, _ status: String = "online") -> String {
        #"{"type":"node","node":"\#(name)","status":"\#(status)","cpu":0.5,"maxcpu":4}"#
    }

    private func guest(_ id: Int, on node: String, _ status: String = "running", _ more: String = "") -> String {
        #"{"type":"qemu","vmid":\#(id),"node":"\#(node)","name":"g\#(id)","status":"\#(status)","maxmem":100\#(more)}"#
    }

    private func storage(_ name: String, on node: String, _ type: String, _ more: String = "") -> String {
        #"{"type":"storage","storage":"\#(name)","node":"\#(node)","plugintype":"\#(type)"\#(more)}"#
    }

    private func mapping(_ known: ClusterKnowledge, after seconds: Int = 0) -> ProxmoxMapping {
        ProxmoxMapping(Self.spec, known, at: Self.start + .seconds(seconds))
    }

    @Test("fact 15: a node away for less than the grace takes its guests with it into silence, not down")
    func grace() throws {
        var known = ClusterKnowledge(grace: .seconds(60))
        known.take(try rows(node("a") + "," + guest(1, on: "a")), at: Self.start)
        known.take(
            try rows(node("a", "offline") + "," + guest(1, on: "a", "unknown")), at: Self.start + .seconds(30))
        let within = mapping(known, after: 30).observations
        #expect(within.allSatisfy { $0.status == .online && $0.samples.isEmpty && $0.receivedAt == Self.start })
        known.take(
            try rows(node("a", "offline") + "," + guest(1, on: "a", "unknown")), at: Self.start + .seconds(70))
        let beyond = mapping(known, after: 70).observations
        #expect(beyond.first { $0.type == .agent }?.status == .offline)
        #expect(beyond.first { $0.type == .vm }?.status == .unknown)
    }

    @Test("fact 9 and case 57: a guest on another node has the same baseline, key and evidence") func migration() throws
    {
        var known = ClusterKnowledge(grace: .seconds(60))
        known.take(
            try rows(node("a") + "," + node("b") + "," + guest(1, on: "a", "running", #","netin":1000,"uptime":10"#)),
            at: Self.start)
        known.take(NodeCertificates(authority: "ab", leaf: nil), of: "a", at: Self.start)
        let before = try #require(mapping(known).observations.first { $0.type == .vm })
        known.take(
            try rows(node("a") + "," + node("b") + "," + guest(1, on: "b", "running", #","netin":3000,"uptime":20"#)),
            at: Self.start + .seconds(10))
        let after = try #require(mapping(known, after: 10).observations.first { $0.type == .vm })
        #expect((after.key, after.evidence) == (before.key, before.evidence))
        #expect(after.evidence.first == Evidence(.platformID, "pve:ab/guest/1"))
        #expect((before.parent, after.parent) == ("node/a", "node/b"))
        #expect(after.metrics.netIn == 200)
    }

    @Test("fact 14: rows of a shared storage are one, without a parent, and the fuller counts") func shared() throws {
        var known = ClusterKnowledge(grace: .seconds(60))
        let size = #","maxdisk":100,"status":"available""#
        known.take(
            try rows(
                [
                    node("a"), node("b"), storage("nas", on: "b", "nfs", size + #","disk":30"#),
                    storage("nas", on: "a", "nfs", size + #","disk":40"#),
                    storage("local", on: "a", "dir", size + #","disk":1"#),
                    storage("local", on: "b", "dir", size + #","disk":2"#), storage("pbs", on: "a", "pbs", size),
                ].joined(separator: ",")), at: Self.start)
        let storages = mapping(known).merged
        #expect(storages.map(\.name) == ["local", "local", "nas", "pbs"])
        let nas = try #require(storages.first { $0.name == "nas" })
        #expect((nas.node, nas.nodes, nas.used) == (nil, ["a", "b"], 40))
        let pbs = try #require(storages.first { $0.name == "pbs" })
        #expect(pbs.status == "available")
        let observed = mapping(known).observations.filter { $0.type == .storage }
        #expect(observed.first { $0.name == "nas" }?.parent == nil)
        #expect(observed.first { $0.key == "storage/b/local" }?.parent == "node/b")
    }

    @Test("one list that is short ends nothing; three do") func shortLists() throws {
        var known = ClusterKnowledge(grace: .seconds(60))
        known.take(try rows(node("a") + "," + node("b") + "," + guest(1, on: "a")), at: Self.start)
        for miss in 1...3 {
            known.take(try rows(node("a")), at: Self.start + .seconds(10 * miss))
            #expect(known.nodes.count == (miss < 3 ? 2 : 1))
            #expect(known.guests.count == (miss < 3 ? 1 : 0))
            #expect(mapping(known).complete.contains("nodes") == (miss == 3))
            #expect(mapping(known).complete.contains("guests") == (miss == 3))
        }
    }

    @Test("templates are no guests, and one that is switched off moves nothing") func quiet() throws {
        var known = ClusterKnowledge(grace: .seconds(60))
        known.take(
            try rows(
                node("a") + "," + guest(1, on: "a", "stopped") + "," + guest(2, on: "a", "stopped", #","template":1"#)),
            at: Self.start)
        #expect(known.guests.keys.sorted() == [1])
        let off = try #require(mapping(known).observations.first { $0.type == .vm })
        #expect(off.status == .offline)
        #expect((off.metrics.netIn, off.metrics.diskWrite, off.metrics.cpuPercent) == (0, 0, 0))
        #expect(off.metrics.memory?.usedBytes == 0)
        #expect(off.metrics.disk == nil)
    }

    @Test("fact 5: what is not told of a guest, a node or a disk is absent, in values, samples and on the wire")
    func unknown() throws {
        var known = ClusterKnowledge(grace: .seconds(60))
        known.take(
            try rows(
                #"{"type":"node","node":"a","status":"online"},{"type":"qemu","vmid":1,"node":"a","status":"running"}"#),
            at: Self.start)
        var disk = NodeDisk()
        (disk.device, disk.serial) = ("/dev/sda", "S1")
        known.take(.disks([disk]), to: .disks("a"), at: Self.start)
        known.take(.smart(DiskSMART()), to: .smart("a", "/dev/sda"), at: Self.start)
        for observed in mapping(known).observations {
            #expect(observed.metrics == ResourceMetrics(), "\(observed.key)")
            #expect(observed.samples.isEmpty && observed.temperature == nil, "\(observed.key)")
            let told = observed.live.map { String(decoding: $0.json, as: UTF8.self) }.joined()
            #expect(!told.contains("lifeLeftPercent") && !told.contains("powerOnHours"), "\(told)")
        }
    }

    @Test(
        "fact 6: life left is what the list tells, else what NVMe's own words leave of it",
        arguments: [
            (81, "Percentage Used: 3%", 81), (nil, "Percentage Used:                    3%", 97),
            (nil, "Percentage Used: 140%", 0), (nil, "Temperature: 40 Celsius", nil), (0, "", 0),
        ] as [(Int?, String, Int?)])
    func lifeLeft(listed: Int?, words: String, expected: Int?) throws {
        var known = ClusterKnowledge(grace: .seconds(60))
        known.take(try rows(node("a")), at: Self.start)
        var disk = NodeDisk()
        (disk.device, disk.serial, disk.lifeLeft) = ("/dev/nvme0n1", "S1", listed)
        known.take(.disks([disk]), to: .disks("a"), at: Self.start)
        let smart = try PVEAnswer.data(Array(#"{"data":{"type":"text","text":"\#(words)\n"}}"#.utf8), DiskSMART.read)
        known.take(.smart(smart), to: .smart("a", "/dev/nvme0n1"), at: Self.start)
        let observed = try #require(mapping(known).observations.first { $0.type == .physicalDisk })
        var reader = JSONReader(try #require(observed.live.first { $0.name == "diskHealth" }).json)
        #expect(try reader.decode(JSONValue.self)["lifeLeftPercent"]?.int == expected)
    }

    @Test("fact 14: a backup server's storage that does not say whether it is active is not switched off for that")
    func backupStorage() throws {
        var known = ClusterKnowledge(grace: .seconds(60))
        let size = #","maxdisk":100,"disk":40"#
        known.take(
            try rows(
                [node("a"), storage("pbs", on: "a", "pbs", size), storage("old", on: "a", "dir", size)].joined(
                    separator: ",")), at: Self.start)
        let storages = mapping(known).merged
        #expect(storages.first { $0.name == "pbs" }?.status == "available")
        #expect(storages.first { $0.name == "old" }?.status == "inactive")
    }

    @Test("fact 7: a fraction of the guest's cores is shown as per cent") func percent() throws {
        var known = ClusterKnowledge(grace: .seconds(60))
        known.take(try rows(node("a")), at: Self.start)
        #expect(mapping(known).observations.first?.metrics.cpuPercent == 50)
    }

    @Test("fact 12: a node is an agent, and its disks are physical disks by serial number") func types() throws {
        var known = ClusterKnowledge(grace: .seconds(60))
        known.take(try rows(node("a")), at: Self.start)
        var disk = NodeDisk()
        (disk.device, disk.serial, disk.health) = ("/dev/sda", "S3E9F1654FF", "PASSED")
        known.take(.disks([disk]), to: .disks("a"), at: Self.start)
        let observed = mapping(known).observations
        #expect(observed.map(\.type.rawValue).sorted() == ["agent", "physical_disk"])
        #expect(observed.last?.evidence == [Evidence(.diskSerial, "S3E9F1654FF")])
        #expect(observed.last?.parent == "node/a")
    }

    @Test("until the authority is known nothing carries a name that the world would know") func instance() throws {
        var known = ClusterKnowledge(grace: .seconds(60))
        known.take(try rows(node("a")), at: Self.start)
        #expect(mapping(known).observations.first?.evidence == [])
        known.take(NodeCertificates(), of: "a", at: Self.start)
        #expect(
            mapping(known).observations.first?.evidence
                == [Evidence(.platformID, "pve:\(Self.spec.id)/node/a")])
    }

    @Test(
        "fact 20: a privilege that lacks is told by its name, and nothing is offline for it; an absent agent is no fault"
    )
    func degraded() throws {
        var known = ClusterKnowledge(grace: .seconds(60))
        known.take(try rows(node("a") + "," + guest(1, on: "a")), at: Self.start)
        let refused = PlatformFailure(ConnectionFault(.permission, "x"), status: 403)
        let silent = PlatformFailure(ConnectionFault(.serverError, "x"), status: 500, said: "agent is not running")
        known.take(refused, of: .updates("a"), at: Self.start)
        known.take(silent, of: .agentFiles(1), at: Self.start)
        #expect(known.degraded.map(\.part) == ["updates"])
        #expect(known.degraded.first?.fault.detail.contains("Sys.Audit") == true)
        #expect(mapping(known).observations.allSatisfy { $0.status == .online })
        known.take(refused, of: .agentFiles(1), at: Self.start)
        known.version = ProxmoxVersion(version: "8.4.1")
        #expect(known.degraded.map(\.part) == ["guest-agent", "updates"])
        #expect(known.degraded.first?.fault.detail.contains("VM.Monitor") == true)
        known.take(.updates(3), to: .updates("a"), at: Self.start)
        #expect(known.degraded.map(\.part) == ["guest-agent"])
    }
}

extension ClusterKnowledge {
    fileprivate mutating func take(_ certificates: NodeCertificates, of node: String, at now: Timestamp) {
        take(.certificates(certificates), to: .certificates(node), at: now)
    }
}
