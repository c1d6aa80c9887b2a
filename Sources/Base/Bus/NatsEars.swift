import CNATS

/// What libnats calls, on its own threads. Each call copies and hands on; none waits.
///
/// libnats keeps a plain pointer to this, and its threads may hold it a moment longer than a connection lives: it is
/// retained for good. A process has one bus, so that is some hundred bytes.
final class NatsEars: Sendable {
    enum Change: Sendable { case up, down, closed, overrun }

    let onMessage: @Sendable ([UInt8], Subject) -> Void
    let onLink: @Sendable (Change) -> Void

    init(
        onMessage: @escaping @Sendable ([UInt8], Subject) -> Void, onLink: @escaping @Sendable (Change) -> Void
    ) {
        self.onMessage = onMessage
        self.onLink = onLink
        _ = Unmanaged.passRetained(self)
    }

    var pointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    private static func ears(_ pointer: UnsafeMutableRawPointer?) -> NatsEars? {
        pointer.map { Unmanaged<NatsEars>.fromOpaque($0).takeUnretainedValue() }
    }

    static let heard: natsMsgHandler = { _, _, message, closure in
        defer { natsMsg_Destroy(message) }
        guard let subject = natsMsg_GetSubject(message) else { return }
        let count = Int(natsMsg_GetDataLength(message))
        let bytes = natsMsg_GetData(message).map { data in
            data.withMemoryRebound(to: UInt8.self, capacity: count) {
                Array(UnsafeBufferPointer(start: $0, count: count))
            }
        }
        NatsEars.ears(closure)?.onMessage(bytes ?? [], Subject(text: String(cString: subject)))
    }

    static let connected: natsConnectionHandler = { _, closure in NatsEars.ears(closure)?.onLink(.up) }
    static let disconnected: natsConnectionHandler = { _, closure in NatsEars.ears(closure)?.onLink(.down) }
    static let closed: natsConnectionHandler = { _, closure in NatsEars.ears(closure)?.onLink(.closed) }
    static let failed: natsErrHandler = { _, _, status, closure in
        // The subscription's queue in libnats was full: somebody has missed something.
        if status == NATS_SLOW_CONSUMER { NatsEars.ears(closure)?.onLink(.overrun) }
    }
}
