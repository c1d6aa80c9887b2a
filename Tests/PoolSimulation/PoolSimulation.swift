import FoundationEssentials
import HeapModule
import Kernel

@testable import Monitoring

/// Workers, their database and the network between them, for half an hour of invented time. Everything follows from the
/// seed: what a failure tells repeats it.
struct PoolSimulation {
    /// What is allowed to happen.
    enum Weather: String, CaseIterable, Sendable {
        /// One worker at a time dies or leaves, and the network is quick: nobody may go unpolled for long.
        case crashes
        /// Everything at once: lost and late answers, doubled and reordered words, workers that stop and go on, clocks that
        /// run differently, organisations that move. Nothing may be owned twice, and in the end all is well.
        case storm
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static let terms = LeaseKeeper.Terms()
    static let cadence = 10_000
    static let length = 1_800_000
    static let calm = 150_000
    static let shards = 8

    private enum Event {
        case tick(UUID)
        case hear(UUID, LeaseKeeper.Event)
        case note(UUID, [WatchList.Event])
        case look(UUID, question: Int)
        case renew(UUID, question: Int, take: Set<ShardLease>, release: Set<ShardLease>, sentAt: Duration)
        case giveUp(UUID, question: Int)
        case answer(UUID, question: Int, LeaseKeeper.Event)
        case sweep(UUID)
        case find(UUID, Set<Int16>)
        case read(UUID, OrgID, ShardLease)
        case poll(UUID, OrgID, ShardLease)
        case write(UUID)
        case gone(UUID)
        case start
        case mischief
    }

    private struct Timed: Comparable {
        let at: Int
        let number: Int
        let event: Event

        static func < (left: Self, right: Self) -> Bool { (left.at, left.number) < (right.at, right.number) }
        static func == (left: Self, right: Self) -> Bool { left.number == right.number }
    }

    private let weather: Weather
    private let seed: UInt64
    private var chance: Chance
    private var now = 0
    private var heap = Heap<Timed>()
    private var numbers = 0
    private var tables: SimulatedTables
    private var workers: [UUID: SimulatedWorker] = [:]
    private var order: [UUID] = []
    private var polledAt: [OrgID: Int] = [:]
    private(set) var workerMilliseconds = 0
    private var lastAt = 0

    init(_ weather: Weather, seed: UInt64) {
        self.weather = weather
        self.seed = seed
        chance = Chance(seed: seed)
        tables = SimulatedTables(shards: Self.shards, lifetime: Self.terms.lifetime)
        for number in 0..<chance.between(6, 14) {
            let org = OrgID(bytes: [UInt8](repeating: UInt8(number + 1), count: 16))
            tables.orgs[org] = .init(shard: Int16(chance.below(Self.shards)))
        }
        for index in tables.leases.indices { tables.leases[index].weight = chance.happens(0.2) ? 50 : 2 }
    }

    /// - Returns: hours that workers have worked.
    mutating func run() throws(Failure) -> Double {
        for _ in 0..<chance.between(2, 5) { schedule(.start, in: chance.below(5000)) }
        schedule(.mischief, in: 60_000)
        while let next = heap.popMin(), next.at < Self.length {
            workerMilliseconds += (next.at - lastAt) * workers.count
            (now, lastAt) = (next.at, next.at)
            try handle(next.event)
        }
        try checkEnd()
        return Double(workerMilliseconds) / 3_600_000
    }

    private func fail(_ text: String) -> Failure {
        Failure(description: "\(weather.rawValue), seed \(seed), at \(Double(now) / 1000) s: \(text)")
    }

    private var isCalm: Bool { now > Self.length - Self.calm }

    private mutating func schedule(_ event: Event, in delay: Int) {
        numbers += 1
        heap.insert(Timed(at: now + delay, number: numbers, event: event))
    }

    // MARK: The network

    /// A way between a worker and the database; `nil`: it is not arrived at.
    private mutating func way() -> Int? {
        guard weather == .storm, !isCalm else { return chance.between(1, 60) }
        if chance.happens(0.05) { return nil }
        return chance.happens(0.05) ? chance.between(500, 9000) : chance.between(1, 200)
    }

