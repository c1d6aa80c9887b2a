import Kernel
import NIOCore
import NIOHTTP1
import NIOPosix

extension HTTPConnection {
    /// Writes the answer, or its head and then what the task makes of its body.
    func send(_ answer: APIResponse, for opening: Opening, _ context: ChannelHandlerContext) {
        var response = answer
        responder.finish(&response, opening)
        if head?.isKeepAlive != true || isDraining { closesAfterAnswer = true }
        sentStatus = response.status
        sentBytes = 0
        phase = .sending(opening)
        let hasBody = !opening.isHead && response.status != 204 && response.status != 304
        context.write(wrapOutboundOut(.head(responseHead(for: response, hasBody: hasBody))), promise: nil)
        switch response.body {
        case .bytes(let bytes) where hasBody:
            sentBytes = bytes.count
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
            end(opening, context)
        case .stream(let produce) where hasBody:
            context.flush()
            startStream(opening, context, produce)
        case .file(let path, let byteCount) where hasBody:
            context.flush()
            startStream(opening, context) { writer in
                try await FileSender(path: path, byteCount: byteCount).send(to: writer)
            }
        default: end(opening, context)
        }
    }

    private func end(_ opening: Opening, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        finishAnswer(opening, context)
    }

    private func responseHead(for response: APIResponse, hasBody: Bool) -> HTTPResponseHead {
        var headers = response.headers.withoutLineBreaks
        switch response.body {
        case _ where response.status == 204 || response.status == 304: break
        case .empty: headers.replaceOrAdd(name: "content-length", value: "0")
        case .bytes(let bytes): headers.replaceOrAdd(name: "content-length", value: "\(bytes.count)")
        case .file(_, let byteCount): headers.replaceOrAdd(name: "content-length", value: "\(byteCount)")
        // The encoder ends what says it is chunked with a last chunk, which an answer to HEAD must not have.
        case .stream where !hasBody: break
        case .stream where head?.version == .http1_0: closesAfterAnswer = true
        case .stream: headers.replaceOrAdd(name: "transfer-encoding", value: "chunked")
        }
        headers.add(name: "date", value: HTTPDate.now)
        if closesAfterAnswer {
            headers.replaceOrAdd(name: "connection", value: "close")
        } else if head?.version == .http1_0 {
            headers.replaceOrAdd(name: "connection", value: "keep-alive")
        }
        return HTTPResponseHead(
            version: head?.version ?? .http1_1, status: .init(statusCode: response.status), headers: headers)
    }

    // MARK: Streams

    private func startStream(
        _ opening: Opening, _ context: ChannelHandlerContext,
        _ produce: @escaping @Sendable (BodyWriter) async throws -> Void
    ) {
        setDeadline(in: responder.settings.writeTimeout)
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let ticket = ticket
        let writer = BodyWriter { bytes in
            try Task.checkCancellation()
            try await eventLoop.flatSubmit { bound.value.write(bytes, ticket: ticket, on: eventLoop) }.get()
        }
        task = Task {
            let isWhole: Bool
            do {
                try await produce(writer)
                isWhole = true
            } catch {
                isWhole = false
            }
            eventLoop.execute { bound.value.endStream(opening, ticket: ticket, isWhole: isWhole) }
        }
    }

    /// Done at once while the send buffer has room, else when it has again.
    private func write(_ bytes: [UInt8], ticket: Int, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        guard ticket == self.ticket, case .sending = phase, let context else {
            return eventLoop.makeFailedFuture(CancellationError())
        }
        sentBytes += bytes.count
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        if context.channel.isWritable { return eventLoop.makeSucceededVoidFuture() }
        let promise = eventLoop.makePromise(of: Void.self)
        waitingWriters.append(promise)
        return promise.futureResult
    }

    /// A body that stops in the middle must not look whole: the connection is cut instead of ended. A stream of events
    /// that a shutdown stops is whole.
    private func endStream(_ opening: Opening, ticket: Int, isWhole: Bool) {
        guard ticket == self.ticket, case .sending = phase, let context else { return }
        if isWhole || (isDraining && opening.isEndless) { end(opening, context) } else { close(context) }
    }
}

/// Reads a file in pieces, off the cooperative threads, while it is sent.
struct FileSender {
    let path: String
    let byteCount: Int
    private static let pieceBytes = 128 * 1024

    func send(to writer: BodyWriter) async throws {
        let handle = try await NIOThreadPool.singleton.runIfActive { [path] in
            try ReadableFile(path: path)
        }
        var left = byteCount
        while left > 0 {
            let count = min(left, Self.pieceBytes)
            let bytes = try await NIOThreadPool.singleton.runIfActive { try handle.read(count) }
            guard !bytes.isEmpty else { throw FileShrank() }
            left -= bytes.count
            try await writer.write(bytes)
        }
    }

    struct FileShrank: Error {}
}
