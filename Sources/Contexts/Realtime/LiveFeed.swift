package import Bus
package import HTTPKit
import Inventory
package import Kernel
import Metrics
package import Postgres
import Resources

/// Lets readers follow organisations. Channels come with the first reader and go with the last.
package actor LiveFeed {
    /// Deltas that may wait for a channel: 16 s of the busiest organisation.
    private static let queue = 64
    /// How often an open view asks again whether it may be open.
    private static let recheck: Duration = .seconds(5)

    /// Readers of one organisation in one process; a whole company at their screens is less.
    private static let readerLimit = 2000

    private struct Entry {
        var readers = 0
        let channel: OrgChannel
        let subscription: Subscription
        let follower: Task<Void, Never>
    }

    private let store: ResourceStore
    private let bus: any MessageBus
    private let time: any TimeSource
    private let gate: any Gate
    private var channels: [OrgID: Entry] = [:]

    package init(_ database: Database, bus: any MessageBus, gate: any Gate, time: any TimeSource) {
        store = ResourceStore(database)
        self.bus = bus
        self.gate = gate
        self.time = time
    }

    /// Serves a socket until it closes or may no longer be open.
    func serve(_ socket: Socket, _ request: APIRequest, of org: OrgID, at endpoint: Endpoint) async throws {
        let channel = try enter(org)
        RealtimeMetrics.readers.increment()
        defer { RealtimeMetrics.readers.decrement() }
        do {
            try await channel.admit(socket, since: request.query["since"].flatMap(OrgHead.init(resumeID:)))
            try await converse(socket, channel, request, endpoint)
        } catch {
            await channel.remove(socket)
            leave(org)
            throw error
        }
        await channel.remove(socket)
        leave(org)
    }

    /// Serves a stream of events until its reader goes.
    func serve(_ stream: EventWriter, _ request: APIRequest, of org: OrgID, at endpoint: Endpoint) async throws {
        let channel = try enter(org)
        RealtimeMetrics.readers.increment()
        defer { RealtimeMetrics.readers.decrement() }
        let since = request.headers["last-event-id"] ?? request.query["since"]
        var place: Int?
        do {
            place = try await channel.admit(stream, since: since.flatMap(OrgHead.init(resumeID:)))
            try await recheckForever(request, endpoint)
        } catch {
            if let place { await channel.remove(stream: place) }
            leave(org)
            throw error
        }
    }

    private nonisolated func converse(
        _ socket: Socket, _ channel: OrgChannel, _ request: APIRequest, _ endpoint: Endpoint
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await self.recheckForever(request, endpoint) }
            group.addTask {
                for await message in socket.messages {
                    guard case .text(let text) = message, let said = ClientMessage(text) else { continue }
                    switch said {
                    case .ping: socket.send(SocketFrame(text: LiveMessage.pong(at: self.time.now).json))
                    case .requestData: try await channel.repeatState(to: socket)
                    }
                }
            }
            _ = try await group.next()
        }
    }

    /// A session that ended, a member who left, an organisation that was suspended: their views close.
    private nonisolated func recheckForever(_ request: APIRequest, _ endpoint: Endpoint) async throws {
        while true {
            try await time.sleep(for: Self.recheck)
            do {
                _ = try await gate.admit(request, to: endpoint)
            } catch let error as any Explained where error.problem.status < 500 {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                // The database is away: nobody is shown anything new meanwhile, and nobody is sent away for it.
            }
        }
    }

    private func enter(_ org: OrgID) throws(Problem) -> OrgChannel {
        var entry = channels[org] ?? open(org)
        guard entry.readers < Self.readerLimit else { throw .tooManyReaders }
        entry.readers += 1
        channels[org] = entry
        return entry.channel
    }

    private func open(_ org: OrgID) -> Entry {
        let channel = OrgChannel(org: org, store: store, time: time)
        let subscription = bus.subscribe(to: .deltas(of: org), capacity: Self.queue)
        // Ends with its subscription, which `leave` cancels.
        let follower = Task { for await message in subscription { await channel.hear(message) } }
        return Entry(channel: channel, subscription: subscription, follower: follower)
    }

    private func leave(_ org: OrgID) {
        guard var entry = channels[org] else { return }
        entry.readers -= 1
        channels[org] = entry.readers > 0 ? entry : nil
        if entry.readers == 0 { entry.subscription.cancel() }
    }
}
