import NIOConcurrencyHelpers
import NIOCore

/// Sockets that get the same frames. A frame is handed over once for each event loop, not once for each socket, and
/// every socket writes the same bytes: 2,000 readers of a 10 KB frame share one buffer.
package final class SocketGroup: Sendable {
    /// The members that live on one event loop; touched only there.
    private struct Lane: Sendable {
        let eventLoop: any EventLoop
        let sockets: NIOLoopBoundBox<[ObjectIdentifier: Socket]>
    }

    private struct Membership {
        var count = 0
        var deflating = 0
    }

    private let lanes = NIOLockedValueBox<[ObjectIdentifier: Lane]>([:])
    private let membership = NIOLockedValueBox(Membership())

    package init() {}

    /// How many sockets are in, about: joining and leaving take a moment.
    package var count: Int { membership.withLockedValue { $0.count } }

    /// Lets a socket in. It gets `first`, then every frame sent after this call, and leaves when it closes.
    package func add(_ socket: Socket, first: [SocketFrame] = []) {
        let lane = lane(for: socket.eventLoop)
        lane.eventLoop.execute { [self] in
            for frame in first { socket.onLoopHandler.send(frame) }
            guard socket.isActive, lane.sockets.value.updateValue(socket, forKey: ObjectIdentifier(socket)) == nil
            else { return }
            count(socket, 1)
            socket.onLoopHandler.whenClosed { [weak self] in self?.remove(socket) }
        }
    }

    package func remove(_ socket: Socket) {
        let lane = lane(for: socket.eventLoop)
        lane.eventLoop.execute { [self] in
            if lane.sockets.value.removeValue(forKey: ObjectIdentifier(socket)) != nil { count(socket, -1) }
        }
    }

    /// Frames sent by one task arrive in that order.
    package func send(_ frame: SocketFrame) {
        // Deflated here, once, rather than on the first event loop that needs it.
        if membership.withLockedValue({ $0.deflating > 0 }) { frame.deflate() }
        everywhere { $0.send(frame) }
    }

    package func close(_ code: SocketCloseCode, _ reason: String = "") { everywhere { $0.close(code, reason) } }

    private func everywhere(_ action: @escaping @Sendable (SocketHandler) -> Void) {
        for lane in lanes.withLockedValue({ Array($0.values) }) {
            lane.eventLoop.execute {
                for socket in lane.sockets.value.values { action(socket.onLoopHandler) }
            }
        }
    }

    private func count(_ socket: Socket, _ step: Int) {
        membership.withLockedValue {
            $0.count += step
            if socket.deflates { $0.deflating += step }
        }
    }

    private func lane(for eventLoop: any EventLoop) -> Lane {
        lanes.withLockedValue { lanes in
            let key = ObjectIdentifier(eventLoop)
            if let lane = lanes[key] { return lane }
            let lane = Lane(eventLoop: eventLoop, sockets: .makeBoxSendingValue([:], eventLoop: eventLoop))
            lanes[key] = lane
            return lane
        }
    }
}
