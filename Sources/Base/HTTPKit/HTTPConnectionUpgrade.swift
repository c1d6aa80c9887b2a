import Kernel
import NIOCore
import NIOHTTP1

extension HTTPConnection {
    /// Turns the connection into a WebSocket when that was asked for at such an endpoint.
    /// - Returns: false when the request is an ordinary one.
    func upgrade(_ opening: Opening, _ context: ChannelHandlerContext) -> Bool {
        guard case .endpoint(let endpoint) = opening.target, let serve = endpoint.serve else { return false }
        do {
            let handshake = try responder.welcome(opening.request, at: endpoint)
            open(handshake, opening, context) { [responder] socket in
                await responder.serve(socket, opening, at: endpoint, serve)
            }
        } catch {
            send(responder.explain(error, opening), for: opening, context)
        }
        return true
    }

    /// Writes 101 and exchanges the HTTP handlers for the socket's. The parser goes last: it has stopped at the
    /// handshake and hands what came behind it to the socket.
    private func open(
        _ handshake: SocketHandshake, _ opening: Opening, _ context: ChannelHandlerContext,
        _ serve: @escaping @Sendable (Socket) async -> Void
    ) {
        var head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: handshake.headers.fields)
        head.headers.add(name: "x-request-id", value: opening.request.id)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        responder.answered(opening, status: 101, bytes: 0, after: .nanoseconds((.now() - startedAt).nanoseconds))
        let (handler, socket) = SocketHandler.make(
            on: context.channel, limits: responder.settings.socket, deflates: handshake.deflates)
        phase = .done
        let task = Task { await serve(socket) }
        self.task = task
        do {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(handler, position: .after(self))
            handler.whenClosed { task.cancel() }
            for name in [PipelineName.encoder, .watch, .connection, .parser] {
                pipeline.removeHandler(name: name.rawValue).assumeIsolated().whenFailure { _ in
                    context.close(promise: nil)
                }
            }
        } catch {
            context.close(promise: nil)
        }
    }
}

/// The HTTP handlers of a connection, by the names they have in its pipeline.
enum PipelineName: String { case encoder, parser, watch, connection }
