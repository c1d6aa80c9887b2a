package import NIOCore
import NIOHTTP1
import NIOPosix

/// HTTP/1.1 over a unix socket, one connection a question: next to what the engine does for an answer a local connection
/// costs nothing, and none is left in a state that a broken answer put it in.
package struct EngineSocket: EngineAPI {
    private let address: @Sendable () -> EngineAddress?
    private let group: any EventLoopGroup

    /// - Parameter address: asked for each question: an engine may be installed, or moved, while the agent runs.
    package init(
        group: any EventLoopGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1),
        address: @escaping @Sendable () -> EngineAddress?
    ) {
        self.address = address
        self.group = group
    }

    package func get(_ path: String, limit: Int, timeout: Duration) async throws(EngineFault) -> [UInt8] {
        guard let address = address() else { throw EngineFault(.unreachable, "no engine's socket is there") }
        let loop = group.next()
        let answer = loop.makePromise(of: [UInt8].self)
        let time = TimeAmount.nanoseconds(
            timeout.components.seconds * 1_000_000_000 + timeout.components.attoseconds / 1_000_000_000)
        let clock = loop.scheduleTask(in: time) {
            answer.fail(EngineFault(.timeout, "the engine did not answer in time"))
        }
        defer { clock.cancel() }
        connect(to: address, on: loop, asking: path, limit: limit, time: time, answer)
        do {
            return try await withTaskCancellationHandler {
                try await answer.futureResult.get()
            } onCancel: {
                answer.fail(EngineFault(.timeout, "the question was given up"))
            }
        } catch {
            throw (error as? EngineFault) ?? EngineFault(.unreachable, "the engine cannot be reached")
        }
    }

    private func connect(
        to address: EngineAddress, on loop: any EventLoop, asking path: String, limit: Int, time: TimeAmount,
        _ answer: EventLoopPromise<[UInt8]>
    ) {
        ClientBootstrap(group: loop)
            .connectTimeout(time)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(HTTPRequestEncoder())
                    try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder()))
                    try pipeline.addHandler(EngineExchange(path: path, limit: limit, answer: answer))
                }
            }
            .connect(unixDomainSocketPath: address.path)
            .whenComplete { result in
                switch result {
                // Answered, refused, too late or given up: the connection has done its work.
                case .success(let channel): answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
                case .failure(let error): answer.fail(Self.fault(error))
                }
            }
    }

    private static func fault(_ error: any Error) -> EngineFault {
        switch (error as? IOError)?.errnoCode {
        case EACCES, EPERM:
            EngineFault(.permission, "the agent may not open the engine's socket (add it to the socket's group)")
        case ENOENT: EngineFault(.unreachable, "the engine's socket is not there")
        case ECONNREFUSED: EngineFault(.unreachable, "nobody listens at the engine's socket")
        default: EngineFault(.unreachable, "the engine cannot be reached")
        }
    }
}

/// One question and its answer.
private final class EngineExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let path: String
    private let limit: Int
    private let answer: EventLoopPromise<[UInt8]>
    private var status: HTTPResponseStatus?
    private var body: [UInt8] = []

    init(path: String, limit: Int, answer: EventLoopPromise<[UInt8]>) {
        self.path = path
        self.limit = limit
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        let headers: HTTPHeaders = ["Host": "engine", "Connection": "close", "User-Agent": "pulse-agent"]
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard head.status.code >= 200 else { return }
            status = head.status
            if let told = head.headers.first(name: "content-length").flatMap({ Int($0) }), told > limit {
                return end(EngineFault(.tooLarge, "the engine's answer is larger than \(limit) bytes"), context)
            }
            if head.status != .ok { end(Self.fault(head.status), context) }
        case .body(let part):
            guard body.count + part.readableBytes <= limit else {
                return end(EngineFault(.tooLarge, "the engine's answer is larger than \(limit) bytes"), context)
            }
            body.append(contentsOf: part.readableBytesView)
        case .end:
            guard status != nil else { return }
            answer.succeed(body)
            body = []
        }
    }

    private static func fault(_ status: HTTPResponseStatus) -> EngineFault {
        switch status.code {
        case 401, 403: EngineFault(.permission, "the engine refuses this question (\(status.code))")
        case 404: EngineFault(.unsupported, "the engine does not know this question (404)")
        case 500...: EngineFault(.serverError, "the engine has failed (\(status.code))")
        default: EngineFault(.badAnswer, "the engine answers with \(status.code)")
        }
    }

    private func end(_ fault: EngineFault, _ context: ChannelHandlerContext) {
        answer.fail(fault)
        body = []
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let isHTTP = error is HTTPParserError
        end(
            EngineFault(
                isHTTP ? .badAnswer : .unreachable,
                isHTTP ? "what listens at the socket does not speak HTTP" : "the connection to the engine broke"),
            context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.fail(EngineFault(.unreachable, "the engine closed the connection before its answer was whole"))
        context.fireChannelInactive()
    }
}
