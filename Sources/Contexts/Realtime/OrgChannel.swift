import Bus
import HTTPKit
import Inventory
import Kernel
import Metrics
import Resources

/// The readers of one organisation in this process.
actor OrgChannel {
    private let view: InventoryView
    private let time: any TimeSource
    private let sockets = SocketGroup()
    private var streams: [Int: EventWriter] = [:]
    private var nextStream = 0
    private var ring = DeltaRing()
    /// What the readers of a part were shown last.
    private var sight = Sight.unknown
    /// Everything, as it is being read, and as it will be read after that by those who have asked since.
    private var reading: Task<State, any Error>?
    private var next: Task<State, any Error>?
    /// How often everything was read from the database.
    private(set) var readings = 0
    /// What all readers have been told of, and what the database was found to be ahead by when it was last asked.
    private var progress = HeadProgress()

    init(_ view: InventoryView, time: any TimeSource) {
        self.view = view
        self.time = time
    }

    // MARK: From the bus

    func hear(_ message: Subscription.Message) async {
        switch message {
        case .lost: await verify()
        case .payload(let bytes):
            guard let whole = Delta(payload: bytes) else { return }
            progress.told(whole.head)
            guard let delta = await part(of: whole) else { return }
            let message = LiveMessage.delta(delta)
            switch ring.add(delta, message) {
            case .old: break
            case .next: broadcast(message)
            case .gap: broadcast(.reload(at: time.now))
            }
        }
    }

    /// Compares with the database: what no delta has told by the second time of asking has passed us.
    func verify() async {
        guard let head = try? await view.head(), progress.found(head) == .behind else { return }
        ring.forget()
        broadcast(.reload(at: time.now))
    }

    /// What this audience is told; `nil` when it was told to load anew instead, because something came into its sight or
    /// left it, or what it sees cannot be known now.
    private func part(of delta: Delta) async -> Delta? {
        guard view.visibility != nil else { return delta }
        let now = try? await view.seen()
        let before = sight
        sight = now.map { .only($0) } ?? .unknown
        guard let now, before == .only(now) else {
            ring.forget()
            broadcast(.reload(at: time.now))
            return nil
        }
        return InventoryView.part(of: delta, seen: now)
    }

    private func broadcast(_ message: LiveMessage) {
        RealtimeMetrics.messages.increment()
        sockets.send(SocketFrame(text: message.json))
        for (id, stream) in streams where (try? stream.send(message)) == nil { streams[id] = nil }
    }

    // MARK: Readers

    /// Everything a new reader must hear first, and from then on each delta.
    func admit(_ socket: Socket, since: OrgHead?) async throws {
        let messages = try await opening(since: since)
        // No suspension between looking at the ring and joining, or a delta could fall between.
        sockets.add(socket, first: messages().map { SocketFrame(text: $0.json) })
    }

    func admit(_ stream: EventWriter, since: OrgHead?) async throws -> Int {
        let messages = try await opening(since: since)
        for message in messages() { try stream.send(message) }
        nextStream += 1
        streams[nextStream] = stream
        return nextStream
    }

    func remove(stream id: Int) { streams[id] = nil }
    func remove(_ socket: Socket) { sockets.remove(socket) }

    /// The whole state, as on arrival.
    func repeatState(to socket: Socket) async throws {
        let state = try await state()
        socket.send(state.frame)
        for message in ring.missed(since: state.head) ?? [] { socket.send(SocketFrame(text: message.json)) }
    }

    private func opening(since: OrgHead?) async throws -> () -> [LiveMessage] {
        let welcome = LiveMessage.welcome(to: view.org, at: time.now)
        if let since, ring.missed(since: since) != nil {
            return { [welcome] + (self.ring.missed(since: since) ?? []) }
        }
        let state = try await state()
        return { [welcome, state.message] + (self.ring.missed(since: state.head) ?? []) }
    }

    // MARK: Everything

    private enum Sight: Equatable {
        /// Nobody was shown anything yet, or all were told to load anew.
        case unknown
        case only(Set<ResourceID>)
        /// Some were shown one thing and some another.
        case various
    }

    private struct State: Sendable {
        let head: OrgHead
        let message: LiveMessage
        let frame: SocketFrame
    }

    /// Everything that is seen, read after this was called. All who ask while one reading runs share the next one: when a
    /// whole company is told to load anew, the database is asked twice at most.
    private func state() async throws -> State {
        if let next { return try await next.value }
        let before = reading
        // Belongs to no reader: one who goes does not take it from the others. Its end is the query's time-out.
        let task = Task {
            _ = await before?.result
            (reading, next) = (next, nil)
            defer { reading = nil }
            return try await read()
        }
        next = task
        return try await task.value
    }

    private func read() async throws -> State {
        readings += 1
        let (head, resources) = try await view.snapshot()
        progress.loaded(head)
        if view.visibility != nil { note(Set(resources.map(\.id))) }
        let message = LiveMessage.initialState(resources, head: head, at: time.now)
        return State(head: head, message: message, frame: SocketFrame(text: message.json))
    }

    /// Where others were shown something else, the next delta has all of them load anew.
    private func note(_ shown: Set<ResourceID>) {
        if sight == .unknown { sight = .only(shown) } else if sight != .only(shown) { sight = .various }
    }
}

extension EventWriter {
    func send(_ message: LiveMessage) throws(SlowReader) {
        try send(id: message.resumeID, event: message.type, data: message.json)
    }
}

extension Problem {
    static let tooManyReaders = Problem(
        "too-many-readers", status: 429, title: "Too many live views of this organisation are open",
        retryAfterSeconds: 30)
}
