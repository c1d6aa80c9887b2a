import Glibc
import JSONKit
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A running estate: its doors and its control room.
package final class EstateServer: Sendable {
    package let connections: [EstateConnection]
    package let port: Int
    /// Where faults and events are set, plain HTTP on the loopback.
    package let adminPort: Int

    let world: World
    private let group: MultiThreadedEventLoopGroup
    /// The control room's own thread: the truth of thousands of clusters takes seconds, and polls must not wait for it.
    private let control: MultiThreadedEventLoopGroup
    private let channels: [any Channel]

    /// - Throws: `EstateError` with a sentence for the person at the terminal.
    package static func start(_ options: EstateOptions) async throws -> EstateServer {
        raiseFileLimit()
        let world = try World(options)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, min(4, System.coreCount)))
        let control = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var channels: [any Channel] = []
        do {
            let host = options.listen == "127.0.0.1" ? "0.0.0.0" : options.listen
            let main = try await listen(host, options.port, group) { Door(world, cluster: nil) }
            channels.append(main)
            let port = main.localAddress?.port ?? options.port
            var clusterPorts: [Int] = []
            for cluster in options.listensPerCluster ? Array(world.plans.indices) : [] {
                let wanted = options.port == 0 ? 0 : options.port + 1 + cluster
                let channel = try await listen(host, wanted, group) { Door(world, cluster: cluster) }
                channels.append(channel)
                clusterPorts.append(channel.localAddress?.port ?? wanted)
            }
            let connections = try world.plans.indices.map { cluster in
                try world.connection(
                    cluster, port: port, clusterPort: clusterPorts.isEmpty ? nil : clusterPorts[cluster])
            }
            let admin = try await ControlRoom.listen(options.adminPort, world, connections, control)
            channels.append(admin)
            return EstateServer(
                world: world, group: group, control: control, channels: channels, connections: connections, port: port,
                adminPort: admin.localAddress?.port ?? options.adminPort)
        } catch {
            for channel in channels { try? await channel.close() }
            try? await group.shutdownGracefully()
            try? await control.shutdownGracefully()
            throw error
        }
    }

    private init(
        world: World, group: MultiThreadedEventLoopGroup, control: MultiThreadedEventLoopGroup,
        channels: [any Channel], connections: [EstateConnection], port: Int, adminPort: Int
    ) {
        self.world = world
        self.group = group
        self.control = control
        self.channels = channels
        self.connections = connections
        self.port = port
        self.adminPort = adminPort
    }

    /// The estate's time, Unix seconds.
    package var now: Double { world.clock.now }

    /// - Parameter selector: `*`, `o1c1` or `o1c1/west-2`; `nil` as fault heals.
    package func set(_ fault: Fault?, at selector: String) throws { try world.set(fault, at: Selector(selector)) }

    package func force(_ event: ForcedEvent, in cluster: String) throws {
        try world.force(event, in: world.index(of: cluster))
    }

    package func advance(by seconds: Double) { world.clock.advance(by: seconds) }

    /// The longest time between two questions for each cluster's inventory since they were counted anew, in seconds; one
    /// that is open counts too.
    package var widestGaps: [String: Double] {
        let (diary, now) = (world.diary.withLockedValue { $0 }, World.uptime)
        return Dictionary(
            uniqueKeysWithValues: diary.entries.map { cluster, entry in
                (world.plans[cluster].label, diary.widestGap(of: entry, at: now))
            })
    }

    package func countPollsAnew() { world.diary.withLockedValue { $0.beginAnew() } }

    /// Closes every door; connections that are open go with their event loops.
    package func stop() async throws {
        for channel in channels { try? await channel.close() }
        try await group.shutdownGracefully()
        try await control.shutdownGracefully()
    }

    private static func listen(
        _ host: String, _ port: Int, _ group: MultiThreadedEventLoopGroup, _ door: @escaping @Sendable () -> Door
    ) async throws -> any Channel {
        do {
            return try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 4096)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(door()) }
                }
                .bind(host: host, port: port).get()
        } catch {
            throw EstateError("cannot listen on \(host):\(port): \(error)")
        }
    }

    /// Thousands of connections are more files than the usual soft limit of 1,024.
    private static func raiseFileLimit() {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return }
        limits.rlim_cur = limits.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    }
}
