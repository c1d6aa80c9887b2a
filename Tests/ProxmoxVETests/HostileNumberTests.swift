import CollectorKit
import Inventory
import JSONKit
import Kernel
import Testing

@testable import ProxmoxVE

@Suite("Numbers that a platform can send and nothing can have") struct HostileNumberTests {
    @Test(
        "an uptime is within a hundred years, or unknown",
        arguments: [
            ("\"9223372036854775807\"", nil), ("-1", nil), ("\"-9223372036854775808\"", nil), ("3155760001", nil),
            ("3155760000", 3_155_760_000), ("0", 0), ("1e300", nil),
        ] as [(String, Int64?)])
    func uptime(json: String, expected: Int64?) throws {
        let rows = try read(#"[{"type":"node","node":"a","uptime":\#(json)}]"#, ClusterRows.read)
        #expect(rows.nodes.first?.uptime == expected)
        #expect(try read(#"{"uptime":\#(json)}"#, NodeStatus.read).uptime == expected)
    }

    @Test(
        "a size beyond 2^60 is none",
        arguments: [("1152921504606846976", 1 << 60), ("1152921504606847232", nil)]
            as [(String, Int64?)])
    func size(json: String, expected: Int64?) throws {
        let rows = try read(#"[{"type":"node","node":"a","maxdisk":\#(json)}]"#, ClusterRows.read)
        #expect(rows.nodes.first?.maxDisk == expected)
    }

    @Test("tasks that began before all time or after it end no poll") func tasks() async throws {
        let rows = (0..<BackupTask.pageSize).map { number in
            #"{"upid":"\#(number)","starttime":"\#(number == 0 ? Int64.min : number == 1 ? Int64.max : 5)"}"#
        }
        let page = try read("[\(rows.joined(separator: ","))]", BackupTask.read)
        #expect(Set(page.map(\.start)) == [0, 5])
        let all = try await BackupTask.pages { start throws(PlatformFailure) in start == 0 ? page : [] }
        #expect(all.count == BackupTask.pageSize)
    }

    @Test("a history that is more than there is by less than a floating-point number can tell is not believed")
    func history() {
        let total: UInt64 = 1 << 60 - 1
        let history = NodeHistory(time: 1, memTotal: nil, memUsed: nil, memAvailable: 0x1p60)
        let truth = NodeMemory(status: .init(total: total), history: history).truth
        #expect((truth.used, truth.source) == (nil, .unavailable))
        let used = NodeHistory(time: 1, memTotal: nil, memUsed: 0x1p60, memAvailable: nil)
        #expect(NodeMemory(status: .init(total: total), history: used).truth.used == nil)
    }

    @Test("what is endless is no number") func endless() throws {
        let rows = try? read(#"[{"type":"node","node":"a","cpu":"inf","maxcpu":"nan"}]"#, ClusterRows.read)
        #expect(rows?.nodes.first?.cpu == nil)
        #expect(rows?.nodes.first?.maxCPU == nil)
    }

    @Test("free memory that is null or empty is unknown, not 0", arguments: ["null", "\"\"", "\"null\""])
    func free(json: String) throws {
        let status = try read(
            #"{"mem":5,"freemem":\#(json),"ballooninfo":{"free_mem":\#(json)},"meminfo":{"total":9,"free":\#(json)}}"#,
            GuestStatus.read)
        #expect(status.freeMem == nil)
        #expect(status.balloonInfo?.free == nil)
        #expect(status.meminfo?.free == nil)
        #expect(try read(#"{"memory":{"total":9,"used":\#(json)}}"#, NodeStatus.read).memory.used == nil)
    }
}
