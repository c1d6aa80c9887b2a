import Foundation
import HTTPKit
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// What comes over a socket or a stream of one organisation while something happens in another.
struct SocketProbe {
    let client: ProbeClient
    let estate: ProbeEstate

    /// What happens to the victim comes before what happens to the prober; when that has arrived, everything has.
    func run() async throws -> ProbeTally {
        var tally = ProbeTally()
        let group = MultiThreadedEventLoopGroup.singleton
        for route in estate.routes where route.isStream && route.parameters.isEmpty {
            func open(_ credential: Credential, org: String? = nil) async throws -> RawStream {
                try await RawStream.open(client.port, route.endpoint, credential, org: org, group)
            }
            var foreign: [(RawStream, String)] = []
            for (credential, who) in strangers {
                let stream = try await open(credential, org: estate.victim.id)
                foreign.append((stream, "\(who) with a foreign organisation"))
            }
            // Over what machines speak no inventory is told: an answer is all that can be waited for.
            if case .agent = route.endpoint.access {
                if let agent = estate.prober.agent {
                    foreign.append((try await open(agent, org: estate.victim.id), "agent"))
                }
                for (stream, who) in foreign {
                    try await stream.hears("HTTP/1.1 ")
                    tally.note(stream, who, on: route, sees: estate.victim.canary)
                }
                continue
            }
            let own = try await open(estate.prober.owner)
            try await own.hears(estate.prober.canary)
            for (number, one) in [estate.victim, estate.prober].enumerated() {
                let machine = try await machine(of: one)
                let report = ProbeReport(hostname: "\(one.canary)-again\(route.endpoint.kind)", machine: machine)
                _ = try await client.ask(
                    .post, "/api/agents/agent/report", as: one.agent,
                    body: report.json(number: 100 + number + Int.random(in: 1...1_000_000), cpu: 77))
            }
            try await own.hears("\(estate.prober.canary)-again\(route.endpoint.kind)")
            for (stream, who) in [(own, "session")] + foreign {
                tally.note(stream, who, on: route, sees: estate.victim.canary)
            }
        }
        return tally
    }

    private var strangers: [(Credential, String)] {
        var all = [
            (estate.prober.owner, "session"), (estate.suspended.owner, "suspended"), (estate.provider, "provider"),
            (estate.dismissed, "revoked provider"),
        ]
        if let token = estate.prober.token { all.append((token, "token")) }
        return all
    }

    private func machine(of one: ProbedOrganisation) async throws -> String {
        let answer = try await client.ask(.get, "/api/agents", as: one.owner)
        let agents = (answer.json as? [String: Any])?["data"] as? [[String: Any]]
        guard let machine = agents?.first?["machineId"] as? String else { throw ProbeFault("no machine") }
        return machine
    }
}

extension ProbeTally {
    /// What a stream has said by now, and its end.
    fileprivate mutating func note(_ stream: RawStream, _ who: String, on route: ProbedRoute, sees name: String) {
        probes += 1
        reached += 1
        routes.insert(route.name)
        if stream.text.contains(name) { leaks.insert("\(route.name) as \(who) says a name") }
        stream.close()
    }
}

/// A connection that asks once and keeps what comes. Frames of a server are neither masked nor, unasked, compressed, so
/// names in them can be read as they are.
final class RawStream: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let received = NIOLockedValueBox<[UInt8]>([])
    private let channel = NIOLockedValueBox<(any Channel)?>(nil)

    static func open(
        _ port: Int, _ endpoint: Endpoint, _ credential: Credential, org: String?, _ group: any EventLoopGroup
    ) async throws -> RawStream {
        let stream = RawStream()
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(stream) }
            }
            .connect(host: "127.0.0.1", port: port).get()
        stream.channel.withLockedValue { $0 = channel }
        var lines = ["GET \(endpoint.path) HTTP/1.1", "Host: localhost", "Origin: http://localhost"]
        if endpoint.kind == .socket {
            lines += ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
            lines.append("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
        }
        lines += credential.headers.map { "\($0): \($1)" }
        if let org { lines.append("X-Pulse-Org-ID: \(org)") }
        try await channel.writeAndFlush(ByteBuffer(string: lines.joined(separator: "\r\n") + "\r\n\r\n")).get()
        return stream
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        received.withLockedValue { $0 += bytes.readableBytesView }
    }

    var text: String { received.withLockedValue { String(decoding: $0, as: UTF8.self) } }

    func hears(_ word: String) async throws {
        for _ in 0..<300 {
            if text.contains(word) { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ProbeFault("the stream never said \(word): \(text.prefix(4000))")
    }

    func close() { channel.withLockedValue { $0 }?.close(promise: nil) }
}
