import Inventory
import JSONKit
import Kernel
import Testing

@testable import Realtime

@Suite struct DeltaRingTests {
    private func delta(_ epoch: Int64, _ seq: Int64) -> Delta {
        Delta(
            head: OrgHead(epoch: epoch, seq: seq), at: Timestamp(seconds: 1), upserts: [Array(#"{"id":\#(seq)}"#.utf8)],
            removed: [])
    }

    private func ring(_ heads: [(Int64, Int64)]) -> DeltaRing {
        var ring = DeltaRing()
        for (epoch, seq) in heads { _ = ring.add(delta(epoch, seq), .delta(delta(epoch, seq))) }
        return ring
    }

    @Test("a reader gets what it misses, in order, and nothing it has") func resume() {
        let ring = ring([(1, 5), (1, 6), (1, 7)])
        #expect(ring.missed(since: OrgHead(epoch: 1, seq: 5))?.map(\.resumeID) == ["1.6", "1.7"])
        #expect(ring.missed(since: OrgHead(epoch: 1, seq: 4))?.count == 3)
        #expect(ring.missed(since: OrgHead(epoch: 1, seq: 7))?.isEmpty == true)
    }

    @Test("what the ring does not know is not guessed") func unknown() {
        let ring = ring([(1, 5), (1, 6)])
        #expect(ring.missed(since: OrgHead(epoch: 1, seq: 3)) == nil)
        #expect(ring.missed(since: OrgHead(epoch: 1, seq: 9)) == nil)
        #expect(ring.missed(since: OrgHead(epoch: 2, seq: 5)) == nil)
        // What a reader says it has is any number.
        #expect(ring.missed(since: OrgHead(epoch: 1, seq: .max)) == nil)
        #expect(ring.missed(since: OrgHead(epoch: 1, seq: 0)) == nil)
        #expect(DeltaRing().missed(since: .none) == nil)
    }

    @Test("doubles are known, gaps and new epochs are told") func steps() {
        var ring = ring([(1, 5)])
        func add(_ epoch: Int64, _ seq: Int64) -> DeltaRing.Step {
            ring.add(delta(epoch, seq), .delta(delta(epoch, seq)))
        }
        #expect(add(1, 5) == .old)
        #expect(add(1, 6) == .next)
        #expect(add(1, 8) == .gap)
        #expect(add(2, 1) == .gap)
        #expect(add(2, 2) == .next)
        #expect(add(1, 9) == .old)
    }

    @Test("the ring keeps its number of deltas") func capacity() {
        let ring = ring((1...400).map { (1, Int64($0)) })
        #expect(ring.missed(since: OrgHead(epoch: 1, seq: 144))?.count == DeltaRing.capacity)
        #expect(ring.missed(since: OrgHead(epoch: 1, seq: 143)) == nil)
    }
}

@Suite struct LiveMessageTests {
    @Test("fact 25: a delta is told as merge patches beside what is gone, with its head") func delta() throws {
        let id = ResourceID.new(at: Timestamp(seconds: 1))
        let delta = Delta(
            head: OrgHead(epoch: 3, seq: 42), at: Timestamp(milliseconds: 1234),
            upserts: [Array(#"{"id":"x","status":"offline"}"#.utf8)],
            removed: [id])
        #expect(Delta(payload: delta.payload) == delta)
        var reader = JSONReader(LiveMessage.delta(delta).json)
        let message = try reader.decode(JSONValue.self)
        #expect(message["type"] == "rawData")
        #expect(message["timestamp"] == 1234)
        #expect(message["head"] == ["epoch": 3, "seq": 42])
        #expect(message["data"]?["resourceDelta"]?["removed"] == [.string(id.description)])
        #expect(message["data"]?["resourceDelta"]?["upserts"]?[0]?["status"] == "offline")
    }

    @Test("fact 25: a delta too large to tell says reload") func tooLarge() {
        let upserts = (0..<20_000).map {
            Array(#"{"id":"\#($0)-0123456789012345678901234567890123456789"}"#.utf8)
        }
        let delta = Delta(head: OrgHead(epoch: 1, seq: 1), at: Timestamp(seconds: 1), upserts: upserts, removed: [])
        #expect(delta.body == .reload)
        #expect(Delta(payload: delta.payload)?.body == .reload)
        #expect(LiveMessage.delta(delta).type == "reload")
    }

    @Test(
        "a client may ping and ask; the rest is ignored",
        arguments: ["{", "[]", "{\"type\":7}", "{\"type\":\"drop\"}", ""])
    func ignored(text: String) {
        #expect(ClientMessage(text) == nil)
        #expect(ClientMessage("{\"type\":\"ping\"}") == .ping)
    }

    @Test("only epoch and number resume", arguments: ["", "1", "1.2.3", "-1.2", "a.b", "1.", "99999999999999999999.1"])
    func resumeIDs(text: String) { #expect(OrgHead(resumeID: text) == nil) }
}
