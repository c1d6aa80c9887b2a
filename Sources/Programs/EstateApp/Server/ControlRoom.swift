import Foundation
import JSONKit
import Kernel
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// The admin endpoint: what is served, what is broken, what happens. Plain HTTP, on the loopback and nowhere else.
struct ControlRoom: Sendable {
    let world: World
    let connections: [EstateConnection]

    static func listen(
        _ port: Int, _ world: World, _ connections: [EstateConnection], _ group: MultiThreadedEventLoopGroup
    ) async throws -> any Channel {
        let room = ControlRoom(world: world, connections: connections)
        do {
            return try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                        try pipeline.addHandler(ControlDesk(room))
                    }
                }
                .bind(host: "127.0.0.1", port: port).get()
        } catch {
            throw EstateError("cannot listen on 127.0.0.1:\(port) for the admin endpoint: \(error)")
        }
    }

    /// Of the year 9000, in seconds since 1970: what is said of times has four digits for the year.
    private static let endOfTime = 221_845_392_000.0

    func answer(_ request: FaceRequest) -> FaceReply {
        let (path, query) = request.pathAndQuery
        do {
            switch (request.method, path) {
            case ("GET", "/clusters"):
                return json { $0.array("clusters") { json in for one in connections { one.encode(to: &json) } } }
            case ("GET", "/stats"): return stats()
            case ("GET", "/polls"): return polls()
            case ("DELETE", "/polls"): world.diary.withLockedValue { $0.beginAnew() }
            case ("GET", "/truth"):
                return FaceReply(headers: [("Content-Type", "application/jsonl")], body: truth())
            case ("POST", "/faults"): try setFault(body(of: request))
            case ("DELETE", "/faults"):
                if let selector = FormText.parse(query)["select"] {
                    try world.set(nil, at: Selector(selector))
                } else {
                    world.removeFaults()
                }
            case ("POST", "/events"): try force(body(of: request))
            case ("POST", "/clock"):
                guard let seconds = try body(of: request)["advanceSeconds"]?.double, seconds >= 0,
                    world.clock.now + seconds < Self.endOfTime
                else {
                    throw EstateError(
                        "advanceSeconds wants a number of seconds from 0 to the year 9000")
                }
                world.clock.advance(by: seconds)
            default: return refusal(404, "there is no \(request.method) \(path)")
            }
            return json { $0.member("ok", true) }
        } catch {
            let text = "\(error)"
            return refusal(text.contains("there is no cluster") || text.contains(" has no ") ? 404 : 400, text)
        }
    }

    private func setFault(_ members: [String: JSONValue]) throws {
        guard let selector = members["select"]?.string else {
            throw EstateError("select is missing: *, o1c1 or o1c1/NODE")
        }
        var fault = Fault()
        for (knob, value) in members where knob != "select" {
            try fault.set(knob, value.string ?? value.int.map { "\($0)" } ?? value.double.map { "\($0)" } ?? "")
        }
        try world.set(fault, at: Selector(selector))
    }

    private func force(_ members: [String: JSONValue]) throws {
        guard let label = members["cluster"]?.string else { throw EstateError("cluster is missing") }
        let cluster = try world.index(of: label)
        func vmid() throws(EstateError) -> Int {
            guard let vmid = members["vmid"]?.int else { throw EstateError("vmid is missing") }
            return vmid
        }
        func name() throws(EstateError) -> String {
            guard let name = members["name"]?.string, !name.isEmpty else { throw EstateError("name is missing") }
            return name
        }
        func node() throws(EstateError) -> Int {
            guard let node = members["node"]?.string else { throw EstateError("node is missing") }
            return try world.index(ofNode: node, in: cluster)
        }
        let event: ForcedEvent =
            switch members["event"]?.string ?? "" {
            case "migrate": .migrate(vmid: try vmid(), toNode: try node())
            case "stop": .stop(vmid: try vmid())
            case "start": .start(vmid: try vmid())
            case "reboot": .reboot(vmid: try vmid())
            case "rename": .rename(vmid: try vmid(), name: try name())
            case "delete": .delete(vmid: try vmid())
            case "stopNode": .stopNode(try node())
            case "startNode": .startNode(try node())
            case "renameNode": .renameNode(try node(), name: try name())
            case let other: throw EstateError("there is an unknown event '\(other)'")
            }
        try world.force(event, in: cluster)
    }

    private func truth() -> [UInt8] {
        var lines: [UInt8] = []
        for cluster in world.plans.indices {
            Truth(world.scene(of: cluster)).write { line in lines += line + [0x0A] }
        }
        return lines
    }

    private func stats() -> FaceReply {
        let counters = world.counters.withLockedValue { $0 }
        return json { json in
            json.member("requests", counters.requests)
            json.member("accepted", counters.accepted)
            json.member("connections", counters.open)
            json.member("at", Timestamp(milliseconds: Int64(world.clock.now * 1000)))
            json.member("residentBytes", residentBytes())
        }
    }

    private func polls() -> FaceReply {
        let (diary, now) = (world.diary.withLockedValue { $0 }, World.uptime)
        return json { json in
            json.array("polls") { json in
                for (cluster, entry) in diary.entries.sorted(by: { $0.key < $1.key }) {
                    json.object { json in
                        json.member("cluster", world.plans[cluster].label)
                        json.member("count", entry.count)
                        json.member("agoSeconds", now - entry.lastAt)
                        json.member("widestGapSeconds", diary.widestGap(of: entry, at: now))
                    }
                }
            }
        }
    }

    private func residentBytes() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private func body(of request: FaceRequest) throws -> [String: JSONValue] {
        guard let members = try JSONValue(json: request.body).object else { throw EstateError("the body is no object") }
        return members
    }

    private func json(_ write: (inout JSONWriter) -> Void) -> FaceReply {
        var writer = JSONWriter()
        writer.object(write)
        return FaceReply(headers: [("Content-Type", "application/json")], body: writer.bytes)
    }

    private func refusal(_ status: Int, _ text: String) -> FaceReply {
        var reply = json { $0.member("error", text) }
        reply.status = status
        reply.reason = status == 404 ? "Not Found" : "Bad Request"
        return reply
    }
}

/// HTTP for the control room.
final class ControlDesk: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let room: ControlRoom
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ room: ControlRoom) { self.room = room }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let buffer):
            guard body.count + buffer.readableBytes <= 1 << 20 else { return context.close(promise: nil) }
            body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard let head else { return }
            let reply = room.answer(FaceRequest(method: head.method.rawValue, uri: head.uri, headers: [], body: body))
            var headers = HTTPHeaders(reply.headers.map { ($0.name, $0.value) })
            headers.add(name: "Content-Length", value: "\(reply.body.count)")
            let status = HTTPResponseStatus.custom(code: UInt(reply.status), reasonPhrase: reply.reason)
            context.write(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
                promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            if !head.isKeepAlive { context.close(promise: nil) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
