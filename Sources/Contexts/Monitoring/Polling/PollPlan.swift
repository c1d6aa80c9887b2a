import DequeModule
import HeapModule
import Kernel

/// Which connection is asked next. Pure: it is told the time and what has ended, and says what may begin.
///
/// Organisations take turns, whatever they have waiting, and what answers badly has a lane of its own: a thousand dead
/// hosts wait for each other, not in front of those that live.
struct PollPlan {
    struct Place: Hashable, Sendable {
        let org: OrgID
        let connection: ConnectionID
    }

    struct Lane: Sendable {
        /// Polls under way at once, of all organisations and of one.
        let width: Int
        let widthOfOne: Int
    }

    enum LaneName: Sendable, Hashable { case healthy, failing }

    private struct Entry {
        var dueAt: Timestamp?
        var lane = LaneName.healthy
        var isRunning = false
        /// Tells a time in the heap from one that was changed meanwhile.
        var turn = 0
    }

    /// What waits in one lane: a queue for each organisation, and the organisations in the order of their turns.
    private struct Queue {
        let lane: Lane
        var running = 0
        var runningOf: [OrgID: Int] = [:]
        var waiting: [OrgID: Deque<Place>] = [:]
        var turns: Deque<OrgID> = []
    }

    private var entries: [Place: Entry] = [:]
    private var times = Heap<TimedPlace>()
    private var queues: [LaneName: Queue]

    private struct TimedPlace: Comparable {
        let at: Timestamp
        let place: Place
        let turn: Int

        static func < (left: Self, right: Self) -> Bool { left.at < right.at }
    }

    init(
        healthy: Lane = Lane(width: 2048, widthOfOne: 1024), failing: Lane = Lane(width: 256, widthOfOne: 64)
    ) {
        queues = [.healthy: Queue(lane: healthy), .failing: Queue(lane: failing)]
    }

    var count: Int { entries.count }
    var running: Int { queues.values.reduce(0) { $0 + $1.running } }
    /// Due, and waiting for a place among those that answer.
    var waiting: Int { queues[.healthy]?.waiting.values.reduce(0) { $0 + $1.count } ?? 0 }

    // MARK: What there is

    /// A connection is to be asked at this time; `nil`: not until somebody says so. One that is being asked is asked again
    /// after it has ended.
    mutating func set(_ place: Place, dueAt: Timestamp?, lane: LaneName = .healthy) {
        var entry = entries[place] ?? Entry()
        guard !entry.isRunning else { return }
        unqueue(place, entry)
        entry.turn += 1
        entry.dueAt = dueAt
        entry.lane = lane
        entries[place] = entry
        if let dueAt { times.insert(TimedPlace(at: dueAt, place: place, turn: entry.turn)) }
    }

    /// One that is being asked keeps its place in the lane until `ended`.
    mutating func remove(_ place: Place) {
        guard let entry = entries[place] else { return }
        unqueue(place, entry)
        if entry.isRunning {
            entries[place]?.dueAt = nil
        } else {
            entries[place] = nil
        }
    }

    private mutating func unqueue(_ place: Place, _ entry: Entry) {
        queues[entry.lane]?.waiting[place.org]?.removeAll { $0 == place }
    }

    // MARK: What begins

    /// When the next one is due that is not waiting already.
    var nextDue: Timestamp? { times.min?.at }

    /// Those that begin now, with the time at which they should have.
    mutating func begin(at now: Timestamp) -> [(place: Place, dueAt: Timestamp)] {
        while let timed = times.min, timed.at <= now {
            times.removeMin()
            guard let entry = entries[timed.place], entry.turn == timed.turn, !entry.isRunning else { continue }
            enqueue(timed.place, in: entry.lane)
        }
        var begun: [(Place, Timestamp)] = []
        for name in [LaneName.healthy, .failing] {
            while let place = next(in: name) {
                entries[place]?.isRunning = true
                begun.append((place, entries[place]?.dueAt ?? now))
            }
        }
        return begun
    }

    private mutating func enqueue(_ place: Place, in lane: LaneName) {
        if queues[lane]?.waiting[place.org]?.isEmpty ?? true { queues[lane]?.turns.append(place.org) }
        queues[lane]?.waiting[place.org, default: []].append(place)
    }

    /// The next organisation's oldest, if there is room for it.
    private mutating func next(in name: LaneName) -> Place? {
        guard var queue = queues[name], queue.running < queue.lane.width else { return nil }
        defer { queues[name] = queue }
        for _ in 0..<queue.turns.count {
            guard let org = queue.turns.popFirst() else { return nil }
            guard let place = queue.waiting[org]?.first else {
                queue.waiting[org] = nil
                continue
            }
            guard queue.runningOf[org, default: 0] < queue.lane.widthOfOne else {
                queue.turns.append(org)
                continue
            }
            queue.waiting[org]?.removeFirst()
            if queue.waiting[org]?.isEmpty ?? true { queue.waiting[org] = nil } else { queue.turns.append(org) }
            queue.running += 1
            queue.runningOf[org, default: 0] += 1
            return place
        }
        return nil
    }

    // MARK: What has ended

    /// - Parameters:
    ///   - dueAt: when it is asked again; `nil`: not until somebody says so.
    ///   - lane: where it waits from now on.
    mutating func ended(_ place: Place, dueAt: Timestamp?, lane: LaneName) {
        guard let entry = entries[place], entry.isRunning else { return }
        queues[entry.lane]?.running -= 1
        let left = (queues[entry.lane]?.runningOf[place.org] ?? 1) - 1
        queues[entry.lane]?.runningOf[place.org] = left > 0 ? left : nil
        entries[place]?.isRunning = false
        if dueAt == nil && entry.dueAt == nil { entries[place] = nil } else { set(place, dueAt: dueAt, lane: lane) }
    }
}
