import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The first to see a connection: by the local address it is told which cluster and node were meant, and whether they
/// answer at all. Then it builds the rest of the pipeline and goes.
final class Door: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let world: World
    /// Set where a port stands for a cluster.
    private let cluster: Int?

    init(_ world: World, cluster: Int?) {
        self.world = world
        self.cluster = cluster
    }

    func channelActive(context: ChannelHandlerContext) {
        let local = context.channel.localAddress?.ipAddress ?? ""
        // Bound to every address, since 127/8 cannot be bound as a whole: whoever is not of it is turned away here.
        if world.options.listen == "127.0.0.1", !local.hasPrefix("127.") { return refuse(context) }
        let place = self.place(local)
        world.counters.withLockedValue { counters in
            counters.accepted += 1
            counters.open += 1
        }
        let world = world
        context.channel.closeFuture.whenComplete { _ in world.counters.withLockedValue { $0.open -= 1 } }
        let fault = world.fault(cluster: place.cluster, node: place.node)
        switch fault?.mode {
        case .refuse: return refuse(context)
        // Nobody behind it: what is sent is read and forgotten.
        case .silent: return context.fireChannelActive()
        default: break
        }
        guard world.isUp(cluster: place.cluster, node: place.node) else { return refuse(context) }
        do {
            let (certificate, tls) = try world.certificate(cluster: place.cluster, number: fault?.certificate ?? 0)
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(NIOSSLServerHandler(context: tls))
            try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: true, withErrorHandling: true)
            try pipeline.addHandler(
                Exchange(world, cluster: place.cluster, node: place.node, fingerprint: certificate.fingerprint))
            context.fireChannelActive()
            pipeline.removeHandler(self, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func place(_ local: String) -> (cluster: Int, node: Int) {
        if let found = world.book.find(local), cluster == nil || cluster == found.cluster { return found }
        // Behind a forwarded port or another address: the first node that is there answers for its cluster.
        let cluster = cluster ?? 0
        return (cluster, world.scene(of: cluster).nodes.firstIndex { $0.isOnline } ?? 0)
    }

    /// A reset instead of a goodbye: to the client the port looks shut.
    private func refuse(_ context: ChannelHandlerContext) {
        if let socket = context.channel as? any SocketOptionProvider {
            socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in }
        }
        context.close(promise: nil)
    }
}
