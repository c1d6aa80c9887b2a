import Access
import AgentApp
import CoreMetrics
import Cryptography
import Foundation
import FrontDoorKit
import HTTPKit
import Inventory
import Kernel
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Outbound
import Postgres
import ServiceLifecycle
import TestKit
import Testing

@testable import Relay

/// A server that gateways connect to, and real agents that do. Times are those of the machine: what is tried here is
/// programs that talk to each other.
final class RelayCase: Sendable {
    let board: Switchboard
    let watch: RelayWatch
    let server: HTTPServer
    let door: FrontDoor

    init(process: UUID = UUID(), link: RelayLink? = nil) throws {
        let database = TestDatabase.current.app
        let board = Switchboard(database, process: process, link: link, time: SystemTime(), logger: .silent)
        (self.board, watch) = (board, RelayWatch(board))
        let endpoints = RelayRoutes(board).endpoints
        door = try FrontDoor { _ in endpoints }
        var settings = HTTPSettings()
        settings.rateMultiplier = 0
        server = try HTTPServer(
            endpoints: endpoints, gate: door.gate, settings: settings, metrics: NOOPMetricsHandler.instance,
            logger: .silent)
    }

    var reach: OutboundReach { OutboundReach(AddressGuard(OutboundPolicy()), gateways: board.reach) }

    /// Serves, and asks about gateways, while `body` runs.
    func run(
        with more: [any Service] = [], _ body: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        let services: [any Service] = [server, watch] + more
        let group = ServiceGroup(configuration: .init(services: services.map { .init(service: $0) }, logger: .silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body(try await server.port)
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// An agent that is a gateway while `body` runs.
    func gateway(
        _ agent: (id: AgentID, token: BearerToken), in org: OrgID, port: Int, allows: [String],
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let gateway = try Self.gateway(agent, port: port, allows: allows)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                do {
                    try await gateway.run()
                } catch is CancellationError {
                    // It ends with its test.
                }
            }
            defer { tasks.cancelAll() }
            try await eventually { self.board.session(of: agent.id, in: org) != nil }
            try await body()
        }
    }

    static func gateway(
        _ agent: (id: AgentID, token: BearerToken), port: Int, allows: [String]
    ) throws -> Gateway {
        try Gateway(
            settings: AgentSettings(
                server: ServerAddress("http://127.0.0.1:\(port)"), agentID: "\(agent.id)"),
            token: agent.token.text, allows: AllowList(allows), logger: .silent)
    }

    /// A port of this machine that nobody listens at now.
    static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }

    /// Waits until somebody listens there.
    static func listens(at port: Int) async throws {
        try await eventually("a listener at \(port)") {
            guard
                let channel = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "127.0.0.1", port: port).get()
            else { return false }
            try await channel.close()
            return true
        }
    }

    func entries(_ action: String, in org: OrgID) async throws -> Int {
        try await TestDatabase.current.app.first(
            in: org, "SELECT count(*) FROM audit_entries WHERE action = \(action)"
        ) { try $0.next(Int.self) } ?? 0
    }
}

/// Waits for what is about to be; a minute is for loaded machines.
func eventually(
    _ what: Comment? = nil, _ condition: @Sendable () async throws -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record(what ?? "it never came about", sourceLocation: sourceLocation)
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}