    private mutating func ask(_ worker: UUID, _ event: (Int) -> Event) {
        numbers += 1
        let question = numbers
        workers[worker]?.open.insert(question)
        // Where nothing is lost everything comes in time.
        if weather == .storm { schedule(.giveUp(worker, question: question), in: 4000) }
        if let way = way() { schedule(event(question), in: way) }
    }

    private mutating func answer(_ worker: UUID, _ question: Int, _ event: LeaseKeeper.Event) {
        guard let way = way() else { return }
        schedule(.answer(worker, question: question, event), in: way)
        // Said twice, the second time late and out of turn.
        if weather == .storm, !isCalm, case .answered = event, chance.happens(0.05) {
            schedule(.hear(worker, event), in: way + chance.below(8000))
        }
    }

    private mutating func tellAll(_ event: (UUID) -> Event) {
        for worker in order {
            if let way = way() { schedule(event(worker), in: way) }
            if weather == .storm, chance.happens(0.1), let again = way() { schedule(event(worker), in: again) }
        }
    }

    private mutating func tellChange(of org: OrgID) {
        let place = tables.place(of: org)
        tellAll { .note($0, [place.map { .place($0) } ?? .active([], among: [org])]) }
    }

    // MARK: What happens

    private mutating func handle(_ event: Event) throws(Failure) {
        switch event {
        case .start: start()
        case .mischief: mischief()
        case .look(let id, let question):
            if workers[id] != nil { answer(id, question, .looked(tables.look(id, at: now))) }
        case .renew(let id, let question, let take, let release, let sentAt):
            // What was sent is carried out, whether its sender still lives or not.
            let (held, hasFreed) = tables.renew(id, take: take, release: release, at: now)
            if hasFreed { tellAll { .hear($0, .freed) } }
            answer(id, question, .answered(held, sentAt: sentAt))
        case .find(let id, let shards): find(id, shards)
        case .gone(let id): leave(id)
        case .tick(let id), .hear(let id, _), .note(let id, _), .giveUp(let id, _), .answer(let id, _, _),
            .sweep(let id),
            .read(let id, _, _), .poll(let id, _, _), .write(let id):
            guard let worker = workers[id] else { return }
            guard worker.pausedUntil < now else { return schedule(event, in: worker.pausedUntil - now + 1) }
            try act(event, of: id)
            // Nothing else makes an owner.
            if case .answer = event { try checkOwners(id) }
            if case .hear = event { try checkOwners(id) }
        }
    }

    private mutating func act(_ event: Event, of id: UUID) throws(Failure) {
        switch event {
        case .tick:
            schedule(.tick(id), in: 2000)
            step(id, .woke)
        case .hear(_, let said): step(id, said)
        case .note(_, let said): for one in said { note(id, one) }
        case .giveUp(_, let question): if workers[id]?.open.remove(question) != nil { step(id, .failed) }
        case .answer(_, let question, let said): if workers[id]?.open.remove(question) != nil { step(id, said) }
        case .sweep:
            schedule(.sweep(id), in: 15_000)
            sweep(id)
        case .read(_, let org, let lease): read(id, org, lease)
        case .poll(_, let org, let lease): try poll(id, org, lease)
        case .write:
            schedule(.write(id), in: 5000)
            try write(id)
        default: break
        }
    }

    private mutating func start() {
        numbers += 1
        let bytes = withUnsafeBytes(of: UInt64(numbers).bigEndian) { Array($0) }
        let id = UUID(
            uuid: (
                0, 0, 0, 0, 0, 0, 0, 0, bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]
            ))
        let skew = weather == .storm ? Double(chance.between(-10, 10)) / 1000 : 0
        workers[id] = SimulatedWorker(
            id: id, terms: Self.terms, clockStart: Double(chance.below(1_000_000_000)), clockRate: 1 + skew)
        order.append(id)
        tables.sessions.insert(id)
        schedule(.tick(id), in: 0)
        schedule(.sweep(id), in: chance.below(15_000))
        schedule(.write(id), in: chance.below(2000))
    }

