import NIOCore
import NIOPosix

/// Speaks bytes to a server on this machine, well-formed or not. Every wait ends after ten seconds.
struct RawClient {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private(set) var received: [UInt8] = []
    private(set) var isAtEnd = false

    struct Answer {
        let status: Int
        let headers: [(name: String, value: String)]
        let body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
        subscript(_ name: String) -> String? { headers.first { $0.name == name.lowercased() }?.value }
        func all(_ name: String) -> [String] { headers.filter { $0.name == name.lowercased() }.map(\.value) }
    }

    struct Unexpected: Error, CustomStringConvertible { let description: String }

    /// - Parameters:
    ///   - receiveBuffer: a small one, with `readsByItself` false, makes a reader that takes nothing.
    static func connected<Result: Sendable>(
        to port: Int, receiveBuffer: Int? = nil, readsByItself: Bool = true,
        _ body: @escaping @Sendable (inout RawClient) async throws -> Result
    ) async throws -> Result {
        let channel = try await open(to: port, receiveBuffer: receiveBuffer, readsByItself: readsByItself)
        return try await channel.executeThenClose { inbound, outbound in
            try await withinTenSeconds {
                var client = RawClient(inbound: inbound, outbound: outbound)
                return try await body(&client)
            }
        }
    }

    /// Two clients at once.
    static func pair(
        to port: Int, _ body: @escaping @Sendable (inout RawClient, inout RawClient) async throws -> Void
    ) async throws {
        let (first, second) = (try await open(to: port), try await open(to: port))
        try await first.executeThenClose { firstIn, firstOut in
            try await second.executeThenClose { secondIn, secondOut in
                try await withinTenSeconds {
                    var first = RawClient(inbound: firstIn, outbound: firstOut)
                    var second = RawClient(inbound: secondIn, outbound: secondOut)
                    try await body(&first, &second)
                }
            }
        }
    }

    private static func open(
        to port: Int, receiveBuffer: Int? = nil, readsByItself: Bool = true
    ) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: readsByItself)
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        return try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                    wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
            }
        }
    }

    private static func withinTenSeconds<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: .seconds(10))
                throw Unexpected(description: "no answer within ten seconds")
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    private init(
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>, outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }
    func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }
    func finishSending() { outbound.finish() }

    /// `GET path` with the headers that every request needs.
    func get(_ path: String, _ headers: [String] = []) async throws { try await request("GET", path, headers) }

    func request(_ method: String, _ path: String, _ headers: [String] = [], body: String? = nil) async throws {
        let length = body.map { ["Content-Length: \($0.utf8.count)"] } ?? []
        let lines = ["\(method) \(path) HTTP/1.1", "Host: pulse.test"] + headers + length
        try await send(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
    }

    /// Takes bytes until `enough` finds what it wants at their beginning.
    mutating func receive<Found>(_ enough: ([UInt8]) throws -> (Found, used: Int)?) async throws -> Found {
        while true {
            if let (found, used) = try enough(received) {
                received.removeFirst(used)
                return found
            }
            try await more()
        }
    }

    mutating func more() async throws {
        guard let bytes = try await inbound.next() else {
            isAtEnd = true
            throw Unexpected(
                description: "the server closed after \(String(decoding: received.prefix(300), as: UTF8.self))")
        }
        received += Array(bytes.readableBytesView)
    }

    mutating func waitForEnd() async throws {
        while let bytes = try await inbound.next() { received += Array(bytes.readableBytesView) }
        isAtEnd = true
    }

    /// The next answer, by its length or its chunks.
    mutating func answer(toHead: Bool = false) async throws -> Answer {
        let (status, headers) = try await receive { bytes -> ((Int, [(name: String, value: String)]), used: Int)? in
            guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
            var lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
            let words = lines.isEmpty ? [] : lines.removeFirst().split(separator: " ")
            guard words.count > 1, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
                throw Unexpected(description: "not an answer: \(String(decoding: bytes.prefix(100), as: UTF8.self))")
            }
            let headers = lines.map { line -> (name: String, value: String) in
                let colon = line.firstIndex(of: ":") ?? line.endIndex
                return (line[..<colon].lowercased(), String(line[colon...].dropFirst(2)))
            }
            return ((status, headers), end.upperBound)
        }
        var body: [UInt8] = []
        if let length = headers.first(where: { $0.name == "content-length" }).flatMap({ Int($0.value) }), !toHead {
            body = try await receive { $0.count >= length ? (Array($0.prefix(length)), length) : nil }
        } else if headers.contains(where: { $0.name == "transfer-encoding" }), !toHead {
            while let chunk = try await chunk() { body += chunk }
        }
        return Answer(status: status, headers: headers, body: body)
    }

    /// The next piece of a chunked body; `nil` for the last.
    mutating func chunk() async throws -> [UInt8]? {
        let chunk = try await receive { bytes -> ([UInt8], used: Int)? in
            guard let line = bytes.firstRange(of: Array("\r\n".utf8)),
                let count = Int(String(decoding: bytes[..<line.lowerBound], as: UTF8.self), radix: 16),
                bytes.count >= line.upperBound + count + 2
            else { return nil }
            return (Array(bytes[line.upperBound..<line.upperBound + count]), line.upperBound + count + 2)
        }
        return chunk.isEmpty ? nil : chunk
    }
}
