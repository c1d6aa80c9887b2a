import Kernel
import Testing

@testable import ProxmoxVE

@Suite struct MemoryTruthTests {
    private static let gibibyte: UInt64 = 1 << 30
    private static let mebibyte: UInt64 = 1 << 20
    private static let start = Timestamp(seconds: 1_800_000_000)

    private func truth(
        total: UInt64 = 8 * gibibyte, listed: UInt64? = nil, isRunning: Bool = true, proc: ProcMeminfo? = nil,
        _ edit: (inout GuestStatus) -> Void
    ) -> MemoryTruth {
        var status = GuestStatus()
        status.maxMem = total
        edit(&status)
        return GuestMemory(isRunning: isRunning, listed: listed, listedTotal: total, status: status, proc: proc).truth
    }

    @Test("what is available comes first") func available() {
        let found = truth { $0.meminfo = .init(total: 8 * Self.gibibyte, available: 5 * Self.gibibyte) }
        #expect((found.used, found.source) == (3 * Self.gibibyte, .available))
        let tooMuch = truth { $0.meminfo = .init(total: 8 * Self.gibibyte, available: 9 * Self.gibibyte) }
        #expect((tooMuch.used, tooMuch.source) == (nil, .unavailable))
    }

    @Test("fact 4: free alone is never what is available, with caches it is") func freeAlone() {
        let alone = truth { $0.meminfo = .init(total: 8 * Self.gibibyte, free: Self.gibibyte) }
        #expect((alone.used, alone.source) == (nil, .unavailable))
        let cached = truth {
            $0.meminfo = .init(total: 8 * Self.gibibyte, free: Self.gibibyte, buffers: 0, cached: 2 * Self.gibibyte)
        }
        #expect((cached.used, cached.source) == (5 * Self.gibibyte, .freeBuffersCached))
        let conflict = truth {
            $0.meminfo = .init(total: 8 * Self.gibibyte, free: 5 * Self.gibibyte, cached: 4 * Self.gibibyte)
        }
        #expect(conflict.used == nil)
    }

    @Test("case 33: used that is only what is not free says nothing") func usedIsNotFree() {
        let found = truth(total: 7_796_964 << 10) {
            $0.meminfo = .init(total: 7_796_964 << 10, used: 7_352_140 << 10, free: 444_824 << 10)
            $0.mem = 7_352_140 << 10
        }
        #expect((found.used, found.source) == (nil, .unavailable))
    }

    @Test("what is neither used nor free is a cache, from 4 MiB on") func totalMinusUsed() {
        let found = truth {
            $0.meminfo = .init(total: 8 * Self.gibibyte, used: 3 * Self.gibibyte, free: Self.gibibyte)
        }
        #expect((found.used, found.source) == (3 * Self.gibibyte, .totalMinusUsed))
        #expect(found.source.trust == .fallback)
        #expect(found.cache == 4 * Self.gibibyte)
        let little = truth {
            $0.meminfo = .init(
                total: 8 * Self.gibibyte, used: 3 * Self.gibibyte, free: 5 * Self.gibibyte - 3 * Self.mebibyte)
        }
        #expect(little.used == nil)
    }

    @Test("case 35: nothing available is full, which is valid") func fullPressure() throws {
        let proc = try #require(ProcMeminfo("MemTotal: 1024 kB\nMemFree: 10 kB\nMemAvailable: 0 kB\n"))
        let found = truth(total: 1024 << 10, proc: proc) { $0.agent = .available }
        #expect((found.used, found.source) == (1024 << 10, .agentMeminfo))
    }

    @Test("case 37: an old kernel's parts are put together") func oldKernel() throws {
        let text = """
            MemTotal: 8388608 kB
            MemFree: 524288 kB
            Buffers: 262144 kB
            Cached: 1572864 kB
            SReclaimable: 262144 kB
            Shmem: 131072 kB
            """
        let proc = try #require(ProcMeminfo(text))
        #expect((proc.available, proc.isDerived) == (2_490_368 << 10, true))
        let found = truth(proc: proc) { $0.agent = .enabled }
        #expect(found.source == .agentMeminfoDerived)
    }

