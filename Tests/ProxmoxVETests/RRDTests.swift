import Inventory
import JSONKit
import Kernel
import Testing

@testable import ProxmoxVE

@Suite("what Proxmox VE remembers") struct RRDTests {
    private func rows(_ json: String) throws -> [RRDRow] {
        var reader = JSONReader(Array(json.utf8))
        return try RRDRow.read(&reader)
    }

    private func samples(_ json: String, _ subject: RRDMapping.Subject) throws -> [String: Double] {
        let row = try #require(try rows(json).first)
        return Dictionary(RRDMapping.samples(row, of: subject).map { ($0.metric.text, $0.value) }) { first, _ in first }
    }

    @Test(
        "fact 3 and case 47: what a row lacks is unknown, a guest has mem and maxmem only, a node memused and memtotal",
        arguments: [
            (#"[{"time":60}]"#, RRDMapping.Subject.guest, [:]),
            (#"[{"time":60,"cpu":0.25,"mem":1,"maxmem":4}]"#, .guest, ["cpu": 25, "memory": 25, "memoryused": 1]),
            (#"[{"time":60,"memused":1,"memavailable":3,"memtotal":4}]"#, .guest, [:]),
            (#"[{"time":60,"memused":1,"memtotal":4}]"#, .node, ["memory": 25, "memoryused": 1]),
            (#"[{"time":60,"mem":1,"maxmem":4}]"#, .node, [:]),
            // A VM's disk says 0: not known, not empty. A container's is.
            (#"[{"time":60,"disk":0,"maxdisk":8}]"#, .guest, [:]),
            (#"[{"time":60,"disk":2,"maxdisk":8}]"#, .guest, ["disk": 25]),
            (#"[{"time":60,"used":2,"total":8}]"#, .storage, ["usage": 25, "used": 2, "total": 8, "avail": 6]),
            (#"[{"time":60,"netin":-1,"netout":0,"cpu":"0.5"}]"#, .guest, ["netout": 0, "cpu": 50]),
            (#"[{"time":60,"cpu":7.5,"mem":9,"maxmem":0}]"#, .guest, ["cpu": 100, "memoryused": 9]),
        ] as [(String, RRDMapping.Subject, [String: Double])])
    func rows(json: String, subject: RRDMapping.Subject, expected: [String: Double]) throws {
        #expect(try samples(json, subject) == expected)
    }

    @Test("rows out of order, twice, without values or without a time make one rising frame")
    func frames() throws {
        let told = try rows(
            """
            [{"time":240,"cpu":0.4},{"time":60,"cpu":0.1},{"time":120},{"cpu":1},{"time":180,"cpu":0.3},
             {"time":180,"cpu":0.9},{"time":-60,"cpu":1},"x",{"time":1e300,"cpu":1}]
            """)
        let frame = try #require(RRDMapping.frame(told, of: .guest, key: "qemu/1", name: "hour"))
        #expect(frame.step == .seconds(60))
        #expect(frame.rows.map { $0.at.milliseconds } == [60_000, 180_000, 240_000])
        #expect(frame.rows.map { $0.samples[0].value } == [10, 30, 40])
        #expect(RRDMapping.frame(try rows("[]"), of: .node, key: "n", name: "day") == nil)
        #expect(RRDMapping.frame(try rows(#"[{"time":5,"cpu":1}]"#), of: .node, key: "n", name: "day") == nil)
    }

    @Test("a list without end is cut")
    func endless() throws {
        let many = (1...6000).map { #"{"time":\#($0 * 60),"cpu":0.1}"# }.joined(separator: ",")
        #expect(try rows("[\(many)]").count == 5000)
    }
}
