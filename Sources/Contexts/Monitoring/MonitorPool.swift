package import Bus
package import Connections
package import FoundationEssentials
import History
import Ingest
package import Inventory
package import Kernel
package import Logging
package import Postgres
import Resources
import ServiceLifecycle

/// Runs the monitors of the shards that this worker holds.
package struct MonitorPool: Service {
    private let leases: LeaseStore
    private let outside: MonitorOutside
    private let terms: LeaseState.Terms
    private let logger: Logger

    /// - Parameters:
    ///   - worker: a pool of its own as the workers' role, named `sessionName(of: id)`.
    ///   - collectors: of the platforms that can be asked, one a kind.
    ///   - agents: the connections of an organisation that report by themselves.
    ///   - connections: those that are asked.
    package init(
        id: UUID, app: Database, worker: Database, bus: any MessageBus, time: any TimeSource, logger: Logger,
        leaseLifetime: Duration = .seconds(15), collectors: [any CollectorMaker],
        agents: @escaping @Sendable (OrgID) async throws -> Set<ConnectionID>,
        connections: @escaping @Sendable (OrgID) async throws -> [WatchedConnection]
    ) {
        leases = LeaseStore(database: worker, worker: id)
        outside = MonitorOutside(
            database: app, resources: ResourceStore(app), log: IngestStore(app),
            keeper: HistoryKeeper(HistoryStore(app, logger: logger), logger: logger), bus: bus, time: time,
            logger: logger, agents: agents, connections: connections,
            polls: PollDesk(makers: collectors, time: time, logger: logger))
        terms = LeaseState.Terms(
            lifetime: leaseLifetime, renewEvery: leaseLifetime / 3, trustFor: leaseLifetime * 2 / 3)
        self.logger = logger
    }

    /// The application name that a worker's connections must have.
    package static func sessionName(of worker: UUID) -> String { LeaseStore.sessionName(of: worker) }

    /// Works until shutdown; then writes what is unwritten and gives its shards to others at once.
    package func run() async throws {
        let desk = MonitorDesk(outside: outside, terms: terms)
        await outside.polls.deliver { await desk.take($0) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await poll() }
            group.addTask { await hearRefreshes() }
            group.addTask { await renew(on: desk) }
            group.addTask { await tick(desk) }
            group.addTask { await listenForChanges(desk) }
            group.addTask { await keepHistory(desk) }
            for shard in 0..<Int16(LeaseStore.shardCount) {
                group.addTask { await hear(shard, desk) }
            }
            try? await gracefulShutdown()
            group.cancelAll()
            await group.waitForAll()
        }
        await desk.close()
        try? await leases.release()
    }

    private func renew(on desk: MonitorDesk) async {
        while !Task.isCancelled {
            let sent = outside.time.monotonic
            do {
                let held = try await leases.renew(for: terms.lifetime)
                let gained = await desk.renewed(held, sentAt: sent)
                if !gained.isEmpty {
                    logger.info("shards taken", metadata: [LogKey.shards: "\(gained.count)"])
                    try await wake(gained, desk)
                }
            } catch {
                if !Task.isCancelled {
                    logger.warning("leases not renewed", metadata: [LogKey.reason: "\(error)"])
                }
            }
            await desk.expire()
            // A worker without shards looks more often: there may be some whose owner has just died.
            try? await outside.time.sleep(for: await desk.holdsNothing ? terms.renewEvery / 5 : terms.renewEvery)
        }
    }

    private func wake(_ gained: Set<ShardLease>, _ desk: MonitorDesk) async throws {
        for (org, shard) in try await leases.organisations(of: gained.map(\.shard).sorted()) {
            await desk.wake(org, in: shard)
        }
    }

    /// At most four rounds a second for each organisation.
    private func tick(_ desk: MonitorDesk) async {
        var rounds = 0
        while !Task.isCancelled {
            try? await outside.time.sleep(for: .milliseconds(250))
            rounds += 1
            // Silence is looked for every five seconds.
            await desk.round(everyone: rounds % 20 == 0)
        }
    }

    private func poll() async {
        while !Task.isCancelled {
            await outside.polls.tick()
            try? await outside.time.sleep(for: .milliseconds(100))
        }
    }

    /// Somebody wants a connection asked now.
    package static func refresh(_ connection: ConnectionID, of org: OrgID, on bus: any MessageBus) {
        bus.publish(Array("\(org) \(connection)".utf8), to: .refreshes)
    }

    private func hearRefreshes() async {
        let wishes = outside.bus.subscribe(to: .refreshes, capacity: 256)
        await withTaskCancellationHandler {
            for await case .payload(let bytes) in wishes {
                let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ")
                guard parts.count == 2, let org = OrgID(String(parts[0])),
                    let connection = ConnectionID(String(parts[1]))
                else { continue }
                await outside.polls.hurry(connection, of: org)
            }
        } onCancel: {
            wishes.cancel()
        }
    }

    /// Every minute the windows that have ended are closed; every hour partitions are made and dropped.
    private func keepHistory(_ desk: MonitorDesk) async {
        var minutes = 0
        while !Task.isCancelled {
            if minutes % 60 == 0 {
                do {
                    try await HistoryKeeper.prepare(around: outside.time.now, workers: leases.database)
                } catch {
                    logger.warning("history partitions not prepared", metadata: [LogKey.reason: "\(error)"])
                }
            }
            minutes += 1
            try? await outside.time.sleep(for: .seconds(60))
            await desk.closeWindows()
        }
    }

    private func hear(_ shard: Int16, _ desk: MonitorDesk) async {
        let reports = outside.bus.subscribe(to: .reports(shard: shard), capacity: 1024)
        await withTaskCancellationHandler {
            for await message in reports {
                switch message {
                case .payload(let hint):
                    if let report = AcceptedReport(hint: hint) { await desk.take(report, of: shard) }
                case .lost: await desk.lookEverywhere(in: shard)
                }
            }
        } onCancel: {
            reports.cancel()
        }
    }

    private func listenForChanges(_ desk: MonitorDesk) async {
        await outside.database.listen(to: ["pulse_orgs"]).run { event in
            switch event {
            case .connected:
                await stopInactive(await desk.watched, desk)
                await desk.reloadAll()
            case .notified(_, let payload):
                let name = payload.split(separator: " ").first.map(String.init) ?? payload
                guard let org = OrgID(name) else { return }
                await stopInactive([org], desk)
                await desk.reload(org)
            }
        }
    }

    /// A suspended organisation is not looked at any more, one that was restored is looked at again. When the database
    /// cannot say, nothing changes; it refuses the writes of what should have stopped.
    private func stopInactive(_ orgs: [OrgID], _ desk: MonitorDesk) async {
        guard !orgs.isEmpty, let active = try? await leases.active(among: orgs) else { return }
        await desk.keepOnly(Set(active.keys), among: orgs)
        for (org, shard) in active { await desk.wake(org, in: shard) }
    }
}
