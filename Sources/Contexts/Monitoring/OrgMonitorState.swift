import AgentProtocol
import Compression
import History
import Ingest
import Inventory
import JSONKit
import Kernel
import Metrics
import Resources

/// What an organisation's monitor knows and decides. Pure: the time comes in, a `Flush` goes out, and what was flushed
/// counts only once the caller says that it is committed.
struct OrgMonitorState {
    /// What several sources speak of waits this long after a start, so that one of them alone does not redraw it.
    private static let settling: Duration = .seconds(20)

    let org: OrgID
    private let startedAt: Timestamp
    private var head: OrgHead
    private var registry: Registry
    private var watched: [ResourceID: WatchedResource] = [:]
    private var byConnection: [ConnectionID: Set<ResourceID>] = [:]
    private var firstLooks: FirstLooks
    /// Of each machine; several may report as one agent.
    private var readings: [Claim.Place: AgentReportReading] = [:]
    private var history: HeadBuffer
    private var voices = Voices()
    /// Rows of the log whose samples are in `history`, to be deleted with the checkpoint that holds them.
    private var covered: Set<Int64> = []
    /// Those of the checkpoint before: a hint of one of them may still be on its way.
    private var gone: Set<Int64> = []
    private var changes = MonitorChanges()

    /// - Parameter head: what is stored; an epoch of the lease later than its epoch starts the numbers anew.
    init(
        org: OrgID, epoch: Int64, head: OrgHead, inventory: StoredInventory, now: Timestamp,
        randomness: Randomness = .system
    ) {
        self.org = org
        self.head = head.epoch == epoch ? head : OrgHead(epoch: epoch, seq: 0)
        startedAt = now
        history = HeadBuffer(randomness: randomness)
        let claims = inventory.allClaims
        registry = Registry(org: org, claims: claims, keys: inventory.keys, now: now)
        firstLooks = FirstLooks(claims)
        _ = registry.drain()
        for resource in inventory.resources { watch(WatchedResource(stored: resource)) }
    }

    // MARK: In

    /// Rows of the log that are taken and not yet gone from it.
    var knownRows: [Int64] { Array(covered) }

    /// Takes a report once; one that was taken already changes nothing.
    mutating func take(_ report: AcceptedReport, now: Timestamp) {
        guard !gone.contains(report.seq), covered.insert(report.seq).inserted else { return }
        guard let told = Self.read(report.body) else { return }
        let speaker = AgentReportReading.speaker(of: told, agent: report.agent, receivedAt: report.receivedAt)
        let standing = registry.standing(for: speaker)
        guard standing != nil || !registry.isCrowded(by: speaker, now: now) else {
            MonitoringMetrics.crowded.increment()
            return
        }
        // What is told late, or read after what was received later, is history; it must not overwrite what is so now.
        let isOvertaken = standing.map { registry.isOvertaken(speaker, by: $0, now: now) } ?? false
        let isLate = report.isBackfill || isOvertaken
        var reading = standing.flatMap { readings.removeValue(forKey: $0.place) } ?? AgentReportReading()
        let observation = reading.observation(of: told, by: speaker, isLate: isLate)
        firstLooks.read(observation.scope, of: observation.connection)
        let id =
            isLate ? standing?.resource ?? registry.take(observation, now: now) : registry.take(observation, now: now)
        let place =
            standing?.place ?? registry.claims(of: id).first { $0.said.connection == observation.connection }?.place
            ?? .init(observation.connection, observation.key)
        readings[place] = reading
        remember(observation, at: place, of: id, isLate: isLate, now: now)
        let docker = AgentReportReading.docker(of: told, host: observation, key: place.key)
        guard isLate else {
            return take(
                PollReport(observations: docker.observations, complete: docker.complete), of: observation.connection,
                now: now)
        }
        for var part in docker.observations {
            part.makePlain()
            guard let id = registry.resource(of: .init(part.connection, part.key)) else { continue }
            remember(part, at: .init(part.connection, part.key), of: id, isLate: true, now: now)
        }
    }

    /// A report of an agent that is no more: nothing of it is kept, and its row goes from the log with the others.
    mutating func leave(_ report: AcceptedReport) {
        if !gone.contains(report.seq) { covered.insert(report.seq) }
    }

    /// Adds to the history of a resource what this source has to say of it.
    private mutating func remember(
        _ said: Observation, at place: Claim.Place, of id: ResourceID, isLate: Bool, now: Timestamp
    ) {
        guard !said.samples.isEmpty else { return }
        let samples =
            registry.isShared(id)
            ? voices.samples(
                of: said, at: place, for: id, among: registry.claims(of: id), isLate: isLate, now: now) : said.samples
        history.add(samples, of: id, measuredAt: said.measuredAt, now: now)
    }

