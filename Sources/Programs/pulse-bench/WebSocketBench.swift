import ArgumentParser
import CoreMetrics
import Foundation
import HTTPKit
import Kernel
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import ServiceLifecycle
import Telemetry

/// One frame to 2,000 readers, again and again: through a group, which hands it to each event loop once, and, for
/// comparison, socket by socket with a frame made for each. The readers are a process of their own, so that the memory
/// measured is the server's.
struct WebSocketBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "websocket", abstract: "Broadcasts to 2,000 sockets, shared frames against one frame each.")

    static let clients = 2000
    static let frameBytes = 10 * 1024
    /// A round is 300 KB a reader, well below the queue's bound of 1 MiB: nobody is a slow reader here.
    static let framesPerRound = 30
    static let rounds = 15

    func run() async throws {
        let hall = BenchHall()
        var settings = HTTPSettings()
        settings.rateMultiplier = 0
        settings.socket.maxUnauthenticatedPerAddress = Self.clients + 1
        // Nothing but frames may be on the wire, as the readers count bytes.
        settings.socket.pingInterval = .seconds(600)
        // Half of the cores: the other half reads.
        let threads = max(1, System.coreCount / 2)
        let server = try HTTPServer(
            endpoints: hall.endpoints, gate: BenchHall.OpenGate(), settings: settings,
            metrics: NOOPMetricsHandler.instance, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() },
            group: MultiThreadedEventLoopGroup(numberOfThreads: threads))
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: server)], logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let readers = try Self.startReaders(port: try await server.port, threads: threads)
            defer { readers.terminate() }
            try await measure(hall)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    private func measure(_ hall: BenchHall) async throws {
        try await hall.wait(for: "ready")
        let payload = (0..<Self.frameBytes).map { UInt8(97 + $0 % 26) }
        // The first round of each warms up and does not count.
        var shared: [Double] = []
        for _ in 0...Self.rounds {
            let took = try await hall.round(Self.framesPerRound) { hall.group.send(SocketFrame(text: payload)) }
            shared.append(Double(Self.framesPerRound * Self.clients) / took)
        }
        let residentBytes = ProcessFacts.residentBytes() ?? .max
        // After the memory was read: a frame for each socket takes much of it.
        var apart: [Double] = []
        for _ in 0...Self.rounds {
            let took = try await hall.round(Self.framesPerRound / 10) {
                for socket in hall.sockets { socket.send(SocketFrame(text: payload)) }
            }
            apart.append(Double(Self.framesPerRound / 10 * Self.clients) / took)
        }
        (shared, apart) = (Array(shared.dropFirst()), Array(apart.dropFirst()))
        var figures = Figures()
        figures.require(hall.group.count == Self.clients, "every reader stays to the end")
        figures.line("clients", Double(hall.group.count), "sockets")
        figures.line("one_by_one_frames_per_s", median(apart), "frames/s")
        figures.line("shared_over_one_by_one", median(shared) / median(apart), "times")
        // The target is for four cores; rates scale with cores.
        let target = 100_000 * Double(min(System.coreCount, 4)) / 4
        figures.line("frames_per_s", median(shared), "frames/s", atLeast: target)
        figures.line("megabytes_per_s", median(shared) * Double(Self.frameBytes) / 1e6, "MB/s")
        figures.line("rss_mb", Double(residentBytes) / 1e6, "MB", atMost: 100)
        try figures.conclude()
    }

    private static func startReaders(port: Int, threads: Int) throws -> Process {
        let readers = Process()
        readers.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        readers.arguments = ["websocket-readers", "--port", "\(port)", "--threads", "\(threads)"]
        try readers.run()
        return readers
    }
}

/// Where the readers sit, and the one who speaks for them.
private final class BenchHall: Sendable {
    struct OpenGate: Gate {
        func admit(_ request: APIRequest, to endpoint: Endpoint) async throws -> Caller? { nil }
    }

    struct Silence: Error, CustomStringConvertible { let description: String }

    let group = SocketGroup()
    private let seated = NIOLockedValueBox<[Socket]>([])
    private let speaker = NIOLockedValueBox<Socket?>(nil)
    private let said: AsyncStream<String>
    private let saying: AsyncStream<String>.Continuation

    init() { (said, saying) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1024)) }

    var sockets: [Socket] { seated.withLockedValue { $0 } }

    var endpoints: [Endpoint] {
        let access = AccessRule.public(reason: "a bench on loopback")
        return [
            .socket("/ws", summary: "A reader", access: access, messages: .anything, messageExample: "{}") {
                _, socket in
                self.group.add(socket)
                self.seated.withLockedValue { $0.append(socket) }
                for await _ in socket.messages {}
            },
            .socket(
                "/speaker", summary: "Says what all have", access: access, messages: .anything, messageExample: "{}"
            ) { _, socket in
                self.speaker.withLockedValue { $0 = socket }
                for await message in socket.messages { if case .text(let text) = message { self.saying.yield(text) } }
            },
        ]
    }

    /// Seconds from the first frame sent to the last one received by the last reader.
    func round(_ frames: Int, _ send: () -> Void) async throws -> Double {
        let start = ContinuousClock.now
        speaker.withLockedValue { $0?.send(text: "expect \(frames)") }
        for _ in 0..<frames { send() }
        try await wait(for: "got \(frames)")
        return (ContinuousClock.now - start).inSeconds
    }

    func wait(for words: String) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await text in self.said where text == words { return }
                throw Silence(description: "the readers have gone")
            }
            group.addTask {
                try await Task.sleep(for: .seconds(60))
                throw Silence(description: "the readers did not say “\(words)” within a minute")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