    @Test(
        "what a guest says of its memory is refused when it cannot be right",
        arguments: [
            "MemTotal: 10 kB\nMemTotal: 10 kB\nMemAvailable: 5 kB", "MemTotal: 10 MB\nMemAvailable: 5 kB",
            "MemTotal: 10 kB\nMemAvailable: 11 kB", "MemTotal: 10 kB\nMemFree: 5 kB", "hello", "",
        ])
    func refused(text: String) { #expect(ProcMeminfo(text) == nil) }

    @Test("what is cut short counts when the decisive line is there") func truncated() {
        #expect(ProcMeminfo("MemTotal: 10 kB\nMemAvailable: 5 kB\nBuf", isTruncated: true)?.available == 5 << 10)
        #expect(ProcMeminfo("MemTotal: 10 kB\nMemFree: 1 kB\nBuffers: 1 kB\nCached: 1 kB", isTruncated: true) == nil)
    }

    @Test("an agent that may not be asked is not believed either") func noAgent() throws {
        let proc = try #require(ProcMeminfo("MemTotal: 1024 kB\nMemAvailable: 512 kB"))
        #expect(truth(proc: proc) { ($0.agent, $0.mem) = (.off, 5) }.source == .statusMem)
    }

    @Test("case 39: full by the status and half empty by its balloon is half empty") func freeMem() {
        let found = truth(total: 8) { ($0.mem, $0.freeMem) = (8, 5) }
        #expect((found.used, found.source) == (3, .statusFreeMem))
    }

    @Test("case 41: what the balloon leaves is the total") func balloon() {
        let found = truth {
            $0.balloon = 4 * Self.gibibyte
            $0.freeMem = Self.gibibyte
        }
        #expect((found.used, found.source) == (3 * Self.gibibyte, .statusFreeMem))
        #expect(found.source.trust == .low)
    }

    @Test("a status that says what it says, when free memory does not contradict it") func statusMem() {
        let found = truth { ($0.mem, $0.freeMem) = (3 * Self.gibibyte, 4 * Self.gibibyte) }
        #expect((found.used, found.source) == (3 * Self.gibibyte, .statusMem))
        #expect(truth { _ in }.used == nil)
    }

    @Test("without a status the list, switched off nothing at all") func listing() {
        let list = GuestMemory(isRunning: true, listed: 5, listedTotal: 10, status: nil, proc: nil).truth
        #expect((list.used, list.source) == (5, .listing))
        let off = GuestMemory(isRunning: false, listed: 5, listedTotal: 10, status: nil, proc: nil).truth
        #expect((off.used, off.source) == (0, .poweredOff))
        #expect(ContainerMemory.truth(isRunning: true, listed: 0, total: 10).used == nil)
        #expect(ContainerMemory.truth(isRunning: true, listed: 4, total: 10).used == 4)
    }

    @Test("case 43: what a node reports as used is taken when it leaves room for caches") func node() {
        var memory = NodeStatus.Memory()
        (memory.total, memory.used, memory.free) = (134_794_743_808, 107_351_023_616, 6_471_057_408)
        let found = NodeMemory(status: memory, history: nil).truth
        #expect((found.used, found.source) == (107_351_023_616, .totalMinusUsed))
        #expect(found.reason == "node-status-total-minus-used")
        memory.free = memory.total - 107_351_023_616
        #expect(NodeMemory(status: memory, history: nil).truth.used == nil)
    }

    @Test("a node's order: available, avail, caches, its history, and never the list") func nodeOrder() {
        var memory = NodeStatus.Memory(total: 100, used: 99, free: 1)
        #expect(NodeMemory.wantsHistory(memory))
        #expect(NodeMemory(status: memory, history: NodeHistory(time: 1, memUsed: 40)).truth.used == 40)
        #expect(
            NodeMemory(status: memory, history: NodeHistory(memUsed: 40, memAvailable: 70)).truth.source
                == .rrdAvailable)
        memory.cached = 20
        #expect(NodeMemory(status: memory, history: NodeHistory(memUsed: 40)).truth.used == 79)
        memory.avail = 50
        #expect(NodeMemory(status: memory, history: nil).truth.used == 50)
        memory.available = 60
        #expect(NodeMemory(status: memory, history: nil).truth.used == 40)
        memory.available = 101
        #expect(NodeMemory(status: memory, history: nil).truth.used == 50)
    }