    /// A body that was accepted could be read then; one that no longer can is left behind rather than met again forever.
    private static func read(_ body: [UInt8]) -> HostReport? {
        guard let plain = try? Gzip.decompress(body, limit: ReportLimits.backfillDecodedBytes) else { return nil }
        var reader = JSONReader(plain, options: ReportLimits.readerOptions)
        return try? reader.decode(HostReport.self)
    }

    /// Takes what a platform was found to hold.
    mutating func take(_ report: PollReport, of connection: ConnectionID, now: Timestamp) {
        var told: [String: Set<String>] = [:]
        for var observation in report.observations where observation.connection == connection {
            observation.makePlain()
            told[observation.scope, default: []].insert(observation.key)
            let id = registry.take(observation, now: now)
            remember(
                observation, at: .init(observation.connection, observation.key), of: id, isLate: false, now: now)
        }
        let complete = Set(report.complete.map(Observation.plainKey))
        for scope in complete.union(told.keys) { firstLooks.read(scope, of: connection) }
        for scope in complete { registry.close(scope: scope, of: connection, told: told[scope] ?? []) }
    }

    /// What a connection's own name for a thing stands for.
    func resource(of connection: ConnectionID, _ key: String) -> ResourceID? {
        registry.resource(of: .init(connection, Observation.plainKey(key)))
    }

    /// Agents and connections that are there now; what others said goes.
    mutating func keepOnly(_ connections: Set<ConnectionID>) {
        registry.keepOnly(connections)
        firstLooks.keepOnly(connections)
    }

    /// What people say about identity now.
    mutating func apply(_ rules: IdentityRules, now: Timestamp) { registry.apply(rules, now: now) }

    // MARK: Time

    /// Marks what has fallen silent.
    mutating func observeSilence(at now: Timestamp) { registry.observeSilence(at: now) }

    // MARK: Merging

    /// Brings what readers see up to what is claimed; before a flush.
    mutating func settle(at now: Timestamp) {
        var told = registry.drain()
        for place in told.goneClaims { readings[place] = nil }
        for id in told.removed {
            if let gone = watched[id]?.stored {
                changes.told.append(ResourceChange(of: gone, at: now, .activity, from: "present", reason: "gone"))
            }
            forget(id)
        }
        for id in told.successions.keys { forget(id) }
        // Whose parent has become another one is told anew; that is seldom. What is gone is not: it would come back.
        if !told.successions.isEmpty { told.resources.formUnion(watched.keys) }
        for id in told.resources { refresh(id, hasParted: told.parted.contains(id), at: now) }
        for place in told.outlived.keys {
            guard let stored = registry.resource(of: place).flatMap({ watched[$0]?.stored }) else { continue }
            changes.told.append(
                ResourceChange(
                    of: stored, at: now, .configUpdate, from: "linked or unlinked by hand", to: "another thing now",
                    reason: "identityRules"))
        }
        changes.add(told)
        firstLooks.end()
    }

    /// - Parameter hasParted: it was there, as a part of another one.
    private mutating func refresh(_ id: ResourceID, hasParted: Bool, at now: Timestamp) {
        let claims = registry.claims(of: id)
        guard !claims.isEmpty else { return }
        let before = watched[id]
        var after: WatchedResource
        if var known = before, claims.allSatisfy({ !$0.isHeard }) {
            let isReportedOnly = claims.allSatisfy { $0.said.source == .agent }
            guard claims.allSatisfy(\.isStale), known.stored.status != ResourceStatus.offline.rawValue else { return }
            known.mark(isReportedOnly ? .offline : .warning, at: now)
            after = known
        } else if before != nil, claims.contains(where: { !$0.isHeard && !$0.isStale }), isSettling(at: now) {
            return
        } else {
            let record = ResourceMerge.record(id, from: claims, now: now) { parent(of: $0) }
            after = WatchedResource(record, after: before)
        }
        if let before {
            let move = self.move(from: before, to: after)
            if move != nil { after.markMoved(at: now) }
            changes.told += ChangeReading.changes(from: before.state, to: after.state, move: move, at: now)
            if before.stored.connection != after.stored.connection { unwatch(before) }
        } else if !hasParted, claims.contains(where: { firstLooks.isOver(for: $0.said.scope, of: $0.said.connection) })
        {
            changes.told.append(ResourceChange(of: after.stored, at: now, .activity, to: "present", reason: "appeared"))
        }
        if before?.stored.facts != after.stored.facts || before?.stored.status != after.stored.status
            || before?.stored.connection != after.stored.connection || before?.stored.tags != after.stored.tags
            || before?.stored.clusters != after.stored.clusters
        {
            changes.rows.insert(id)
        }
        watch(after)
        changes.live.insert(after.stored.connection)
        changes.resources.insert(id)
    }

