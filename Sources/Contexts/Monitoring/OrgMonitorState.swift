import AgentProtocol
import Compression
import History
import Ingest
import Inventory
import JSONKit
import Kernel
import Resources

/// What an organisation's monitor knows and decides. Pure: the time comes in, a `Flush` goes out, and what was flushed
/// counts only once the caller says that it is committed.
struct OrgMonitorState {
    /// A machine that is silent for six report intervals is offline, but never sooner than this.
    static let shortestSilence: Duration = .seconds(60)
    static let longestSilence: Duration = .seconds(600)
    /// A machine that another connection claims by its DMI id alone must have been silent this long.
    private static let abandonedAfter: Duration = .seconds(15 * 60)

    let org: OrgID
    private let startedAt: Timestamp
    private var head: OrgHead
    private var watched: [ResourceID: WatchedResource] = [:]
    private var keys: [Evidence: ResourceID]
    private var readings: [AgentID: AgentReportReading] = [:]
    private var history: HeadBuffer
    /// Rows of the log whose samples are in `history`, to be deleted with the checkpoint that holds them.
    private var covered: Set<Int64> = []
    private var changes = MonitorChanges()

    /// - Parameter head: what is stored; an epoch of the lease later than its epoch starts the numbers anew.
    init(
        org: OrgID, epoch: Int64, head: OrgHead, resources: [StoredResource], keys: [Evidence: ResourceID],
        now: Timestamp, randomness: Randomness = .system
    ) {
        self.org = org
        self.head = head.epoch == epoch ? head : OrgHead(epoch: epoch, seq: 0)
        self.keys = keys
        startedAt = now
        history = HeadBuffer(randomness: randomness)
        for resource in resources { watched[resource.id] = WatchedResource(stored: resource) }
    }

    // MARK: In

    /// Rows of the log that are taken and not yet gone from it.
    var knownRows: [Int64] { Array(covered) }

    /// Takes a report once; one that was taken already changes nothing.
    mutating func take(_ report: AcceptedReport, now: Timestamp) {
        guard covered.insert(report.seq).inserted else { return }
        guard let told = Self.read(report.body) else { return }
        var reading = readings[report.agent] ?? AgentReportReading()
        let observation = reading.observation(of: told, agent: report.agent, receivedAt: report.receivedAt)
        readings[report.agent] = reading
        let id = resolve(observation, now: now)
        history.add(observation.samples, of: id, measuredAt: observation.measuredAt, now: now)
        // What is told late is history; it must not overwrite what is so now.
        if !report.isBackfill || watched[id] == nil { merge(observation, into: id) }
    }

    /// A body that was accepted could be read then; one that no longer can is left behind rather than met again forever.
    private static func read(_ body: [UInt8]) -> HostReport? {
        guard let plain = try? Gzip.decompress(body, limit: ReportLimits.backfillDecodedBytes) else { return nil }
        var reader = JSONReader(plain, options: ReportLimits.readerOptions)
        return try? reader.decode(HostReport.self)
    }

    /// Finds the resource that the claim is about, or mints one.
    private mutating func resolve(_ observation: Observation, now: Timestamp) -> ResourceID {
        let strong = observation.evidence.filter { $0.kind != .dmiUUID }
        let known = strong.compactMap { keys[$0] }.first ?? abandoned(observation, now: now)
        let id = known ?? ResourceMint.id(in: org, type: observation.type, key: observation.evidence[0])
        for evidence in observation.evidence where keys[evidence] == nil {
            keys[evidence] = id
            changes.keys.append((evidence, id))
        }
        return id
    }

    /// A machine with a new machine-id and the DMI id and name of one that has fallen silent: it was installed anew.
    /// DMI ids alone prove nothing: containers show the one of their host.
    private func abandoned(_ observation: Observation, now: Timestamp) -> ResourceID? {
        for evidence in observation.evidence where evidence.kind == .dmiUUID {
            guard let id = keys[evidence], let resource = watched[id], resource.stored.name == observation.name,
                now - (resource.lastSeen ?? startedAt) > Self.abandonedAfter
            else { continue }
            return id
        }
        return nil
    }

    private mutating func merge(_ observation: Observation, into id: ResourceID) {
        let record = ResourceRecord(
            id: id, connection: observation.connection, type: observation.type, technology: observation.technology,
            name: observation.name, status: .online, lastSeen: observation.receivedAt,
            updatedAt: observation.receivedAt,
            sources: [
                .init(
                    observation.source, connection: observation.connection, isStale: false,
                    lastSeen: observation.receivedAt)
            ], identity: observation.identity, metrics: observation.metrics, uptimeSeconds: observation.uptimeSeconds,
            temperature: observation.temperature, facts: observation.facts, live: observation.live)
        let before = watched[id]
        let after = WatchedResource(record)
        if let before, before.stored.connection != record.connection {
            changes.goneConnections.insert(before.stored.connection)
        }
        if before?.stored.facts != after.stored.facts || before?.stored.status != after.stored.status
            || before?.stored.connection != after.stored.connection
        {
            changes.rows.insert(id)
        }
        watched[id] = after.published(as: before?.publishedWire)
        changes.live.insert(record.connection)
        changes.goneConnections.remove(record.connection)
        changes.resources.insert(id)
    }

