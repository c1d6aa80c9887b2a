import CollectorKit
import Inventory
import JSONKit
import Kernel
import Testing

@testable import ProxmoxVE

@Suite struct PayloadTests {
    @Test(
        "case 1: wearout that is not told is unknown, never 0; what is told is life left",
        arguments: [
            ("\"N/A\"", nil), ("\"\"", nil), ("\"none\"", nil), ("\"unknown\"", nil), ("null", nil), ("true", nil),
            ("81", 81), ("\"81\"", 81), ("\"\\\"81\\\"\"", 81), ("\"81%\"", 81), ("81.9", 81), ("140", 100),
            ("0", 0), ("-1", nil),
        ] as [(String, Int?)])
    func wearout(json: String, left: Int?) throws {
        let disks = try read("[{\"devpath\":\"/dev/sda\",\"wearout\":\(json)}]", NodeDisk.read)
        #expect(disks.first?.lifeLeft == left)
    }

    @Test(
        "case 3: what does not turn has no turns",
        arguments: [
            ("\"SSD\"", 0), ("\"N/A\"", 0), ("null", 0), ("\"\"", 0), ("\"7200\"", 7200), ("5400", 5400),
        ])
    func rpm(json: String, turns: Int) throws {
        #expect(try read("[{\"devpath\":\"/dev/sda\",\"rpm\":\(json)}]", NodeDisk.read).first?.rpm == turns)
    }

    @Test(
        "case 5: memory of a node is read however it is written, and rounds",
        arguments: [
            ("\"8,589,934,592\"", 8_589_934_592), ("\"\\\"123\\\"\"", 123), ("-5", 0), ("3.6", 4), ("\"3.6\"", 4),
            ("null", 0), ("\"null\"", 0), ("\"\"", 0), ("1e30", UInt64.max), ("17", 17),
        ] as [(String, UInt64)])
    func nodeMemory(json: String, bytes: UInt64) throws {
        #expect(try read("{\"memory\":{\"total\":\(json)}}", NodeStatus.read).memory.total == bytes)
    }

    @Test(
        "case 5: what is no number at all is an answer that cannot be read",
        arguments: ["true", "\"NaN\"", "\"x\"", "[]"])
    func noNumber(json: String) {
        #expect(throws: PlatformFailure.self) { _ = try read("{\"memory\":{\"total\":\(json)}}", NodeStatus.read) }
    }

    @Test("case 7: one file system that cannot be read does not hide the others") func oneMalformed() throws {
        let json = """
            {"result":[{"mountpoint":"/","type":"ext4","total-bytes":100,"used-bytes":40},17,
             {"mountpoint":"/data","type":["x"],"total-bytes":"200","used-bytes":"0x10"},
             {"mountpoint":"/srv","type":"xfs","total-bytes":300.9,"used-bytes":1}]}
            """
        let files = try read(json, AgentFileSystem.read)
        #expect(files.map(\.mountpoint) == ["/", "/data", "/srv"])
        #expect(files.map(\.total) == [100, 200, 300])
        #expect(files[1].used == 16)
    }

    @Test(
        "file systems come as a list, as one object, as nothing",
        arguments: [
            ("[]", 0), ("null", 0), ("{\"mountpoint\":\"/\",\"total-bytes\":1}", 1), ("{\"error\":\"x\"}", 0),
            ("17", 0),
        ])
    func fileSystemShapes(json: String, count: Int) throws {
        #expect(try read("{\"result\":\(json)}", AgentFileSystem.read).count == count)
    }

    @Test("case 9: a size that is told to root alone is the size") func privileged() throws {
        let json = "{\"result\":[{\"mountpoint\":\"/\",\"total-bytes\":0,\"total-bytes-privileged\":100}]}"
        #expect(try read(json, AgentFileSystem.read).first?.total == 100)
    }