    /// Not before the start either: a clock that was set back is not waited for.
    private func isSettling(at now: Timestamp) -> Bool {
        let age = now - startedAt
        return age >= .zero && age < Self.settling
    }

    private func parent(of claim: Claim) -> ResourceRecord.Parent? {
        guard let key = claim.said.parent,
            let id = registry.resource(of: .init(claim.said.connection, key)),
            let name = watched[id]?.stored.name ?? registry.claims(of: id).first?.said.name
        else { return nil }
        return .init(id: id, name: name, connection: claim.said.connection, key: key)
    }

    /// That it runs on another machine now; not that this one became one with another, came apart, or is told of by somebody
    /// else.
    private func move(from before: WatchedResource, to after: WatchedResource) -> ChangeReading.Move? {
        guard let old = before.stored.parent, let new = after.stored.parent, old != new else { return nil }
        if let (was, now) = before.parent.flatMap({ was in after.parent.map { (was, $0) } }) {
            guard registry.resource(of: .init(was.connection, was.key)) != new,
                was.connection == now.connection
                    || registry.claims(of: old).contains(where: { $0.said.connection == now.connection })
            else { return nil }
        } else if before.parentName == after.parentName {
            // Who said so is not stored.
            return nil
        }
        return .init(from: before.parentName, to: after.parentName, onto: new)
    }

    private mutating func watch(_ resource: WatchedResource) {
        watched[resource.stored.id] = resource
        byConnection[resource.stored.connection, default: []].insert(resource.stored.id)
    }

    /// Its values go from the blob of the connection that led.
    private mutating func unwatch(_ resource: WatchedResource) {
        byConnection[resource.stored.connection]?.remove(resource.stored.id)
        if byConnection[resource.stored.connection]?.isEmpty == true { byConnection[resource.stored.connection] = nil }
        changes.live.insert(resource.stored.connection)
    }

    private mutating func forget(_ id: ResourceID) {
        voices.forget(id)
        guard let resource = watched.removeValue(forKey: id) else { return }
        unwatch(resource)
        changes.forget(id)
        changes.removed.insert(id)
    }

    // MARK: Out

    /// Something to write now.
    func isDirty(at now: Timestamp) -> Bool { !changes.isEmpty || history.isDue(at: now) }

    /// Samples or changes that are not stored yet.
    var hasUnstored: Bool { !changes.isEmpty || !covered.isEmpty || history.hasUnstored }

    /// Everything that is not stored yet, or `nil` when there is nothing. May be asked again if the commit fails.
    /// - Parameter closing: store history too, whether it is due or not.
    func flush(at now: Timestamp, closing: Bool = false) -> Flush? {
        // Rows of the log that hold no sample wait for none.
        let isBare = !covered.isEmpty && !history.hasUnstored
        let checkpoint =
            history.isDue(at: now) || isBare || (closing && history.hasUnstored) ? history.checkpoint(at: now) : nil
        guard !changes.isEmpty || checkpoint != nil else { return nil }
        let next = changes.isVisible ? OrgHead(epoch: head.epoch, seq: head.seq + 1) : head
        let upserts = changes.resources.sorted().compactMap { watched[$0]?.patch }
        let (live, gone) = liveBlobs(at: now)
        return Flush(
            at: now, head: next, changes: changes, rows: changes.rows.sorted().compactMap { watched[$0]?.stored },
            claims: changes.claims.compactMap { registry.claim(at: $0) }, live: live, goneLive: gone,
            checkpoint: checkpoint, covered: checkpoint == nil ? [] : covered.sorted(),
            delta: changes.isVisible
                ? Delta(head: next, at: now, upserts: upserts, removed: changes.removed.sorted()) : nil)
    }

    /// The flush is committed.
    mutating func committed(_ flush: Flush) {
        head = flush.head
        registry.ended(flush.changes.outlived.keys)
        for id in flush.changes.resources { watched[id]?.markPublished() }
        changes = MonitorChanges()
        if let checkpoint = flush.checkpoint {
            history.stored(checkpoint)
            (gone, covered) = (Set(flush.covered), [])
        }
    }

    /// The blobs of connections whose resources have changed, and the connections that lead none any more.
    private func liveBlobs(at now: Timestamp) -> ([Flush.Live], [ConnectionID]) {
        var (blobs, gone): ([Flush.Live], [ConnectionID]) = ([], [])
        for connection in changes.live.sorted() {
            let resources = (byConnection[connection] ?? []).sorted().compactMap { watched[$0] }
            guard !resources.isEmpty else {
                gone.append(connection)
                continue
            }
            blobs.append(
                Flush.Live(
                    connection: connection, at: resources.lazy.compactMap(\.stored.lastSeen).max() ?? startedAt,
                    blob: LiveBlob.encode(resources.map { (id: $0.stored.id, live: $0.stored.live) })))
        }
        return (blobs, gone)
    }
}
