import Kernel
import NIOConcurrencyHelpers

/// Server-sent events to one reader. Sending never waits: what the reader does not take is kept up to the bounds, then
/// the stream ends, and the reader comes back with `Last-Event-ID`.
package final class EventWriter: Sendable {
    /// The reader does not keep up; the stream has ended.
    package struct SlowReader: Error {}

    private let maxQueuedBytes: Int
    private let queued = NIOLockedValueBox(0)
    private let continuation: AsyncStream<[UInt8]>.Continuation
    let pieces: AsyncStream<[UInt8]>

    init(maxQueuedBytes: Int, maxQueuedEvents: Int) {
        self.maxQueuedBytes = maxQueuedBytes
        (pieces, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(maxQueuedEvents))
    }

    /// - Parameters:
    ///   - id: what the reader sends back as `Last-Event-ID`; one line.
    ///   - event: the event's type; one line.
    ///   - data: UTF-8 of any number of lines.
    package func send(id: String? = nil, event: String? = nil, data: [UInt8]) throws(SlowReader) {
        try enqueue(Self.encoded(id: id, event: event, data: data))
    }

    /// Tells the reader how long to wait before it comes back.
    package func send(retry: Duration) throws(SlowReader) {
        try enqueue(Array("retry: \(retry.milliseconds)\n\n".utf8))
    }

    func sendHeartbeat() throws(SlowReader) { try enqueue(Array(":\n\n".utf8)) }

    package func finish() { continuation.finish() }

    func wasWritten(_ bytes: Int) { queued.withLockedValue { $0 -= bytes } }

    private func enqueue(_ bytes: [UInt8]) throws(SlowReader) {
        let fits = queued.withLockedValue { queued in
            // One event may be larger than the whole bound, or a large state could never be sent.
            guard queued == 0 || queued + bytes.count <= maxQueuedBytes else { return false }
            queued += bytes.count
            return true
        }
        guard fits, case .enqueued = continuation.yield(bytes) else {
            continuation.finish()
            throw SlowReader()
        }
    }

    static func encoded(id: String?, event: String?, data: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(data.count + 64)
        for (name, value) in [("id", id), ("event", event)] {
            guard let value else { continue }
            bytes += "\(name): ".utf8
            bytes += value.utf8.filter { $0 != 10 && $0 != 13 && $0 != 0 }
            bytes.append(10)
        }
        for line in data.filter({ $0 != 13 }).split(separator: 10, omittingEmptySubsequences: false) {
            bytes += "data: ".utf8
            bytes += line
            bytes.append(10)
        }
        bytes.append(10)
        return bytes
    }
}

extension APIResponse {
    /// A stream of events, for endpoints of kind `stream`. Ends when `produce` returns or throws, when the reader goes or
    /// falls behind, or when the server shuts down; `produce` is cancelled then.
    /// - Parameter heartbeat: a comment this often keeps proxies from closing a silent stream.
    package static func events(
        heartbeat: Duration = .seconds(15), maxQueuedBytes: Int = 1024 * 1024, maxQueuedEvents: Int = 256,
        _ produce: @escaping @Sendable (EventWriter) async throws -> Void
    ) -> APIResponse {
        let headers: Headers = [
            "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no",
        ]
        return APIResponse(
            headers: headers,
            body: .stream { body in
                let events = EventWriter(maxQueuedBytes: maxQueuedBytes, maxQueuedEvents: maxQueuedEvents)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    defer { group.cancelAll() }
                    group.addTask {
                        defer { events.finish() }
                        try await produce(events)
                    }
                    group.addTask {
                        while true {
                            try await Task.sleep(for: heartbeat)
                            try events.sendHeartbeat()
                        }
                    }
                    for await bytes in events.pieces {
                        try await body.write(bytes)
                        events.wasWritten(bytes.count)
                    }
                }
            })
    }
}