    @Test("case 45: a node's last good reading holds for two minutes") func nodeCarried() {
        var memories = MemoryMemory()
        _ = memories.settle(
            MemoryTruth(used: 40, total: 100, source: .available), at: Self.start, isAgentHealthy: false)
        let carried = memories.carried(at: Self.start + .seconds(90))
        #expect((carried?.used, carried?.source, carried?.isCarried) == (40, .previous, true))
        #expect(memories.carried(at: Self.start + .seconds(130)) == nil)
    }

    @Test(
        "a jump because the source got worse is no jump, for two minutes and from five points on",
        arguments: [
            (90, 60, 40), (90, 43, 43), (130, 60, 60),
        ] as [(Int, UInt64, UInt64)])
    func jump(age: Int, now: UInt64, shown: UInt64) {
        var memories = MemoryMemory()
        _ = memories.settle(
            MemoryTruth(used: 40, total: 100, source: .available), at: Self.start, isAgentHealthy: false)
        let truth = memories.settle(
            MemoryTruth(used: now, total: 100, source: .statusMem), at: Self.start + .seconds(age),
            isAgentHealthy: false)
        #expect(truth.used == shown)
        #expect(truth.isCarried == (now != shown))
    }

    @Test(
        "case 49: nearly full from a poor source, while the guest agent is well, is not believed",
        arguments: [
            (true, 500, 400), (false, 500, 995), (true, 700, 995),
        ] as [(Bool, Int, UInt64)])
    func nearlyFull(isHealthy: Bool, age: Int, shown: UInt64) {
        var memories = MemoryMemory()
        _ = memories.settle(
            MemoryTruth(used: 400, total: 1000, source: .available), at: Self.start, isAgentHealthy: true)
        let truth = memories.settle(
            MemoryTruth(used: 995, total: 1000, source: .statusMem), at: Self.start + .seconds(age),
            isAgentHealthy: isHealthy)
        #expect(truth.used == shown)
    }

    @Test("another size of memory is another machine: nothing is carried") func resized() {
        var memories = MemoryMemory()
        _ = memories.settle(
            MemoryTruth(used: 40, total: 100, source: .available), at: Self.start, isAgentHealthy: true)
        let truth = memories.settle(
            MemoryTruth(used: 199, total: 200, source: .statusMem), at: Self.start + .seconds(10), isAgentHealthy: true)
        #expect(truth.used == 199)
    }

    @Test("case 47: a row of history that lacks a value was not measured") func historyGaps() throws {
        let json = """
            {"data":[{"time":10,"memtotal":100,"memused":40},{"time":20,"memtotal":100},{"time":15,"memused":50}]}
            """
        let newest = try PVEAnswer.data(Array(json.utf8), NodeHistory.newest)
        #expect(newest?.memUsed == 50)
    }

    @Test(
        "older labels lead to today's, others keep their name",
        arguments: [
            ("avail-field", .available), (" Meminfo-Derived ", .freeBuffersCached), ("rrd-data", .rrdUsed),
            ("listing", .listing), ("", .unknown), ("powered-off", .poweredOff), ("something", nil),
        ] as [(String, MemorySource?)])
    func labels(label: String, source: MemorySource?) { #expect(MemorySource(label: label) == source) }
}
