package import AgentProtocol
import JSONKit
package import Kernel
package import Logging
import ServiceLifecycle

/// Asks the engine in even steps and keeps the newest answer for the next report. The report never waits for the engine:
/// what is not there yet comes with a later one.
package actor DockerWatch: Service {
    private let engine: any EngineAPI
    private let isExpected: @Sendable () -> Bool
    private let interval: Duration
    private let budget: DockerBudget
    private let time: any TimeSource
    private let logger: Logger

    private var latest: HostReport.Docker?
    private var api: String?
    private var version: JSONValue = .null
    private var known = HostReport.DockerEngine()
    private var rounds = 0
    private var stats = ContainerTurns<ContainerStats>()
    private var details = ContainerTurns<ContainerDetail>()
    /// As they stood when a container was looked into.
    private var seenStates: [String: String] = [:]
    private var usage: UsageReading?
    /// Of lists when they were asked for last, which is not in every round.
    private var listFaults: [String: EngineFault] = [:]
    private var lastFault: EngineFault?
    /// Told when the usage should be measured; while that is under way one wish is kept.
    private let wishes: AsyncStream<Void>
    private let wish: AsyncStream<Void>.Continuation

    /// - Parameter isExpected: whether there should be an engine; of a machine without one nothing is told. One that has
    ///   answered is expected from then on.
    package init(
        engine: any EngineAPI, interval: Duration, budget: DockerBudget = DockerBudget(),
        isExpected: @escaping @Sendable () -> Bool = { true }, time: any TimeSource = SystemTime(), logger: Logger
    ) {
        self.engine = engine
        self.isExpected = isExpected
        self.interval = interval
        self.budget = budget
        self.time = time
        self.logger = logger
        (wishes, wish) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            // What takes the engine up to a minute is measured beside the rounds.
            group.addTask { for await _ in self.wishes { await self.measure() } }
            while true {
                let due = time.monotonic + interval
                if known.runtime != nil || isExpected() { keep(await round()) }
                try await time.sleep(for: max(due - time.monotonic, .milliseconds(10)))
            }
        }
    }

    /// The newest answer, once.
    package func take() -> HostReport.Docker? {
        defer { latest = nil }
        return latest
    }

    /// Lists that are read seldom must not be lost with an answer that nobody has taken yet.
    private func keep(_ part: HostReport.Docker) {
        guard let before = latest, before.host.error == nil, part.host.error == nil else { return latest = part }
        var part = part
        for list in before.truncated where part.lists(list) == nil { part.truncated.append(list) }
        part.images = part.images ?? before.images
        part.volumes = part.volumes ?? before.volumes
        part.networks = part.networks ?? before.networks
        latest = DockerFit.fit(part)
    }

    // MARK: One round

    package func round() async -> HostReport.Docker {
        defer { rounds += 1 }
        var part = HostReport.Docker()
        do throws(EngineFault) {
            try await meet()
            part.host = known
            try await containers(into: &part)
        } catch {
            guard api != nil, !error.isAway else { return away(error) }
            part.note("containers", error)
        }
        note(nil)
        if rounds % budget.roundsPerUsage == 0 { wish.yield() }
        if rounds % budget.roundsPerList == 0 { await lists(into: &part) }
        if known.swarm?.controlAvailable == true { await swarm(into: &part) }
        part.storageUsage = usage?.usage
        fill(&part.containers)
        for (list, fault) in listFaults.sorted(by: { $0.key < $1.key }) { part.note(list, fault) }
        return DockerFit.fit(part)
    }

    /// Who the engine is; asked again now and then, and after it was away.
    private func meet() async throws(EngineFault) {
        if api == nil {
            version = try EngineList.object(
                try await engine.get("/version", limit: budget.oneBytes, timeout: budget.infoTimeout))
            api = try EngineReading.version(of: version)
        } else if rounds % budget.roundsPerList != 0 {
            return
        }
        let info = try EngineList.object(try await ask("/info", limit: budget.oneBytes, budget.infoTimeout))
        known = EngineReading.engine(version: version, info: info, speaking: api ?? "")
    }

    private func away(_ fault: EngineFault) -> HostReport.Docker {
        note(fault)
        (api, rounds) = (nil, -1)
        (stats, details, listFaults) = (ContainerTurns(), ContainerTurns(), [:])
        var part = HostReport.Docker()
        part.host = known
        part.host.runtime = known.runtime ?? "docker"
        part.host.error = fault.description
        return part
    }

    private func note(_ fault: EngineFault?) {
        guard fault != lastFault else { return }
        lastFault = fault
        if let fault {
            logger.info("container engine cannot be asked", metadata: ["reason": "\(fault)"])
        } else {
            logger.info("container engine answers", metadata: ["version": "\(known.runtimeVersion ?? "")"])
        }
    }

    private func ask(_ path: String, limit: Int, _ timeout: Duration) async throws(EngineFault) -> [UInt8] {
        try await engine.get("/v\(api ?? "1.24")\(path)", limit: limit, timeout: timeout)
    }

    // MARK: Containers

    private func containers(into part: inout HostReport.Docker) async throws(EngineFault) {
        let answer = try await ask("/containers/json?all=1", limit: budget.listBytes, budget.listTimeout)
        let (all, total) = try EngineList.read(answer, limit: 50_000, ContainerReading.container)
        part.containersTotal = Int64(total)
        // Those that run are told when not all can be; by name, so that it is the same ones every time.
        let sorted = all.sorted { left, right in
            let (isLeft, isRight) = (left.state == "running", right.state == "running")
            return isLeft == isRight ? (left.name, left.id) < (right.name, right.id) : isLeft
        }
        let told = Array(sorted.prefix(budget.containers))
        if total > told.count { part.truncated.append("containers") }
        await look(into: told, &part)
        await measure(told, &part)
        part.containers = told
    }

    /// With what was measured of each, and how old that is when the part is handed over: the lists after it take their time.
    private func fill(_ containers: inout [HostReport.DockerContainer]?) {
        guard var told = containers else { return }
        let now = time.monotonic
        for index in told.indices {
            let id = told[index].id
            details.values[id]?.fill(&told[index])
            guard told[index].state == "running", let reading = stats.values[id] else { continue }
            reading.fill(&told[index], since: stats.before[id])
            let age = (now - reading.at).inSeconds
            if age > max(2 * interval.inSeconds, 2) { told[index].statsAgeSeconds = Int64(age) }
        }
        containers = told
    }

    /// Restarts and times stand inside only. What has changed since it was looked into comes first.
    private func look(into containers: [HostReport.DockerContainer], _ part: inout HostReport.Docker) async {
        details.keepOnly(containers.map(\.id))
        let states = Dictionary(containers.map { ($0.id, Self.standing($0)) }) { first, _ in first }
        for (id, state) in states where seenStates[id] != state { details.hurry(id) }
        seenStates = states
        let turn = details.next(containers.map(\.id), most: budget.looksPerRound, at: time.monotonic)
        let fault = await each(of: turn) { id, _ in
            "/containers/\(id)/json"
        } take: { id, json, _ in
            self.details.take(ContainerDetail(json), of: id)
        }
        if let fault { part.note("inspect", fault) }
    }

    /// What changes with a start or a stop. "Up 5 seconds" is a start, "Up 5 minutes" an old one.
    private static func standing(_ container: HostReport.DockerContainer) -> String {
        let status = container.status ?? ""
        let isFresh = status.hasPrefix("Up") && (status.contains("second") || status.contains("Less than"))
        return "\(container.state ?? "") \(container.exitCode ?? 0) \(isFresh)"
    }

    private func measure(_ containers: [HostReport.DockerContainer], _ part: inout HostReport.Docker) async {
        let running = containers.filter { $0.state == "running" }.map(\.id)
        stats.keepOnly(running)
        let isQuick = (api.flatMap { $0.split(separator: ".").last }.flatMap { Int($0) } ?? 0) >= 41
        let turn = stats.next(running, most: budget.statsPerRound, at: time.monotonic)
        let processors = known.totalCPU
        let fault = await each(of: turn) { id, _ in
            "/containers/\(id)/stats?stream=false\(isQuick ? "&one-shot=true" : "")"
        } take: { id, json, at in
            // A container that has just ended answers with nothing inside.
            let reading = ContainerStats(json, processors: processors, at: at)
            if reading.memoryUsage != nil || reading.cpuTotal != nil { self.stats.take(reading, of: id) }
        }
        if let fault { part.note("stats", fault) }
    }

    /// Asks about each, `width` at a time, until the turn's time is over.
    /// - Returns: the last fault, unless it was that a container is no longer there.
    private func each(
        of ids: [String], path: @escaping @Sendable (String, Duration) -> String,
        take: (String, JSONValue, Duration) -> Void
    ) async -> EngineFault? {
        let (engine, time, prefix) = (engine, time, "/v\(api ?? "1.24")")
        let (limit, timeout, end) = (budget.oneBytes, budget.oneTimeout, time.monotonic + budget.turnTime)
        typealias Told = (id: String, answer: Result<JSONValue, EngineFault>, at: Duration)
        var waiting = ids[...]
        var last: EngineFault?
        await withTaskGroup(of: Told.self) { group in
            func startNext() {
                guard time.monotonic < end, let id = waiting.popFirst() else { return }
                group.addTask {
                    do throws(EngineFault) {
                        let bytes = try await engine.get(prefix + path(id, end), limit: limit, timeout: timeout)
                        return (id, .success(try EngineList.object(bytes)), time.monotonic)
                    } catch {
                        return (id, .failure(error), time.monotonic)
                    }
                }
            }
            for _ in 0..<budget.width { startNext() }
            for await told in group {
                switch told.answer {
                case .success(let json): take(told.id, json, told.at)
                case .failure(let fault) where fault.reason == .unsupported: break
                case .failure(let fault): last = fault
                }
                startNext()
            }
        }
        return last
    }

    // MARK: The rest

    private func lists(into part: inout HostReport.Docker) async {
        part.images = await list("images", "/images/json", &part, EngineReading.image)?.sorted { $0.id < $1.id }
        part.volumes = await list("volumes", "/volumes", member: "Volumes", &part, EngineReading.volume)?
            .sorted { $0.name < $1.name }
        part.networks = await list("networks", "/networks", &part, EngineReading.network)?.sorted { $0.id < $1.id }
        guard let usage else { return }
        for index in (part.images ?? []).indices {
            guard let measured = part.images.flatMap({ usage.images[$0[index].id] }) else { continue }
            part.images?[index].sharedSizeBytes = measured.sharedSizeBytes
            part.images?[index].containers = measured.containers
        }
        for index in (part.volumes ?? []).indices {
            guard let measured = part.volumes.flatMap({ usage.volumes[$0[index].name] }) else { continue }
            part.volumes?[index].sizeBytes = measured.sizeBytes
            part.volumes?[index].refCount = measured.refCount
        }
    }

    /// The disk usage; the next round tells of it.
    func measure() async {
        do throws(EngineFault) {
            usage = try UsageReading(try await ask("/system/df", limit: budget.listBytes, budget.usageTimeout))
            listFaults["usage"] = nil
        } catch {
            listFaults["usage"] = error
        }
    }

    private func swarm(into part: inout HostReport.Docker) async {
        let counting = "/services?status=true"
        // Only what is to run: a swarm remembers five dead tasks of every slot.
        let live = "/tasks?filters=%7B%22desired-state%22%3A%5B%22running%22%5D%7D"
        part.nodes = await list("nodes", "/nodes", &part, SwarmReading.node)?.sorted { $0.id < $1.id }
        part.services = await list("services", counting, &part, SwarmReading.service)?.sorted { $0.id < $1.id }
        part.tasks = await list("tasks", live, &part, SwarmReading.task)?.sorted { $0.id < $1.id }
        guard var services = part.services, var tasks = part.tasks else { return }
        SwarmReading.join(&services, &tasks, part.nodes ?? [])
        (part.services, part.tasks) = (services, tasks)
    }

    private func list<Element>(
        _ name: String, _ path: String, member: String? = nil, _ part: inout HostReport.Docker,
        _ convert: (JSONValue) -> Element?
    ) async -> [Element]? {
        do throws(EngineFault) {
            let answer = try await ask(path, limit: budget.listBytes, budget.listTimeout)
            let (elements, total) = try EngineList.read(answer, member: member, limit: budget.objects, convert)
            if total > budget.objects { part.truncated.append(name) }
            listFaults[name] = nil
            return elements
        } catch {
            listFaults[name] = error
            return nil
        }
    }
}

extension HostReport.Docker {
    /// How many a list holds; nil when it was not read.
    func lists(_ name: String) -> Int? {
        switch name {
        case "images": images?.count
        case "volumes": volumes?.count
        case "networks": networks?.count
        default: 0
        }
    }

    mutating func note(_ part: String, _ fault: EngineFault) {
        degraded.append(
            HostReport.DockerDegraded(part: part, reason: fault.reason.rawValue, detail: fault.description))
    }
}
