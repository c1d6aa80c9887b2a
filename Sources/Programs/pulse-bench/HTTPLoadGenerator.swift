import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// The other side of `http`: 64 connections, each asking again as soon as it is answered. Prints answers per second, or
/// nothing when an answer was not 200.
struct HTTPLoadGenerator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "http-load", shouldDisplay: false)
    private static let connections = 64

    @Option var port: Int
    @Option var path: String
    @Option var seconds: Int

    func run() async throws {
        let cookie = ProcessInfo.processInfo.environment["PULSE_BENCH_COOKIE"] ?? ""
        let request = ByteBuffer(
            string: "GET \(path) HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nCookie: \(cookie)\r\n\r\n")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, System.coreCount / 2))
        let until = NIODeadline.now() + .seconds(Int64(seconds))
        let start = ContinuousClock.now
        let answers = try await withThrowingTaskGroup(of: Int.self) { tasks in
            for _ in 0..<Self.connections {
                tasks.addTask { [port] in
                    let done = group.any().makePromise(of: Int.self)
                    _ = try await ClientBootstrap(group: group)
                        .channelInitializer { channel in
                            channel.eventLoop.makeCompletedFuture {
                                try channel.pipeline.syncOperations.addHandler(
                                    Asker(request: request, until: until, done: done))
                            }
                        }
                        .connect(host: "127.0.0.1", port: port).get()
                    return try await done.futureResult.get()
                }
            }
            return try await tasks.reduce(0, +)
        }
        print(Double(answers) / (ContinuousClock.now - start).inSeconds)
    }

    private struct NotAsExpected: Error {}

    /// All answers of a run are equally long (only ids and times in them differ), so bytes are counted rather than parsed.
    private final class Asker: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let request: ByteBuffer
        private let until: NIODeadline
        private var done: EventLoopPromise<Int>?
        private var inbox = ByteBuffer()
        private var answerBytes: Int?
        private var answers = 0

        init(request: ByteBuffer, until: NIODeadline, done: EventLoopPromise<Int>) {
            self.request = request
            self.until = until
            self.done = done
        }

        func channelActive(context: ChannelHandlerContext) { ask(context) }

        private func ask(_ context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(request), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            inbox.writeBuffer(&bytes)
            guard let length = answerBytes ?? Self.length(of: inbox), inbox.readableBytes >= length else { return }
            answerBytes = length
            guard inbox.readString(length: 12) == "HTTP/1.1 200", inbox.readableBytes == length - 12 else {
                return finish(.failure(NotAsExpected()), context)
            }
            inbox.clear()
            answers += 1
            if NIODeadline.now() < until { ask(context) } else { finish(.success(answers), context) }
        }

        /// Of the first answer, by its head.
        private static func length(of bytes: ByteBuffer) -> Int? {
            let text = String(buffer: bytes)
            guard let end = text.range(of: "\r\n\r\n"), let name = text.range(of: "content-length: ") else {
                return nil
            }
            let digits = text[name.upperBound...].prefix { $0.isNumber }
            return text[..<end.upperBound].utf8.count + (Int(digits) ?? 0)
        }

        private func finish(_ result: Result<Int, any Error>, _ context: ChannelHandlerContext) {
            done?.completeWith(result)
            done = nil
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { finish(.failure(NotAsExpected()), context) }
    }
}
