import Bus
import Inventory
import JSONKit
import Kernel
import Postgres
import Resources
import TestKit
import Testing

@testable import HTTPKit
@testable import Realtime

/// What readers who see a part of the inventory are told live.
@Suite(.postgres) struct OrgChannelTests {
    private let time = ManualTime()

    /// A machine with a tag of its own.
    private func machine(_ tag: String, in org: OrgID) async throws -> ResourceID {
        let (agent, id) = (try await Given.agent(in: org).id, ResourceID.new(at: time.now))
        let superuser = TestDatabase.current.superuser
        try await superuser.executeGlobally(
            "UPDATE pulse.agents SET tags = ARRAY[\(tag)::text] WHERE org_id = \(org) AND id = \(agent)")
        try await superuser.executeGlobally(
            """
            INSERT INTO pulse.resources VALUES (\(org), \(id), \(agent), 'agent', 'agent', \(tag), \(tag), 'online', '',
                                                now(), now())
            """)
        return id
    }

    private func delta(_ seq: Int64, of resources: [ResourceID]) -> [UInt8] {
        Delta(
            head: OrgHead(epoch: 1, seq: seq), at: time.now,
            upserts: resources.map { Array(#"{"id":"\#($0)","n":\#(seq)}"#.utf8) }, removed: []
        ).payload
    }

    /// Everything a reader was told, who has read to the end.
    private func told(_ writer: EventWriter) async -> String {
        writer.finish()
        var bytes: [UInt8] = []
        for await piece in writer.pieces { bytes += piece }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func reader() -> EventWriter { EventWriter(maxQueuedBytes: 1 << 20, maxQueuedEvents: 100) }

    @Test("of what changes a reader hears their part, and is told to load anew when something comes into their sight")
    func part() async throws {
        let org = try await Given.organisation()
        let (berlin, bremen) = (try await machine("berlin", in: org), try await machine("bremen", in: org))
        let part = Visibility(text: #"{"any":[{"tags":["berlin"]}]}"#)
        let store = ResourceStore(TestDatabase.current.app)
        let channel = OrgChannel(InventoryView(org: org, visibility: part, store: store), time: time)
        let first = reader()
        let id = try await channel.admit(first, since: nil)
        await channel.hear(.payload(delta(1, of: [berlin, bremen])))
        await channel.hear(.payload(delta(2, of: [bremen])))
        await channel.remove(stream: id)
        let heard = await told(first)
        #expect(heard.contains("\(berlin)") && heard.contains("event: rawData") && !heard.contains("event: reload"))
        #expect(!heard.contains("\(bremen)"), "\(heard)")

        let second = reader()
        _ = try await channel.admit(second, since: nil)
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.agents SET tags = '{berlin}' WHERE org_id = \(org)")
        await channel.hear(.payload(delta(3, of: [berlin])))
        await channel.hear(.payload(delta(4, of: [bremen])))
        let after = await told(second)
        #expect(after.contains("event: reload"), "\(after)")
        #expect(after.contains("\(bremen)"), "from then on it is heard")
    }

    private func channel(of org: OrgID) -> OrgChannel {
        let part = Visibility(text: #"{"any":[{"tags":["berlin"]}]}"#)
        let store = ResourceStore(TestDatabase.current.app)
        return OrgChannel(InventoryView(org: org, visibility: part, store: store), time: time)
    }

    private func tag(_ text: String, all org: OrgID) async throws {
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.agents SET tags = ARRAY[\(text)::text] WHERE org_id = \(org)")
    }

    @Test("what leaves a reader's sight before the first change they hear of is not kept")
    func leaving() async throws {
        let org = try await Given.organisation()
        let berlin = try await machine("berlin", in: org)
        let (channel, reader) = (channel(of: org), reader())
        _ = try await channel.admit(reader, since: nil)
        try await tag("bremen", all: org)
        await channel.hear(.payload(delta(1, of: [berlin])))
        let heard = await told(reader)
        #expect(heard.contains("event: reload"), "\(heard)")
    }

    @Test("of two readers who were shown different things both load anew, whichever of it is so at the next change")
    func different() async throws {
        let org = try await Given.organisation()
        let berlin = try await machine("berlin", in: org)
        let (channel, first, second) = (channel(of: org), reader(), reader())
        _ = try await channel.admit(first, since: nil)
        try await tag("bremen", all: org)
        _ = try await channel.admit(second, since: nil)
        try await tag("berlin", all: org)
        await channel.hear(.payload(delta(1, of: [berlin])))
        await channel.hear(.payload(delta(2, of: [berlin])))
        for reader in [first, second] {
            let heard = await told(reader)
            #expect(heard.contains("event: reload") && heard.contains("\"n\":2"), "\(heard)")
        }
    }

    @Test("readers who come together share what is read for them")
    func storm() async throws {
        let channel = channel(of: try await Given.organisation())
        let readers = (0..<200).map { _ in reader() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reader in readers { group.addTask { _ = try await channel.admit(reader, since: nil) } }
            try await group.waitForAll()
        }
        // Two, unless some of them came late to it.
        #expect(await channel.readings <= 20)
        for reader in readers {
            let heard = await told(reader)
            #expect(heard.contains("event: initialState"), "\(heard)")
        }
    }

    @Test("who sees all hears all")
    func whole() async throws {
        let org = try await Given.organisation()
        let all = [try await machine("berlin", in: org), try await machine("bremen", in: org)]
        let store = ResourceStore(TestDatabase.current.app)
        let channel = OrgChannel(InventoryView(org: org, visibility: nil, store: store), time: time)
        let reader = reader()
        _ = try await channel.admit(reader, since: nil)
        await channel.hear(.payload(delta(1, of: all)))
        let heard = await told(reader)
        for id in all { #expect(heard.contains("\(id)"), "\(heard)") }
    }
}
