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
    private let ears: ReportEars
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
            database: app, resources: ResourceStore(app), identity: IdentityStore(app), log: IngestStore(app),
            keeper: HistoryKeeper(HistoryStore(app, logger: logger), logger: logger), bus: bus, time: time,
            logger: logger, terms: LeaseKeeper.Terms(lifetime: leaseLifetime), agents: agents,
            connections: connections,
            polls: PollDesk(makers: collectors, time: time, logger: logger))
        ears = ReportEars(bus: bus)
        self.logger = logger
    }

    /// The application name that a worker's connections must have.
    package static func sessionName(of worker: UUID) -> String { LeaseStore.sessionName(of: worker) }

    /// Works until shutdown; then writes what is unwritten and gives its shards to others at once.
    package func run() async throws {
        let desk = MonitorDesk(outside: outside)
        await outside.polls.deliver { await desk.take($0) }
        let office = LeaseOffice(
            leases, keeper: LeaseKeeper(worker: leases.worker, terms: outside.terms), desk: desk, ears: ears,
            outside: outside)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await poll() }
            group.addTask { await office.run() }
            group.addTask { await tick(desk) }
            group.addTask { await desk.run() }
            group.addTask { await listen(desk, office) }
            group.addTask { await checkPlaces(desk, office) }
            group.addTask { await keepHistory(desk) }
            group.addTask { await weigh() }
            group.addTask { await hearReports(desk) }
            group.addTask { await lookWhileDeaf(desk, office) }
            try? await gracefulShutdown()
            group.cancelAll()
            await group.waitForAll()
        }
        await desk.close()
        try? await leases.leave()
    }

    /// At most four rounds a second for each organisation, but for changes of its configuration.
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

    private func hurry(_ wish: String) async {
        let parts = wish.split(separator: " ")
        guard parts.count == 2, let org = OrgID(String(parts[0])), let connection = ConnectionID(String(parts[1]))
        else { return }
        await outside.polls.hurry(connection, of: org)
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

    private func hearReports(_ desk: MonitorDesk) async {
        await withDiscardingTaskGroup { group in
            for await (shard, reports) in ears.opened {
                group.addTask { await hear(reports, of: shard, desk) }
            }
        }
    }

    private func hear(_ reports: Subscription, of shard: Int16, _ desk: MonitorDesk) async {
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

    /// While nothing is heard of other processes, the log of reports is looked into instead, every two seconds.
    private func lookWhileDeaf(_ desk: MonitorDesk, _ office: LeaseOffice) async {
        while !Task.isCancelled {
            try? await outside.time.sleep(for: .seconds(2))
            guard !outside.bus.isWhole else { continue }
            let shards = await office.shards
            guard !shards.isEmpty, let told = try? await leases.reporting(of: shards) else { continue }
            for (org, shard) in told { await desk.look(org, in: shard) }
        }
    }

    private func listen(_ desk: MonitorDesk, _ office: LeaseOffice) async {
        await outside.database.listen(to: ["pulse_orgs", "pulse_polls", LeaseStore.freedChannel]).run { event in
            switch event {
            case .connected: await checkAll(desk, await office.shards)
            case .notified("pulse_polls", let wish): await hurry(wish)
            case .notified(LeaseStore.freedChannel, _): office.hearOfFreeShards()
            case .notified(_, let payload):
                guard let org = OrgID(payload.split(separator: " ").first.map(String.init) ?? payload) else { return }
                await check([org], desk)
            }
        }
    }

    /// Whatever was missed of changes is found within fifteen seconds.
    private func checkPlaces(_ desk: MonitorDesk, _ office: LeaseOffice) async {
        while !Task.isCancelled {
            try? await outside.time.sleep(for: MissedWishes.lookEvery)
            await checkAll(desk, await office.shards)
        }
    }

    private func checkAll(_ desk: MonitorDesk, _ shards: [Int16]) async {
        await check(await desk.watched, desk)
        await obeyMissedWishes()
        guard !shards.isEmpty, let places = try? await leases.organisations(of: shards) else { return }
        for place in places { await desk.note(.place(place)) }
    }

    /// A wish for a poll that was not heard is found in the row. When the database cannot say, the next look does.
    private func obeyMissedWishes() async {
        let lingering = await outside.polls.lingering(limit: MissedWishes.limit)
        let wishes = MissedWishes(database: leases.database)
        guard let missed = try? await wishes.among(lingering, at: outside.time.now) else { return }
        await outside.polls.obey(missed)
    }

    /// A suspended organisation is not looked at any more, one that was restored is looked at again, a changed one reads
    /// its configuration, a moved one goes. When the database cannot say, nothing changes.
    private func check(_ orgs: [OrgID], _ desk: MonitorDesk) async {
        guard !orgs.isEmpty, let active = try? await leases.active(among: orgs) else { return }
        await desk.note(.active(Set(active.map(\.org)), among: orgs))
        for place in active { await desk.note(.place(place)) }
    }

    /// One worker would do; that each does it costs little and needs no agreement.
    private func weigh() async {
        while !Task.isCancelled {
            do {
                try await leases.weigh()
            } catch {
                if !Task.isCancelled {
                    logger.warning("shards not weighed", metadata: [LogKey.reason: "\(error)"])
                }
            }
            try? await outside.time.sleep(for: .seconds(60))
        }
    }
}