    private mutating func step(_ id: UUID, _ event: LeaseKeeper.Event) {
        guard var worker = workers[id], !worker.isLeaving else { return }
        let effects = worker.keeper.step(event, at: worker.monotonic(now))
        workers[id] = worker
        for effect in effects {
            switch effect {
            case .look: ask(id) { .look(id, question: $0) }
            case .renew(let take, let release):
                let sentAt = worker.monotonic(now)
                ask(id) { .renew(id, question: $0, take: take, release: release, sentAt: sentAt) }
            case .begin(let leases):
                note(id, .begin(leases))
                if let way = way() { schedule(.find(id, Set(leases.map(\.shard))), in: way) }
            case .stop(let leases): note(id, .stop(leases))
            case .drain(let shards):
                note(id, .drain(shards))
                let held = Set(shards.compactMap { workers[id]?.list.held[$0] })
                let time = chance.between(10, 2000)
                schedule(.note(id, [.stop(held)]), in: time)
                schedule(.hear(id, .drained(shards)), in: time)
            }
        }
    }

    private mutating func note(_ id: UUID, _ event: WatchList.Event) {
        guard var worker = workers[id], !worker.isLeaving else { return }
        for effect in worker.list.step(event) {
            switch effect {
            case .open(let org, let lease): worker.monitors[org] = .init(lease: lease)
            case .close(let org): worker.monitors[org] = nil
            case .reload(let org):
                guard let lease = worker.monitors[org]?.lease else { continue }
                worker.monitors[org]?.mustRead = true
                schedule(.read(id, org, lease), in: chance.between(5, 300))
            case .forward: break
            }
        }
        workers[id] = worker
    }

    private mutating func sweep(_ id: UUID) {
        guard let worker = workers[id] else { return }
        let known = worker.list.watched.keys.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        let places = known.compactMap { tables.place(of: $0) }
        if let way = way() {
            schedule(.note(id, [.active(Set(places.map(\.org)), among: known)] + places.map { .place($0) }), in: way)
        }
        if let way = way() { schedule(.find(id, Set(worker.list.held.keys)), in: way) }
    }

    private mutating func find(_ id: UUID, _ shards: Set<Int16>) {
        let places = tables.orgs.keys.compactMap { tables.place(of: $0) }.filter { shards.contains($0.shard) }
        guard let way = way() else { return }
        schedule(.note(id, Self.sorted(places).map { .place($0) }), in: way)
    }

    private static func sorted(_ places: [OrgPlace]) -> [OrgPlace] {
        places.sorted { $0.org.bytes.lexicographicallyPrecedes($1.org.bytes) }
    }

    // MARK: In place of monitors

    private mutating func read(_ id: UUID, _ org: OrgID, _ lease: ShardLease) {
        guard var monitor = workers[id]?.monitors[org], monitor.lease == lease, monitor.mustRead else { return }
        if weather == .storm, !isCalm, chance.happens(0.1) { return schedule(.read(id, org, lease), in: 250) }
        monitor.mustRead = false
        monitor.read = tables.orgs[org]?.generation
        if monitor.pollsAt == nil {
            monitor.pollsAt = now + chance.below(Self.cadence / 2)
            schedule(.poll(id, org, lease), in: monitor.pollsAt! - now)
        }
        workers[id]?.monitors[org] = monitor
    }

    private mutating func poll(_ id: UUID, _ org: OrgID, _ lease: ShardLease) throws(Failure) {
        guard let worker = workers[id], !worker.isLeaving, worker.monitors[org]?.lease == lease else { return }
        schedule(.poll(id, org, lease), in: Self.cadence)
        try checkGap(of: org)
        polledAt[org] = now
    }

    private mutating func write(_ id: UUID) throws(Failure) {
        guard let worker = workers[id] else { return }
        for (org, monitor) in worker.monitors where monitor.read != nil {
            if tables.accepts(org, under: monitor.lease) {
                guard monitor.lease.epoch >= tables.orgs[org]?.head ?? 0 else {
                    throw fail("a write of epoch \(monitor.lease.epoch) was taken after a later one")
                }
                tables.orgs[org]?.head = monitor.lease.epoch
            } else {
                note(id, .fenced(org, monitor.lease))
            }
        }
    }

    // MARK: Mischief