    @Test(
        "where a file system lies has a name, whatever the agent tells of it",
        arguments: [
            (#"{"mountpoint":"/","disk":[{"dev":"/dev/sda1","serial":"s"}]}"#, "/", "/dev/sda1"),
            (#"{"mountpoint":"/","disk":{"serial":"s1"}}"#, "/", "s1"),
            (#"{"mountpoint":"/x","disk":[{"bus-type":"scsi","target":3}]}"#, "/x", "scsi-3"),
            (#"{"mountpoint":"/","disk":[]}"#, "/", "root-filesystem"),
            (#"{"mountpoint":"/data"}"#, "/data", "/data"),
            (#"{"mountpoint":"\\\\?\\Volume{ab}\\","name":"c:\\"}"#, "C:\\", "C:"),
        ])
    func devices(json: String, mountpoint: String, device: String) throws {
        let one = try #require(try read("{\"result\":[\(json)]}", AgentFileSystem.read).first)
        #expect((one.mountpoint, one.device) == (mountpoint, device))
    }

    @Test("case 11: prefixes stay within 0 and 128, and an address without an address is none") func prefixes() throws {
        let json = """
            {"result":[{"name":"eth0","ip-addresses":[{"ip-address":"10.0.0.1","prefix":500},
              {"ip-address":"10.0.0.2","prefix":"abc"},{"prefix":24},{"ip-address":"10.0.0.3","prefix":"24"}]},
             {"name":"eth1","ip-addresses":{"ip-address":"fd00::1","prefix":64}},{"name":""}]}
            """
        let found = try read(json, GuestInterface.readAgent)
        #expect(found.map(\.name) == ["eth0", "eth1"])
        #expect(found[0].addresses.map(\.prefix) == [128, 0, 24])
        #expect(found[1].addresses.map(\.text) == ["fd00::1"])
    }

    @Test(
        "case 13: megahertz are whole when they are a number, and themselves when they are text",
        arguments: [
            ("2400.7", "2401"), ("\"2400.000\"", "2400.000"), ("null", ""),
        ])
    func megahertz(json: String, text: String) throws {
        #expect(try read("{\"cpuinfo\":{\"mhz\":\(json)}}", NodeStatus.read).megahertz == text)
    }

    @Test("case 15: a counter that is absent or null is unknown, not zero") func counters() throws {
        let rows = try read(
            #"[{"type":"qemu","vmid":1,"node":"a","netout":5,"diskread":null}]"#, ClusterRows.read)
        let guest = try #require(rows.guests.first)
        #expect((guest.netIn, guest.netOut, guest.diskRead) == (nil, 5, nil))
    }

    @Test("fact 8: counts are cut where memory rounds", arguments: [("\"1.5\"", 1), ("1.9", 1), ("7", 7)])
    func vmid(json: String, number: Int) throws {
        let rows = try read("[{\"type\":\"lxc\",\"vmid\":\(json),\"node\":\"a\"}]", ClusterRows.read)
        #expect(rows.guests.first?.vmid == number)
    }

    @Test("case 23: colours that are none are left out") func colours() throws {
        let text = "color-map=prod:FF0000;bad:xyz;two:00ff00:000000"
        let style = TagStyle(text)
        #expect(style.colours == ["prod": "#ff0000", "two": "#00ff00"])
        #expect(TagStyle("color-map=Prod:ff0000,case-sensitive=1").colour(of: "prod") == nil)
        #expect(TagStyle("color-map=Prod:ff0000").colour(of: "PROD") == "#ff0000")
    }

    @Test("case 25: a replication job may come as a list or alone") func replication() throws {
        #expect(try read(#"[{"id":"100-0","guest":100}]"#, ReplicationJob.read).count == 1)
        #expect(try read(#"{"id":"100-0","guest":"100","fail_count":2}"#, ReplicationJob.read).first?.failures == 2)
        #expect(try read("null", ReplicationJob.read).isEmpty)
    }

    @Test(
        "whether the guest agent may be asked, before and since 8.3",
        arguments: [
            ("1", true), ("0", false), ("\"1\"", true), (#"{"enabled":1}"#, true),
            (#"{"enabled":1,"available":0}"#, false),
            (#"{"enabled":0,"available":1}"#, true), ("null", false), ("[]", false),
        ])
    func agent(json: String, isQueryable: Bool) throws {
        #expect(try read("{\"agent\":\(json)}", GuestStatus.read).agent.isQueryable == isQueryable)
    }

    @Test(
        "the agent's version is written in three ways",
        arguments: [
            #"{"version":"8.2.0"}"#, #"{"version":{"version":"8.2.0"}}"#, #"{"qemu-ga":"8.2.0"}"#,
        ])
    func agentVersion(json: String) throws {
        #expect(try read("{\"result\":\(json)}", AgentVersion.read) == "8.2.0")
    }

    @Test(
        "monitors and managers of Ceph are counted however they are told",
        arguments: [
            (#"{"monmap":{"num_mons":3},"mgrmap":{"standbys":["a"],"num_standbys":2}}"#, 3, 2),
            (#"{"monmap":{"mons":[{"name":"a"},"b"]},"mgrmap":{"standbys":[{"name":"a"}]}}"#, 2, 1),
            (#"{"quorum_names":["a","b","c"]}"#, 3, 0),
        ])
    func ceph(json: String, monitors: Int, standbys: Int) throws {
        let status = try read(json, CephStatus.read)
        #expect((status.monitors, status.standbyManagers) == (monitors, standbys))
    }

    @Test("of a pool only what is sick is kept, with the part it plays") func zfs() throws {
        let json = """
            {"name":"tank","state":"DEGRADED","children":[{"name":"tank","state":"DEGRADED","children":[
              {"name":"mirror-0","state":"DEGRADED","children":[{"name":"sda","state":"ONLINE"},
                {"name":"sdb","state":"FAULTED","read":3}]},
              {"name":"raidz1-1","state":"ONLINE","children":[{"name":"sdc","state":"ONLINE","cksum":2}]}]},
             {"name":"spares","children":[{"name":"sdd","state":"AVAIL"}]},
             {"name":"logs","state":"","children":[{"name":"nvme0","state":"UNAVAIL"}]}]}
            """
        let detail = try read(json, ZFSPoolDetail.read)
        #expect(detail.sick.map(\.name) == ["tank", "mirror-0", "sdb", "sdc", "nvme0"])
        #expect(detail.sick.map(\.type) == ["vdev", "mirror", "disk", "disk", "log"])
        #expect(detail.sick.reduce(0) { $0 + $1.readErrors + $1.checksumErrors } == 5)
    }

    @Test(
        "what is nested too deep, cut short or no JSON at all is an answer that cannot be read",
        arguments: [
            "", "{", "<html>", "{\"data\":\(String(repeating: "[", count: 5000))", "{\"data\":[]} x", "[]", "{}",
        ])
    func hostile(body: String) {
        #expect(throws: PlatformFailure.self) { _ = try PVEAnswer.data(Array(body.utf8), ClusterRows.read) }
    }

    @Test("lists and texts that somebody else makes long are not kept long") func bounded() throws {
        let row = #"{"mountpoint":"/","type":"\#(String(repeating: "x", count: 20_000))","total-bytes":1}"#
        let files = try read(
            "{\"result\":[\(Array(repeating: row, count: 300).joined(separator: ","))]}", AgentFileSystem.read)
        #expect(files.count == 256)
        #expect(files.first?.type.utf8.count == 8192)
    }

    @Test(
        "numbers at the edge of what fits break nothing",
        arguments: ["9223372036854775807", "1e300", "-1e300", "\"0xFFFFFFFFFFFFFFFFFF\""])
    func extremes(number: String) throws {
        let keys = ["vmid", "cpu", "maxcpu", "mem", "maxmem", "disk", "maxdisk", "uptime", "netin", "netout"]
        let members = keys.map { "\"\($0)\":\(number)" }.joined(separator: ",")
        let json = """
            [{"type":"node","node":"a","status":"online",\(members)},{"type":"qemu","node":"a","status":"running",\(members)},
             {"type":"lxc","node":"a","status":"running",\(members.replacing("\"vmid\":\(number)", with: "\"vmid\":5"))},
             {"type":"storage","storage":"s","node":"a","status":"available",\(members)}]
            """
        let now = Timestamp(seconds: 1_800_000_000)
        var known = ClusterKnowledge(grace: .seconds(60))
        known.take(try read(json, ClusterRows.read), at: now)
        known.take(
            .nodeStatus(
                try read(
                    "{\"memory\":{\"total\":\(number),\"free\":\(number),\"cached\":\(number)},\"loadavg\":[\(number)]}",
                    NodeStatus.read)), to: .nodeStatus("a"), at: now)
        known.take(try read(json, ClusterRows.read), at: now + .seconds(10))
        let spec = ConnectionSpec(
            id: ConnectionID.new(at: now), org: OrgID.new(at: now), kind: .pve, name: "x", host: "h", port: 1,
            trust: .system,
            credential: .none, cadence: .seconds(10))
        let observed = ProxmoxMapping(spec, known, at: now + .seconds(10)).observations
        #expect(observed.count >= 2)
        #expect(observed.allSatisfy { $0.samples.allSatisfy { $0.value.isFinite } })
    }
}
