import Bus
import HTTPKit
import Inventory
import Kernel
import Metrics
import Resources

/// The readers of one organisation in this process.
actor OrgChannel {
    private let org: OrgID
    private let store: ResourceStore
    private let time: any TimeSource
    private let sockets = SocketGroup()
    private var streams: [Int: EventWriter] = [:]
    private var nextStream = 0
    private var ring = DeltaRing()

    init(org: OrgID, store: ResourceStore, time: any TimeSource) {
        self.org = org
        self.store = store
        self.time = time
    }

    // MARK: From the bus

    func hear(_ message: Subscription.Message) {
        switch message {
        case .lost:
            ring.forget()
            broadcast(.reload(at: time.now))
        case .payload(let bytes):
            guard let delta = Delta(payload: bytes) else { return }
            let message = LiveMessage.delta(delta)
            switch ring.add(delta, message) {
            case .old: break
            case .next: broadcast(message)
            case .gap: broadcast(.reload(at: time.now))
            }
        }
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
        let (head, resources) = try await store.snapshot(of: org)
        socket.send(SocketFrame(text: LiveMessage.initialState(resources, head: head, at: time.now).json))
        for message in ring.missed(since: head) ?? [] { socket.send(SocketFrame(text: message.json)) }
    }

    private func opening(since: OrgHead?) async throws -> () -> [LiveMessage] {
        let welcome = LiveMessage.welcome(to: org, at: time.now)
        if let since, ring.missed(since: since) != nil {
            return { [welcome] + (self.ring.missed(since: since) ?? []) }
        }
        let (head, resources) = try await store.snapshot(of: org)
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
