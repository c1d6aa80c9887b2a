import Inventory
import JSONKit
import Kernel
import Testing

@testable import Realtime

@Suite struct InventoryViewTests {
    private let berlin = ResourceID.new(at: Timestamp(seconds: 1))
    private let paris = ResourceID.new(at: Timestamp(seconds: 2))

    private var delta: Delta {
        Delta(
            head: OrgHead(epoch: 3, seq: 42), at: Timestamp(seconds: 1),
            upserts: [
                JSONValue.object(["id": .string("\(berlin)"), "name": "b"]).json,
                JSONValue.object(["id": .string("\(paris)"), "name": "canary"]).json, Array(#"{"name":"x"}"#.utf8),
            ],
            removed: [berlin, paris])
    }

    @Test("of a delta an audience hears what it sees, under the same number")
    func part() throws {
        let part = InventoryView.part(of: delta, seen: [berlin])
        #expect(part.head == delta.head)
        let text = String(decoding: part.payload, as: UTF8.self)
        #expect(text.contains("\(berlin)") && !text.contains("canary") && !text.contains("\(paris)"))
        guard case .changes(let json) = part.body else { throw JSONShapeLost() }
        let changes = try JSONValue(json: json)
        #expect(changes["upserts"]?.array?.count == 1)
        #expect(changes["removed"] == [.string("\(berlin)")])
    }

    @Test("who sees all hears all, and a reload stays one")
    func whole() {
        #expect(InventoryView.part(of: delta, seen: nil) == delta)
        let reload = Delta(payload: Array(delta.payload.prefix(24)))
        #expect(reload.map { InventoryView.part(of: $0, seen: []).body } == .reload)
    }

    private struct JSONShapeLost: Error {}
}
