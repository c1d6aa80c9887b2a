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
    /// What this audience saw at the last delta; `nil` before the first, and where it sees all.
    private var seen: Set<ResourceID>?
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
        defer { seen = now }
        guard let now, seen == nil || seen == now else {
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
        let (head, resources) = try await view.snapshot()
        socket.send(SocketFrame(text: LiveMessage.initialState(resources, head: head, at: time.now).json))
        for message in ring.missed(since: head) ?? [] { socket.send(SocketFrame(text: message.json)) }
    }

    private func opening(since: OrgHead?) async throws -> () -> [LiveMessage] {
        let welcome = LiveMessage.welcome(to: view.org, at: time.now)
        if let since, ring.missed(since: since) != nil {
            return { [welcome] + (self.ring.missed(since: since) ?? []) }
        }
        let (head, resources) = try await view.snapshot()
        progress.loaded(head)
        let state = LiveMessage.initialState(resources, head: head, at: time.now)
        return { [welcome, state] + (self.ring.missed(since: head) ?? []) }
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
