import Kernel
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// HTTP/1.1 over one event loop: connections are kept between reports, certificates checked as `TLSChoice` says. Leaner
/// than a general client by half of the agent's memory budget.
package final class HTTPTransport: Transport {
    private static let answerTimeout = TimeAmount.seconds(15)
    private static let connectTimeout = TimeAmount.seconds(10)

    private let server: ServerAddress
    private let tls: ServerTLS?
    private let group: MultiThreadedEventLoopGroup
    private let idle = NIOLockedValueBox<[any Channel]>([])

    package init(to server: ServerAddress, tls choice: TLSChoice = TLSChoice()) throws(AgentError) {
        self.server = server
        tls = server.isSecure ? try ServerTLS(server, choice) : nil
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    package func shutdown() async { try? await group.shutdownGracefully() }

    package func post(_ post: Post) async throws(TransportError) -> Answer {
        if let channel = takeIdle() {
            do throws(TransportError) {
                return try await exchange(post, on: channel)
            } catch  where error.kind == .connectionLost && !Task.isCancelled {
                // The server closed it in the meantime: that says nothing about the server.
            }
        }
        return try await exchange(post, on: connect())
    }

    private func takeIdle() -> (any Channel)? {
        idle.withLockedValue { channels in
            channels.removeAll { !$0.isActive }
            return channels.popLast()
        }
    }

    private func exchange(_ post: Post, on channel: any Channel) async throws(TransportError) -> Answer {
        let promise = channel.eventLoop.makePromise(of: (Answer, Bool).self)
        let exchange = HTTPExchange(head: head(of: post), body: post.body, promise: promise)
        let written = channel.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenFailure { _ in
            promise.fail(TransportError("the connection is gone", .connectionLost))
        }
        channel.writeAndFlush(exchange, promise: written)
        let timeout = channel.eventLoop.scheduleTask(in: Self.answerTimeout) {
            promise.fail(TransportError("no answer from \(self.server) within 15 seconds"))
        }
        do {
            let (answer, isReusable) = try await withTaskCancellationHandler {
                try await promise.futureResult.get()
            } onCancel: {
                channel.close(promise: nil)
            }
            timeout.cancel()
            if isReusable {
                idle.withLockedValue { $0.append(channel) }
            } else {
                channel.close(promise: nil)
            }
            return answer
        } catch {
            timeout.cancel()
            channel.close(promise: nil)
            throw (error as? TransportError) ?? TransportError("\(server): \(error)")
        }
    }

    private func head(of post: Post) -> HTTPRequestHead {
        var headers = HTTPHeaders()
        headers.add(name: "Host", value: server.authority)
        headers.add(name: "User-Agent", value: AgentRelease.userAgent)
        headers.add(name: "Authorization", value: "Bearer \(post.token.reveal())")
        headers.add(name: "X-API-Token", value: post.token.reveal())
        headers.add(name: "Content-Type", value: "application/json")
        if post.isGzipped { headers.add(name: "Content-Encoding", value: "gzip") }
        headers.add(name: "Content-Length", value: "\(post.body.count)")
        return HTTPRequestHead(version: .http1_1, method: .POST, uri: server.basePath + post.path, headers: headers)
    }

    /// A connection that is up, certificate checked.
    private func connect() async throws(TransportError) -> any Channel {
        let (channel, ready) = try await connectSocket()
        let timeout = channel.eventLoop.scheduleTask(in: Self.connectTimeout) {
            ready.fail(TransportError("\(self.server) does not finish the TLS handshake"))
        }
        defer { timeout.cancel() }
        do {
            try await withTaskCancellationHandler {
                try await ready.futureResult.get()
            } onCancel: {
                channel.close(promise: nil)
            }
            return channel
        } catch {
            channel.close(promise: nil)
            throw (error as? TransportError) ?? TransportError("\(server): \(error)")
        }
    }

    /// One promise per socket: of several addresses that are tried, only the winner's counts.
    private func connectSocket() async throws(TransportError) -> (any Channel, EventLoopPromise<Void>) {
        do {
            return try await ClientBootstrap(group: group)
                .connectTimeout(Self.connectTimeout)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: server.host, port: server.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let ready = channel.eventLoop.makePromise(of: Void.self)
                        let handler = HTTPExchangeHandler(isSecure: self.server.isSecure, ready: ready)
                        let pipeline = channel.pipeline.syncOperations
                        do {
                            if let tls = self.tls { try pipeline.addHandler(try tls.handler()) }
                            try pipeline.addHandler(HTTPRequestEncoder())
                            try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder()))
                            try pipeline.addHandler(handler)
                        } catch {
                            ready.fail(error)
                            throw error
                        }
                        return (channel, ready)
                    }
                }
        } catch {
            throw TransportError("\(server) cannot be reached: \(error)")
        }
    }
}
