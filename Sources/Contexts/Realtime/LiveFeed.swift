package import Access
package import Bus
import HTTPKit
import Inventory
package import Kernel
import Metrics
package import Postgres
import Resources
import ServiceLifecycle

/// Lets readers follow organisations. Channels come with the first reader and go with the last.
///
/// Deltas come by the bus, which may lose some. As a service it compares channels with the database: all of them twice a
/// second while the bus is not whole, otherwise a part of them, each every 16 s and in its first seconds.
package actor LiveFeed: Service {
    /// Deltas that may wait for a channel: 16 s of the busiest organisation.
    private static let queue = 64
    /// Readers of one organisation in one process; a whole company at their screens is less.
    private static let readerLimit = 2000
    private static let checkEvery: Duration = .milliseconds(500)
    /// A quiet channel's turn comes every so many rounds.
    private static let turns = 32

    /// Readers who see the same share a channel, and with it every encoded message.
    private struct Audience: Hashable {
        let org: OrgID
        let visibility: Visibility?
    }

    private struct Entry {
        var readers = 0
        /// Rounds that it was looked at; the first few always, since it may have been opened in the middle of something.
        var rounds = 0
        let channel: OrgChannel
        let subscription: Subscription
        let follower: Task<Void, Never>
    }

    private let store: ResourceStore
    private let bus: any MessageBus
    private let time: any TimeSource
    private let watch: AdmissionWatch
    private var channels: [Audience: Entry] = [:]

    package init(_ database: Database, bus: any MessageBus, watch: AdmissionWatch, time: any TimeSource) {
        store = ResourceStore(database)
        self.bus = bus
        self.watch = watch
        self.time = time
    }

    /// Serves a socket until it closes or may no longer be open.
    func serve(_ socket: Socket, _ request: APIRequest, of org: OrgID, at endpoint: Endpoint) async throws {
        let audience = Audience(org: org, visibility: try request.caller().visibility)
        let channel = try enter(audience)
        RealtimeMetrics.readers.increment()
        defer { RealtimeMetrics.readers.decrement() }
        do {
            try await channel.admit(socket, since: request.query["since"].flatMap(OrgHead.init(resumeID:)))
            try await converse(socket, channel, request, endpoint)
        } catch {
            await channel.remove(socket)
            leave(audience)
            throw error
        }
        await channel.remove(socket)
        leave(audience)
    }

    /// Serves a stream of events until its reader goes.
    func serve(_ stream: EventWriter, _ request: APIRequest, of org: OrgID, at endpoint: Endpoint) async throws {
        let audience = Audience(org: org, visibility: try request.caller().visibility)
        let channel = try enter(audience)
        RealtimeMetrics.readers.increment()
        defer { RealtimeMetrics.readers.decrement() }
        let since = request.headers["last-event-id"] ?? request.query["since"]
        var place: Int?
        do {
            place = try await channel.admit(stream, since: since.flatMap(OrgHead.init(resumeID:)))
            try await watch.stay(request, at: endpoint)
        } catch {
            if let place { await channel.remove(stream: place) }
            leave(audience)
            throw error
        }
    }

    package func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            try? await cancelWhenGracefulShutdown { try await self.time.sleep(for: Self.checkEvery) }
            await verify()
        }
    }

    /// One round: whatever is due is compared with the database.
    func verify() async {
        let isDeaf = !bus.isWhole
        var due: [OrgChannel] = []
        for (audience, entry) in channels {
            let rounds = entry.rounds
            channels[audience]?.rounds += 1
            if isDeaf || rounds < 6 || rounds % Self.turns == 0 { due.append(entry.channel) }
        }
        await withDiscardingTaskGroup { group in
            for channel in due { group.addTask { await channel.verify() } }
        }
    }

    private nonisolated func converse(
        _ socket: Socket, _ channel: OrgChannel, _ request: APIRequest, _ endpoint: Endpoint
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await self.watch.stay(request, at: endpoint) }
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

    private func enter(_ audience: Audience) throws(Problem) -> OrgChannel {
        var entry = channels[audience] ?? open(audience)
        guard entry.readers < Self.readerLimit else { throw .tooManyReaders }
        entry.readers += 1
        channels[audience] = entry
        return entry.channel
    }

    private func open(_ audience: Audience) -> Entry {
        let view = InventoryView(org: audience.org, visibility: audience.visibility, store: store)
        let channel = OrgChannel(view, time: time)
        let subscription = bus.subscribe(to: .deltas(of: audience.org), capacity: Self.queue)
        // Ends with its subscription, which `leave` cancels.
        let follower = Task { for await message in subscription { await channel.hear(message) } }
        return Entry(channel: channel, subscription: subscription, follower: follower)
    }

    private func leave(_ audience: Audience) {
        guard var entry = channels[audience] else { return }
        entry.readers -= 1
        channels[audience] = entry.readers > 0 ? entry : nil
        if entry.readers == 0 { entry.subscription.cancel() }
    }
}