    private mutating func mischief() {
        guard !isCalm else { return }
        schedule(.mischief, in: weather == .storm ? chance.between(1000, 20_000) : chance.between(50_000, 90_000))
        let awake = order.filter { workers[$0].map { !$0.isLeaving && $0.pausedUntil < now } ?? false }
        guard let victim = awake.randomElement(using: &chance) else { return }
        let org = tables.orgs.keys.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.randomElement(
            using: &chance)!
        switch chance.below(weather == .storm ? 8 : 4) {
        case 0 where awake.count > 1:
            // kill -9; somebody starts it again.
            forget(victim)
            schedule(.start, in: chance.between(500, 30_000))
        case 1 where awake.count > 1:
            workers[victim]?.isLeaving = true
            schedule(.gone(victim), in: chance.between(10, 3000))
            schedule(.start, in: chance.between(5000, 30_000))
        case 2, 3:
            tables.orgs[org]?.generation += 1
            tellChange(of: org)
        case 4: workers[victim]?.pausedUntil = now + chance.between(1000, 60_000)
        case 5:
            tables.move(org, to: Int16(chance.below(Self.shards)))
            tellChange(of: org)
        case 6:
            tables.orgs[org]?.isActive.toggle()
            tables.orgs[org]?.generation += 1
            tellChange(of: org)
        case 7 where order.count < 6: schedule(.start, in: 0)
        default: break
        }
    }

    private mutating func leave(_ id: UUID) {
        tables.leave(id)
        forget(id)
        tellAll { .hear($0, .freed) }
    }

    private mutating func forget(_ id: UUID) {
        workers[id] = nil
        order.removeAll { $0 == id }
        tables.sessions.remove(id)
    }

    // MARK: Promises

    private func checkOwners(_ id: UUID) throws(Failure) {
        guard let acting = workers[id]?.acting, !acting.isEmpty, hasLookedAtItsClock(id) else { return }
        for other in order where other != id && hasLookedAtItsClock(other) {
            guard let worker = workers[other], let shard = acting.intersection(worker.acting).first else { continue }
            let ages = [id, other].map { one in
                let trusted = workers[one]?.keeper.renewedAt ?? .zero
                return
                    "\((workers[one]?.monotonic(now) ?? .zero) - trusted) since \(workers[one]?.list.held[shard]?.epoch ?? 0)"
            }
            throw fail("shard \(shard) has two owners: \(ages), the table says \(tables.leases[Int(shard)])")
        }
    }

    /// One that has just woken still believes what it believed, until its next tick, two seconds later at most. Who ticks never
    /// holds on for longer than this.
    private func hasLookedAtItsClock(_ id: UUID) -> Bool {
        guard let worker = workers[id], worker.pausedUntil < now else { return false }
        return worker.monotonic(now) - (worker.keeper.renewedAt ?? .zero) <= Self.terms.trustFor + .milliseconds(2100)
    }

    private func checkGap(of org: OrgID) throws(Failure) {
        guard weather == .crashes, let last = polledAt[org] else { return }
        let limit = Int(Self.terms.lifetime.inSeconds * 1000) + 2 * Self.cadence
        guard now - last <= limit else { throw fail("\(org) was not polled for \(now - last) ms") }
    }

    private func checkEnd() throws(Failure) {
        for org in tables.orgs.keys where tables.orgs[org]?.isActive == true { try checkEnd(of: org) }
        for (index, lease) in tables.leases.enumerated() {
            guard let owner = lease.owner, workers[owner] != nil else { throw fail("nobody has shard \(index)") }
        }
    }

    private func checkEnd(of org: OrgID) throws(Failure) {
        let owners = order.filter { workers[$0]?.monitors[org] != nil }
        guard owners.count == 1, let monitor = workers[owners[0]]?.monitors[org] else {
            throw fail("\(org) has \(owners.count) monitors in the end")
        }
        guard tables.accepts(org, under: monitor.lease) else { throw fail("\(org) is with the wrong owner in the end") }
        guard monitor.read == tables.orgs[org]?.generation else { throw fail("\(org) has missed a reload") }
        guard let polled = polledAt[org], now - polled <= 2 * Self.cadence else {
            throw fail("\(org) is not polled in the end")
        }
        try checkGap(of: org)
    }
}
