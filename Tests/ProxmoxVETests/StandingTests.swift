import CollectorKit
import Inventory
import JSONKit
import Kernel
import Testing

@testable import ProxmoxVE

@Suite("What stands while it is not asked, and what does not") struct StandingTests {
    private static let start = Timestamp(seconds: 1_800_000_000)
    private static let spec = ConnectionSpec(
        id: ConnectionID.new(at: start), org: OrgID.new(at: start), kind: .pve, name: "x", host: "pve1", port: 8006,
        trust: .system, credential: .none, cadence: .seconds(10))
    private static let refused = PlatformFailure(ConnectionFault(.serverError, "x"), status: 500)

    private func at(_ seconds: Int) -> Timestamp { Self.start + .seconds(seconds) }

    private func rows(_ json: [String]) throws -> ClusterRows {
        try PVEAnswer.data(Array("{\"data\":[\(json.joined(separator: ","))]}".utf8), ClusterRows.read)
    }

    private let node = #"{"type":"node","node":"a","status":"online","maxcpu":4}"#

    private func guest(_ status: String = "running", _ more: String = "") -> String {
        #"{"type":"qemu","vmid":1,"node":"a","name":"g","status":"\#(status)","maxmem":1000,"mem":990\#(more)}"#
    }

    private func storage(_ name: String, _ type: String = "dir", _ content: String = "backup,iso") -> String {
        #"""
        {"type":"storage","storage":"\#(name)","node":"a","plugintype":"\#(type)","content":"\#(content)",
         "status":"available"}
        """#
    }

    private func cluster(_ rows: [String]) throws -> ClusterKnowledge {
        var known = ClusterKnowledge(grace: .seconds(60))
        known.take(try self.rows(rows), at: Self.start)
        return known
    }

    private func mapping(_ known: ClusterKnowledge, after seconds: Int = 0) -> ProxmoxMapping {
        ProxmoxMapping(Self.spec, known, at: at(seconds))
    }

    private func block(_ name: String, of observation: Observation?) throws -> JSONValue {
        let blocks = (observation?.facts ?? []) + (observation?.live ?? [])
        var reader = JSONReader(try #require(blocks.first { $0.name == name }).json)
        return try reader.decode(JSONValue.self)
    }

    // MARK: How long

    @Test(
        "a reading stands for twice the time between the last two, 120 s at least and 600 s at most",
        arguments: [(10, 120, 121), (150, 300, 301), (1000, 600, 601)])
    func age(gap: Int, stands: Int, old: Int) {
        var age = ReadingAge()
        #expect(age.isOld(at: at(0)))
        age.read(at: at(0))
        #expect(!age.isOld(at: at(120)) && age.isOld(at: at(121)))
        age.read(at: at(gap))
        #expect(!age.isOld(at: at(gap + stands)) && age.isOld(at: at(gap + old)))
    }

    @Test("memory of a guest and a node does not change its source while the rotation is slow") func slow() throws {
        var known = try cluster([node, guest()])
        var status = GuestStatus()
        (status.maxMem, status.meminfo) = (1000, .init(total: 1000, available: 600))
        var host = NodeStatus()
        host.memory = .init(total: 1000, available: 600)
        for seconds in [0, 150] {
            known.take(.guestStatus(status), to: .guestStatus(1), at: at(seconds))
            known.take(.nodeStatus(host), to: .nodeStatus("a"), at: at(seconds))
        }
        for seconds in stride(from: 160, through: 440, by: 10) {
            known.take(try rows([node, guest()]), at: at(seconds))
            #expect(known.guests[1]?.memory?.source == .available, "\(seconds)")
            #expect(known.nodes["a"]?.memory?.source == .available, "\(seconds)")
        }
        known.take(try rows([node, guest()]), at: at(460))
        #expect(known.guests[1]?.memory?.source == .listing)
        #expect(known.nodes["a"]?.status == nil)
    }

    @Test(
        "a big cluster is asked for more at a time",
        arguments: [(10, 1, 12), (48, 1, 12), (100, 1, 25), (1000, 1, 48), (10, 3, 36), (100, 3, 48), (10, 999, 48)])
    func pace(guests: Int, beats: Int, details: Int) {
        #expect(ProxmoxPace().details(guests: guests, beats: beats) == details)
    }

    @Test("what a node is does not change because it was not asked lately, nor before it was") func nodeFacts() throws {
        var known = try cluster([node])
        known.version = ProxmoxVersion(version: "9.0.11")
        #expect(try block("proxmox", of: mapping(known).observations.first)["version"] == nil)
        var status = NodeStatus()
        (status.version, status.kernel, status.cores) = ("pve-manager/9.0.11/abc", "6.14", 8)
        known.take(.nodeStatus(status), to: .nodeStatus("a"), at: at(0))
        let before = mapping(known).observations.first?.facts
        known.take(try rows([node]), at: at(900))
        #expect(known.nodes["a"]?.status == nil)
        #expect(mapping(known, after: 900).observations.first?.facts == before)
        #expect(try block("proxmox", of: mapping(known).observations.first)["version"]?.string == status.version)
    }

    // MARK: Disks

    private func disk(_ device: String, _ serial: String) -> NodeDisk {
        var disk = NodeDisk()
        (disk.device, disk.serial) = (device, serial)
        return disk
    }

    @Test(
        "a number that many disks have is no evidence",
        arguments: [("QM00001", false), ("0000000000", false), ("drive-scsi0", false), ("S3E9F1654FF", true)])
    func serials(serial: String, isEvidence: Bool) throws {
        var known = try cluster([node])
        var one = disk("/dev/sda", serial)
        one.wwn = "0x0000000000000000"
        known.take(.disks([one]), to: .disks("a"), at: at(0))
        let observed = try #require(mapping(known).observations.first { $0.type == .physicalDisk })
        #expect(observed.evidence == (isEvidence ? [Evidence(.diskSerial, serial)] : []))
        #expect(observed.key == "disk/a/\(serial)")
    }

    @Test("two disks of one number are known by where they are, in whatever order they are listed") func twins() throws
    {
        let disks = [disk("/dev/sda", "S3E9F1654FF"), disk("/dev/sdb", "S3E9F1654FF"), disk("/dev/sdc", "S3E9F1654AA")]
        for list in [disks, disks.reversed()] {
            var known = try cluster([node])
            known.take(.disks(list), to: .disks("a"), at: at(0))
            let observed = mapping(known).observations.filter { $0.type == .physicalDisk }.sorted { $0.key < $1.key }
            #expect(observed.map(\.key) == ["disk/a//dev/sda", "disk/a//dev/sdb", "disk/a/S3E9F1654AA"])
            #expect(observed.map(\.evidence) == [[], [], [Evidence(.diskSerial, "S3E9F1654AA")]])
        }
    }

    @Test("a temperature is measured when it is read, and only shown in between") func temperature() throws {
        var known = try cluster([node])
        known.take(.disks([disk("/dev/sda", "S3E9F1654FF")]), to: .disks("a"), at: at(0))
        known.take(.smart(DiskSMART(celsius: 40)), to: .smart("a", "/dev/sda"), at: at(0))
        for (seconds, samples) in [(0, 1), (10, 0)] {
            let observed = mapping(known, after: seconds).observations.first { $0.type == .physicalDisk }
            #expect(observed?.temperature == 40)
            #expect(observed?.samples.count == samples)
        }
    }

    // MARK: Ceph, backups, tags

    @Test("while Ceph does not answer nobody knows how it is, and nothing is measured") func ceph() throws {
        var known = try cluster([node, storage("pool", "rbd", "images")])
        let status = CephStatus(fsid: "f", health: "HEALTH_OK", total: 100, used: 40)
        known.take(.ceph(status), to: .ceph, at: at(0))
        known.take(.cephUse(CephUse(total: 100, used: 50)), to: .cephUse, at: at(0))
        let well = try #require(mapping(known, after: 10).ceph)
        #expect((well.status, well.samples.count, well.receivedAt) == (.online, 4, at(10)))
        known.take(Self.refused, of: .cephUse, at: at(60))
        let unused = try #require(mapping(known, after: 60).ceph)
        #expect((unused.status, unused.samples.count, unused.metrics.disk?.usedBytes) == (.online, 0, 50))
        known.take(Self.refused, of: .ceph, at: at(60))
        let silent = try #require(mapping(known, after: 60).ceph)
        #expect((silent.status, silent.samples.count, silent.receivedAt) == (.unknown, 0, at(0)))
        known.take(.ceph(status), to: .ceph, at: at(120))
        #expect(mapping(known, after: 120).ceph?.status == .online)
    }

    @Test("a guest has no backups when all storages that hold some were read, not before") func backups() throws {
        var known = try cluster([node, guest(), storage("one"), storage("two"), storage("iso", "dir", "iso")])
        #expect(known.archive(of: 1) == nil)
        known.take(.backups([]), to: .backups("a", "one"), at: at(0))
        #expect(known.archive(of: 1) == nil)
        known.take(.backups([StorageBackup(vmid: 1, time: 7)]), to: .backups("a", "one"), at: at(0))
        #expect(known.archive(of: 1)?.count == 1)
        #expect(known.archive(of: 2) == nil)
        known.take(.backups([]), to: .backups("a", "two"), at: at(0))
        #expect(known.archive(of: 1)?.count == 1)
        #expect(known.archive(of: 2)?.count == 0)
        known.take(
            try rows([node, guest(), storage("one"), storage("two"), storage("three")]), at: at(10))
        #expect(known.archive(of: 2) == nil)
    }

    @Test(
        "a colour is that of the tag as the platform writes it, told under the tag as we do", arguments: [true, false])
    func colours(isSensitive: Bool) throws {
        var known = try cluster([node, guest("running", #","tags":"Prod;web""#)])
        known.tagStyle = TagStyle("color-map=Prod:ff0000;prod:00ff00,case-sensitive=\(isSensitive ? 1 : 0)")
        let observed = mapping(known).observations.first { $0.type == .vm }
        #expect(observed?.tags == ["prod", "web"])
        #expect(try block("proxmox", of: observed)["tagColours"]?["prod"]?.string == "#ff0000")
    }

    // MARK: Reasons

    @Test("a guest of which nothing is said of an agent has none, and one that is switched on is not stopped")
    func reasons() throws {
        var known = try cluster([node, guest("stopped")])
        #expect(known.guests[1]?.diskReason(at: at(0)) == "vm-stopped")
        known.take(try rows([node, guest()]), at: at(10))
        #expect(known.guests[1]?.diskReason(at: at(10)) == "no-status")
        known.take(.guestStatus(GuestStatus()), to: .guestStatus(1), at: at(20))
        #expect(known.guests[1]?.diskReason(at: at(20)) == "no-agent")
    }
}
