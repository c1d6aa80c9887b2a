import Inventory
import JSONKit
import Kernel
import Testing

@testable import Monitoring
@testable import Resources

/// What the timeline tells of outages, moves, hand-overs and of what becomes one: what happened to the thing, once, and
/// nothing that happened to us alone.
@Suite struct TimelineTests {
    private let platform = ConnectionID(bytes: [UInt8](repeating: 1, count: 16))
    private let inside = ConnectionID(bytes: [UInt8](repeating: 2, count: 16))

    private func node(_ name: String, disks: [String] = []) -> Observation {
        said(
            .agent, "node/\(name)", name: name,
            evidence: [Evidence(.platformID, "pve:one/node/\(name)")] + disks.map { Evidence(.hostDisk, $0) })
    }

    private func guest(
        _ status: ResourceStatus = .online, on node: String = "pve1", uptime: Int64? = nil, name: String = "web"
    ) -> Observation {
        var guest = said(
            .vm, "qemu/101", name: name,
            evidence: [Evidence(.platformID, "pve:one/guest/101"), Evidence(.dmiUUID, "u-1")])
        guest.status = status
        guest.parent = "node/\(node)"
        guest.uptimeSeconds = uptime
        guest.facts = [ResourceBlock("proxmox", json: Array(#"{"vmid":101,"node":"\#(node)"}"#.utf8))]
        return guest
    }

    private func storage(_ status: ResourceStatus = .online, seenAt: Timestamp? = nil) -> Observation {
        said(
            .storage, "storage/pve1/local", name: "local", evidence: [Evidence(.platformID, "pve:one/storage/local")],
            status: status, seenAt: seenAt)
    }

    private func agent(
        _ name: String, board: String? = nil, disks: [String] = [], uptime: Int64? = nil,
        of connection: ConnectionID? = nil
    ) -> Observation {
        var agent = Observation(
            connection: connection ?? inside, source: .agent, type: .agent, key: "host",
            evidence: [Evidence(.agentID, "a-1")] + (board.map { [Evidence(.dmiUUID, $0)] } ?? [])
                + disks.map { Evidence(.hostDisk, $0) }, name: name, technology: "linux",
            identity: ResourceIdentity(dmiUUID: board, hostnames: [name]), measuredAt: Estate.start,
            receivedAt: Estate.start)
        agent.uptimeSeconds = uptime
        return agent
    }

    private func said(
        _ type: ResourceType, _ key: String, name: String, evidence: [Evidence], status: ResourceStatus = .online,
        seenAt: Timestamp? = nil
    ) -> Observation {
        Observation(
            connection: platform, source: .proxmox, type: type, key: key, scope: "\(type)s", evidence: evidence,
            name: name, technology: "proxmox", status: status, identity: ResourceIdentity(hostnames: [name]),
            measuredAt: seenAt ?? Estate.start, receivedAt: seenAt ?? Estate.distant)
    }

    // MARK: Outages

    @Test("a guest that was stopped while nobody could ask is told when somebody can again") func stoppedUnheard() {
        var estate = Estate()
        #expect(estate.hears([node("pve1"), guest(.online)]).isEmpty)
        #expect(estate.hears([], after: 120).isEmpty)
        #expect(estate.status(of: "web") == "warning")
        #expect(estate.live(of: "web")["lastKnownStatus"] == "online")
        #expect(estate.hears([node("pve1"), guest(.offline)], after: 60) == ["web state_transition online>offline"])
        #expect(estate.live(of: "web")["lastKnownStatus"] == nil)
        #expect(estate.hears([node("pve1"), guest(.online)]) == ["web state_transition offline>online"])
    }

    @Test("what is as it was before the outage has not changed") func sameAfterAnOutage() {
        var estate = Estate()
        _ = estate.hears([node("pve1"), guest(.online)])
        #expect(estate.hears([], after: 120).isEmpty)
        #expect(estate.hears([], after: 600).isEmpty)
        #expect(estate.hears([node("pve1"), guest(.online)], after: 60).isEmpty)
    }

    @Test("a storage that is shown while its node is away has not changed, and what became of it is told after")
    func storageOfANodeThatIsAway() {
        for (back, told) in [
            (ResourceStatus.online, []), (.offline, ["local state_transition online>offline"]),
        ] {
            var estate = Estate()
            _ = estate.hears([storage()])
            let seen = estate.now
            #expect(estate.hears([storage(.unknown, seenAt: seen)]).isEmpty)
            #expect(estate.status(of: "local") == "unknown")
            #expect(estate.hears([storage(.unknown, seenAt: seen)], after: 120).isEmpty)
            #expect(estate.hears([storage(.unknown, seenAt: seen)]).isEmpty)
            #expect(estate.hears([storage(back)]) == told)
        }
    }

    @Test("what the platform itself does not know is told, and its end too") func unknownByWord() {
        var estate = Estate()
        _ = estate.hears([node("pve1"), guest(.online)])
        #expect(estate.hears([node("pve1"), guest(.unknown)]) == ["web state_transition online>unknown"])
        #expect(estate.hears([], after: 120).isEmpty)
        #expect(estate.hears([node("pve1"), guest(.unknown)]).isEmpty)
        #expect(estate.hears([node("pve1"), guest(.online)]) == ["web state_transition unknown>online"])
    }

    @Test("a machine that reports by itself and falls silent is offline, and back with its next word")
    func silentAgent() {
        var estate = Estate()
        #expect(estate.hears([agent("host")]).isEmpty)
        #expect(estate.hears([], after: 120) == ["host state_transition online>offline"])
        #expect(estate.hears([agent("host")]) == ["host state_transition offline>online"])
    }

    // MARK: Hand-overs

    @Test("a hand-over during an outage tells what has changed since, and nothing else")
    func handOverDuringAnOutage() {
        for (back, told) in [(ResourceStatus.online, []), (.offline, ["web state_transition online>offline"])] {
            var estate = Estate()
            _ = estate.hears([node("pve1"), guest(.online)])
            _ = estate.hears([], after: 120)
            estate.handOver()
            #expect(estate.hears([], after: 30).isEmpty)
            #expect(estate.hears([node("pve1"), guest(back)]) == told)
        }
    }

    @Test("two hand-overs during one outage, the second after a silence of the first, forget nothing")
    func handOversDuringAnOutage() {
        var estate = Estate()
        _ = estate.hears([node("pve1"), guest(.online)])
        estate.handOver()
        #expect(estate.hears([], after: 120).isEmpty)
        #expect(estate.status(of: "web") == "warning")
        #expect(estate.live(of: "web")["lastKnownStatus"] == "online")
        estate.handOver()
        #expect(estate.hears([node("pve1"), guest(.offline)], after: 30) == ["web state_transition online>offline"])
    }

    @Test("an outage that was stored without what was known before it ends without a word") func olderRows() {
        var estate = Estate()
        _ = estate.hears([node("pve1"), guest(.online)])
        _ = estate.hears([], after: 120)
        estate.rewriteLive { $0.replacing(#""lastKnownStatus":"online""#, with: #""other":1"#) }
        estate.handOver()
        #expect(estate.hears([node("pve1"), guest(.online)], after: 30).isEmpty)
        #expect(estate.hears([node("pve1"), guest(.offline)]) == ["web state_transition online>offline"])
    }

    @Test("a reboot and a move while no monitor was watching are told with both ends") func betweenTwoMonitors() {
        var estate = Estate()
        _ = estate.hears([node("pve1"), node("pve2"), guest(uptime: 7_776_000), agent("host", uptime: 90_000)])
        estate.handOver()
        let told = estate.hears(
            [node("pve1"), node("pve2"), guest(on: "pve2", uptime: 7_776_090), agent("host", uptime: 40)], after: 90)
        #expect(told == ["host restart 90000>40", "web relationship_change pve1>pve2"])
    }

    @Test("after a hand-over, uptimes are compared as the same source told them") func tellerIsStored() {
        for (uptime, told) in [(Int64(7_776_300), []), (20, ["web restart 7776000>20"])] {
            var estate = Estate()
            _ = estate.hears([node("pve1"), guest(uptime: 7_776_000), agent("web", board: "u-1", uptime: 86_400)])
            #expect(estate.live(of: "web")["uptimeSource"] == "proxmox")
            estate.handOver()
            let now = [node("pve1"), guest(uptime: uptime), agent("web", board: "u-1", uptime: 86_700)]
            #expect(estate.hears(now, after: 300) == told)
        }
        // The one who told it is silent when the next monitor looks.
        var estate = Estate()
        _ = estate.hears([node("pve1"), guest(uptime: 7_776_000), agent("web", board: "u-1", uptime: 86_400)])
        estate.handOver()
        #expect(estate.hears([agent("web", board: "u-1", uptime: 86_520)], after: 120).isEmpty)
        #expect(estate.live(of: "web")["uptimeSource"] == "agent")
        #expect(estate.hears([agent("web", board: "u-1", uptime: 86_530)]).isEmpty)
        let back = [node("pve1"), guest(uptime: 30), agent("web", board: "u-1", uptime: 86_540)]
        #expect(estate.hears(back) == ["web restart 7776000>30"])
    }

    // MARK: Moves and restarts

    @Test("a live migration is a move, and neither a restart nor a setting") func liveMigration() {
        var estate = Estate()
        let nodes = [node("pve1"), node("pve2")]
        _ = estate.hears(nodes + [guest(uptime: 7_776_000)])
        #expect(
            estate.hears(nodes + [guest(on: "pve2", uptime: 5)]) == ["web relationship_change pve1>pve2"])
        #expect(estate.hears(nodes + [guest(on: "pve2", uptime: 15)]).isEmpty)
        // It begins anew where it is.
        #expect(estate.hears(nodes + [guest(on: "pve2", uptime: 3600)], after: 3600).isEmpty)
        #expect(estate.hears(nodes + [guest(on: "pve2", uptime: 8)]) == ["web restart 3600>8"])
    }

    @Test("a list that tells the new node first and the new uptime later tells one migration") func lateUptime() {
        var estate = Estate()
        let nodes = [node("pve1"), node("pve2")]
        _ = estate.hears(nodes + [guest(uptime: 7_776_000)])
        #expect(
            estate.hears(nodes + [guest(on: "pve2", uptime: 7_776_010)]) == ["web relationship_change pve1>pve2"])
        #expect(estate.hears(nodes + [guest(on: "pve2", uptime: 18)]).isEmpty)
        #expect(estate.hears(nodes + [guest(on: "pve2", uptime: 2000)], after: 2000).isEmpty)
        #expect(estate.hears(nodes + [guest(on: "pve2", uptime: 3)]) == ["web restart 2000>3"])
    }

    @Test("a platform that falls silent restarts nothing inside its guests") func agentInside() {
        var estate = Estate()
        func inside(_ uptime: Int64) -> Observation { agent("web", board: "u-1", uptime: uptime) }
        _ = estate.hears([node("pve1"), guest(uptime: 7_776_000), inside(86_400)])
        #expect(estate.names == ["pve1", "web"])
        #expect(estate.hears([inside(86_520)], after: 120).isEmpty)
        #expect(estate.live(of: "web")["uptime"] == 86_520)
        #expect(estate.hears([node("pve1"), guest(uptime: 7_776_130), inside(86_530)]).isEmpty)
        // Restarted while nobody could ask.
        #expect(estate.hears([inside(86_650)], after: 120).isEmpty)
        #expect(
            estate.hears([node("pve1"), guest(uptime: 25), inside(86_660)]) == ["web restart 7776130>25"])
    }

    // MARK: One and two

    @Test("an agent on a machine that is watched already changes nothing of the machine, nor moves its guests")
    func leadChanges() {
        var estate = Estate()
        _ = estate.hears([node("pve1", disks: ["WD-123456"]), guest()])
        // It is not known by its disks yet.
        _ = estate.hears([node("pve1", disks: ["WD-123456"]), guest(), agent("rack-7")])
        #expect(estate.names == ["pve1", "rack-7", "web"])
        let both = [node("pve1", disks: ["WD-123456"]), guest(), agent("pve1.lan", disks: ["WD-123456"])]
        #expect(estate.hears(both).isEmpty)
        #expect(estate.hears(both).isEmpty)
        #expect(estate.names == ["pve1.lan", "web"])
        // The same one leads, and has another name.
        let renamed = [node("pve1", disks: ["WD-123456"]), guest(), agent("pve1.home", disks: ["WD-123456"])]
        #expect(estate.hears(renamed) == ["pve1.home config_update pve1.lan>pve1.home name"])
    }

    @Test("what is taken apart has not appeared, nor has anything of it been configured") func takenApart() {
        var estate = Estate()
        _ = estate.hears([node("pve1"), guest(), agent("intranet")])
        let (one, other) = (Claim.Place(platform, "qemu/101"), Claim.Place(inside, "host"))
        #expect(estate.obeys([(.same, one, other)]).isEmpty)
        #expect(estate.names == ["pve1", "web"])
        #expect(estate.obeys([]).isEmpty)
        #expect(estate.names == ["intranet", "pve1", "web"])
        // By the evidence, too.
        #expect(estate.hears([node("pve1"), guest(), agent("intranet", board: "u-1")]).isEmpty)
        #expect(estate.names == ["pve1", "web"])
        #expect(estate.hears([node("pve1"), guest(), agent("intranet", board: "u-2")]).isEmpty)
        #expect(estate.names == ["intranet", "pve1", "web"])
    }

    /// Either of the two may give the one its id.
    @Test(
        "a host that becomes one with its agent, and two again, moves none of its guests", arguments: [0, 2] as [UInt8])
    func parentBecomesOne(number: UInt8) {
        var estate = Estate()
        let connection = ConnectionID(bytes: [UInt8](repeating: number, count: 16))
        let all = [node("pve1"), guest(), agent("rack-7", of: connection)]
        _ = estate.hears(all)
        let before = estate.parent(of: "web")
        let rule = (IdentityRules.Kind.same, Claim.Place(platform, "node/pve1"), Claim.Place(connection, "host"))
        #expect(estate.obeys([rule]).isEmpty)
        #expect(estate.names == ["rack-7", "web"])
        #expect((estate.parent(of: "web") == before) == (number == 2))
        #expect(estate.hears(all).isEmpty)
        #expect(estate.obeys([]).isEmpty)
        #expect(estate.hears(all).isEmpty)
        #expect(estate.names == ["pve1", "rack-7", "web"])
        #expect(estate.parent(of: "web") == before)
    }
}

/// A monitor and the database beside it.
private struct Estate {
    static let start = Timestamp(seconds: 1_795_253_400)
    /// Stands for the moment of the poll.
    static let distant = start - .seconds(86_400)

    private(set) var now = start
    private let org = OrgID.new(at: start)
    private var state: OrgMonitorState
    private var stored: [ResourceID: StoredResource] = [:]
    private var claims: [Claim.Place: Claim] = [:]
    private var keys: [Evidence: ResourceID] = [:]

    init() {
        state = OrgMonitorState(org: org, epoch: 1, head: .none, inventory: StoredInventory(), now: Self.start)
    }

    /// Another worker takes over what is stored.
    mutating func handOver() {
        state = OrgMonitorState(
            org: org, epoch: 2, head: .none,
            inventory: StoredInventory(resources: Array(stored.values), claims: Array(claims.values), keys: keys),
            now: now)
    }

    /// - Returns: what the timeline was told of this poll: `NAME KIND FROM>TO REASON`, in order.
    mutating func hears(_ things: [Observation], after seconds: Int64 = 10) -> [String] {
        now = now + .seconds(seconds)
        state.observeSilence(at: now)
        let told = things.map { said in
            // Shown again, it is as old as it says.
            said.source == .proxmox && said.receivedAt != Self.distant ? said : said.heard(at: now)
        }
        for (connection, said) in Dictionary(grouping: told, by: \.connection).sorted(by: { $0.key < $1.key }) {
            state.take(PollReport(observations: said, complete: Set(said.map(\.scope))), of: connection, now: now)
        }
        return written()
    }

    /// What people say about identity now.
    mutating func obeys(_ rules: [(IdentityRules.Kind, Claim.Place, Claim.Place)]) -> [String] {
        state.apply(rules.reduce(into: IdentityRules()) { $0.add($1.0, $1.1, $1.2) }, now: now)
        return written()
    }

    private mutating func written() -> [String] {
        state.observeSilence(at: now)
        state.settle(at: now)
        guard let flush = state.flush(at: now, closing: true) else { return [] }
        state.committed(flush)
        for row in flush.rows { stored[row.id] = row }
        for id in flush.changes.removed.union(flush.changes.successions.keys) { stored[id] = nil }
        for live in flush.live {
            for (id, bytes) in LiveBlob.members(Set(stored.keys), of: live.blob) {
                stored[id] = stored[id].map { Self.read($0, live: bytes, at: live.at) }
            }
        }
        for claim in flush.claims {
            guard let said = ClaimCodec.decode(ClaimCodec.encode(claim.said), at: claim.place) else { continue }
            claims[claim.place] = Claim(said: said, resource: claim.resource, isHeard: false)
        }
        for place in flush.changes.goneClaims { claims[place] = nil }
        keys.merge(flush.changes.keys) { $1 }
        return flush.changes.told.map { told in
            let change = told.from == nil && told.to == nil ? "" : " \(told.from ?? "")>\(told.to ?? "")"
            return "\(told.name) \(told.kind.rawValue)\(change)" + (told.reason.map { " \($0)" } ?? "")
        }.sorted()
    }

    private static func read(_ row: StoredResource, live: [UInt8], at: Timestamp) -> StoredResource {
        StoredResource(
            id: row.id, connection: row.connection, type: row.type, source: row.source, sources: row.sources,
            parent: row.parent, tags: row.tags, clusters: row.clusters, name: row.name, status: row.status,
            lastSeen: at, facts: row.facts, live: live)
    }

    mutating func rewriteLive(_ change: (String) -> String) {
        for (id, row) in stored {
            stored[id] = row.with(
                status: row.status, live: Array(change(String(decoding: row.live, as: UTF8.self)).utf8))
        }
    }

    var names: [String] { stored.values.map(\.name).sorted() }

    func parent(of name: String) -> ResourceID? { stored.values.first { $0.name == name }?.parent }

    func status(of name: String) -> String? { stored.values.first { $0.name == name }?.status }

    func live(of name: String) -> JSONValue {
        var reader = JSONReader(stored.values.first { $0.name == name }?.live ?? [])
        return (try? reader.decode(JSONValue.self)) ?? .null
    }
}

extension Observation {
    fileprivate func heard(at now: Timestamp) -> Observation {
        Observation(
            connection: connection, source: source, type: type, key: key, scope: scope, evidence: evidence,
            parent: parent, name: name, technology: technology, status: status, identity: identity, metrics: metrics,
            uptimeSeconds: uptimeSeconds, temperature: temperature, tags: tags, facts: facts, live: live,
            silence: silence, measuredAt: now, receivedAt: now, samples: samples)
    }
}

extension String {
    fileprivate func replacing(_ text: String, with other: String) -> String {
        guard let range = range(of: text) else { return self }
        return replacingCharacters(in: range, with: other)
    }

    private func range(of text: String) -> Range<String.Index>? {
        indices.lazy.compactMap { index in
            self[index...].hasPrefix(text) ? index..<self.index(index, offsetBy: text.count) : nil
        }.first
    }

    private func replacingCharacters(in range: Range<String.Index>, with other: String) -> String {
        String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}