    /// Agents that are enrolled now; what others reported goes.
    mutating func keepOnly(_ connections: Set<ConnectionID>) {
        for (id, resource) in watched where !connections.contains(resource.stored.connection) {
            watched[id] = nil
            keys = keys.filter { $0.value != id }
            changes.forget(id)
            changes.removed.insert(id)
            changes.goneConnections.insert(resource.stored.connection)
        }
    }

    // MARK: Time

    /// Marks what has fallen silent.
    mutating func observeSilence(at now: Timestamp) {
        for (id, resource) in watched where resource.stored.status == ResourceStatus.online.rawValue {
            let interval = Duration.seconds(6 * (resource.reportIntervalSeconds ?? 10))
            let patience = min(max(interval, Self.shortestSilence), Self.longestSilence)
            // What was last heard before this monitor began may have spoken while nobody listened.
            guard now - max(resource.lastSeen ?? startedAt, startedAt) > patience else { continue }
            watched[id] = resource.marked(.offline, at: now)
            changes.rows.insert(id)
            changes.live.insert(resource.stored.connection)
            changes.resources.insert(id)
        }
    }

    // MARK: Out

    /// Something to write now.
    func isDirty(at now: Timestamp) -> Bool { !changes.isEmpty || history.isDue(at: now) }

    /// Samples or changes that are not stored yet.
    var hasUnstored: Bool { !changes.isEmpty || !covered.isEmpty }

    /// Everything that is not stored yet, or `nil` when there is nothing. May be asked again if the commit fails.
    /// - Parameter closing: store history too, whether it is due or not.
    func flush(at now: Timestamp, closing: Bool = false) -> Flush? {
        let checkpoint = history.isDue(at: now) || (closing && !covered.isEmpty) ? history.checkpoint(at: now) : nil
        guard !changes.isEmpty || checkpoint != nil else { return nil }
        let next = changes.isVisible ? OrgHead(epoch: head.epoch, seq: head.seq + 1) : head
        var upserts: [JSONValue] = []
        for id in changes.resources.sorted() {
            guard let resource = watched[id], var patch = resource.patch else { continue }
            patch["id"] = .string(id.description)
            upserts.append(.object(patch))
        }
        return Flush(
            at: now, head: next, changes: changes, rows: changes.rows.sorted().compactMap { watched[$0]?.stored },
            live: liveBlobs(), checkpoint: checkpoint, covered: checkpoint == nil ? [] : covered.sorted(),
            delta: changes.isVisible
                ? Delta(head: next, at: now, upserts: upserts, removed: changes.removed.sorted()) : nil)
    }

    /// The flush is committed.
    mutating func committed(_ flush: Flush) {
        head = flush.head
        for id in flush.changes.resources { watched[id]?.markPublished() }
        changes = MonitorChanges()
        if let checkpoint = flush.checkpoint {
            history.stored(checkpoint)
            covered = []
        }
    }

    private func liveBlobs() -> [Flush.Live] {
        let connections = changes.live
        guard !connections.isEmpty else { return [] }
        let touched = Dictionary(grouping: watched.values.filter { connections.contains($0.stored.connection) }) {
            $0.stored.connection
        }
        return touched.sorted { $0.key < $1.key }.map { connection, resources in
            let members = resources.sorted { $0.stored.id < $1.stored.id }.map {
                (id: $0.stored.id, live: $0.stored.live)
            }
            return Flush.Live(
                connection: connection, at: resources.compactMap(\.lastSeen).max() ?? startedAt,
                blob: LiveBlob.encode(members))
        }
    }
}

/// What has happened since the last commit.
struct MonitorChanges: Sendable {
    /// Rows of the inventory to write, live blobs to write, resources that readers must hear of.
    var rows: Set<ResourceID> = []
    var live: Set<ConnectionID> = []
    var resources: Set<ResourceID> = []
    var removed: Set<ResourceID> = []
    var goneConnections: Set<ConnectionID> = []
    var keys: [(evidence: Evidence, resource: ResourceID)] = []

    /// Readers would see a difference.
    var isVisible: Bool { !resources.isEmpty || !removed.isEmpty }
    var isEmpty: Bool { !isVisible && rows.isEmpty && live.isEmpty && goneConnections.isEmpty && keys.isEmpty }

    mutating func forget(_ id: ResourceID) {
        rows.remove(id)
        resources.remove(id)
        keys.removeAll { $0.resource == id }
    }
}
