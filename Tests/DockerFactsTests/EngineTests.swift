import AgentProtocol
import Foundation
import JSONKit
import Kernel
import Logging
import NIOCore
import NIOPosix
import TestKit
import Testing

@testable import DockerFacts

/// Answers every connection with the same bytes, again and again if it is told to.
private struct HostileEngine {
    let path: String
    private let channel: any Channel

    init(_ answer: String, repeating piece: String? = nil) async throws {
        path = "/tmp/pulse-engine-\(UUID().uuidString.prefix(8)).sock"
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(answer: answer, piece: piece))
                }
            }
            .bind(unixDomainSocketPath: path).get()
    }

    var engine: EngineSocket {
        let place = EngineAddress(path: path)
        return EngineSocket(group: MultiThreadedEventLoopGroup.singleton) { place }
    }

    func stop() async throws {
        try await channel.close()
        unlink(path)
    }
}

private final class Answering: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let answer: String
    private let piece: ByteBuffer?
    private var hasAnswered = false

    init(answer: String, piece: String?) {
        self.answer = answer
        self.piece = piece.map { ByteBuffer(string: $0) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasAnswered else { return }
        hasAnswered = true
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        if piece != nil { goOn(context) }
    }

    private func goOn(_ context: ChannelHandlerContext) {
        guard let piece else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(piece)).whenSuccess { Self.again(bound) }
    }

    private static func again(_ bound: NIOLoopBound<(Answering, ChannelHandlerContext)>) {
        bound.value.1.eventLoop.execute {
            let (handler, context) = bound.value
            handler.goOn(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

@Suite struct EngineSocketTests {
    private func fault(
        _ answer: String, repeating piece: String? = nil, timeout: Duration = .seconds(20)
    ) async throws -> EngineFault.Reason? {
        let hostile = try await HostileEngine(answer, repeating: piece)
        var reason: EngineFault.Reason?
        do throws(EngineFault) {
            _ = try await hostile.engine.get("/info", limit: 1 << 20, timeout: timeout)
        } catch {
            reason = error.reason
        }
        try await hostile.stop()
        return reason
    }

    @Test("a good answer is its body")
    func good() async throws {
        let engine = try await HostileEngine("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        #expect(try await engine.engine.get("/info", limit: 10, timeout: .seconds(20)) == Array("{}".utf8))
        try await engine.stop()
    }

    @Test("a body of 500 MB is refused by its head, before any of it is held")
    func announced() async throws {
        #expect(try await fault("HTTP/1.1 200 OK\r\nContent-Length: 524288000\r\n\r\n") == .tooLarge)
    }

    @Test("chunks without end are cut off at the limit")
    func endless() async throws {
        let chunk = "4000\r\n" + String(repeating: "x", count: 0x4000) + "\r\n"
        #expect(
            try await fault("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", repeating: chunk) == .tooLarge)
    }

    @Test("an engine that says nothing is given up at the time limit")
    func silent() async throws { #expect(try await fault("", timeout: .milliseconds(50)) == .timeout) }

    @Test(
        "what is no good answer is a fault with its reason",
        arguments: [
            ("SSH-2.0-OpenSSH_9.2\r\n\r\n", .badAnswer), ("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", .serverError),
            ("HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n", .permission),
            ("HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n", .unsupported),
            ("HTTP/1.1 302 X\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n", .badAnswer),
        ] as [(String, EngineFault.Reason)])
    func refused(answer: String, wanted: EngineFault.Reason) async throws { #expect(try await fault(answer) == wanted) }

    @Test("a socket that is not there is unreachable")
    func absent() async throws {
        let engine = EngineSocket { EngineAddress(path: "/tmp/pulse-no-such-engine.sock") }
        do throws(EngineFault) {
            _ = try await engine.get("/info", limit: 10, timeout: .seconds(20))
            Issue.record("there was an answer")
        } catch {
            #expect(error.reason == .unreachable)
        }
    }
}

/// An engine of which a test says what it answers.
private actor ScriptedEngine: EngineAPI {
    var answers: [String: Result<String, EngineFault>]
    private(set) var asked: [String] = []
    /// Answers that are held back until they are let go.
    private var held: [String: [CheckedContinuation<Void, Never>]] = [:]
    private let heldBack: AsyncStream<String>.Continuation
    /// What is held back, when it is asked for.
    nonisolated let waiting: AsyncStream<String>

    init(_ answers: [String: Result<String, EngineFault>]) {
        self.answers = answers
        (waiting, heldBack) = AsyncStream.makeStream()
    }

    func hold(_ path: String) { held[path] = [] }

    func letGo(_ path: String) { for one in held.removeValue(forKey: path) ?? [] { one.resume() } }

    func set(_ path: String, _ answer: Result<String, EngineFault>) { answers[path] = answer }

    func get(_ path: String, limit: Int, timeout: Duration) async throws(EngineFault) -> [UInt8] {
        asked.append(path)
        let bare = path.split(separator: "?").first.map(String.init) ?? path
        let key = bare.hasPrefix("/v1.41") ? String(bare.dropFirst(6)) : bare
        if held[key] != nil {
            await withCheckedContinuation { one in
                held[key, default: []].append(one)
                heldBack.yield(key)
            }
        }
        guard let answer = answers[key] else { throw EngineFault(.unsupported, "no such answer") }
        return Array(try answer.get().utf8)
    }

    func forget() { asked = [] }
}

@Suite struct DockerWatchTests {
    private static func engine(containers count: Int, state: String = "running") -> ScriptedEngine {
        let list = (0..<count).map {
            #"{"Id":"c\#($0)","Names":["/n\#($0)"],"State":"\#(state)","Status":"Up 5 minutes"}"#
        }
        var answers: [String: Result<String, EngineFault>] = [
            "/version": .success(#"{"ApiVersion":"1.41","Version":"20.10"}"#), "/info": .success(#"{"NCPU":4}"#),
            "/containers/json": .success("[\(list.joined(separator: ","))]"), "/images/json": .success("[]"),
            "/volumes": .success(#"{"Volumes":null}"#), "/networks": .success("[]"), "/system/df": .success("{}"),
        ]
        for index in 0..<count {
            answers["/containers/c\(index)/json"] = .success(#"{"RestartCount":\#(index),"State":{}}"#)
            answers["/containers/c\(index)/stats"] = .success(#"{"memory_stats":{"usage":\#(index + 1)}}"#)
        }
        return ScriptedEngine(answers)
    }

    private static func watch(
        _ engine: ScriptedEngine, time: any TimeSource = SystemTime(), _ change: (inout DockerBudget) -> Void = { _ in }
    ) -> DockerWatch {
        var budget = DockerBudget()
        change(&budget)
        return DockerWatch(
            engine: engine, interval: .seconds(10), budget: budget, time: time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("a round tells the engine, its containers and empty lists as empty")
    func whole() async {
        let part = await Self.watch(Self.engine(containers: 2)).round()
        #expect(part.host.error == nil && part.host.totalCPU == 4 && part.containersTotal == 2)
        #expect(part.containers?.map(\.restartCount) == [0, 1])
        #expect(part.containers?.map(\.memoryUsageBytes) == [1, 2])
        #expect(part.images == [] && part.volumes == [] && part.networks == [] && part.services == nil)
        #expect(part.degraded.isEmpty)
    }

    @Test("what is dear to measure is measured beside the rounds: containers are handed over when they were read")
    func besides() async throws {
        let engine = Self.engine(containers: 1)
        await engine.hold("/system/df")
        let watch = Self.watch(engine, time: ManualTime())
        let running = Task { try await watch.run() }
        var waiting = engine.waiting.makeAsyncIterator()
        #expect(await waiting.next() == "/system/df")
        let part = await watch.take()
        #expect(part?.containers?.count == 1 && part?.storageUsage == nil)
        await engine.letGo("/system/df")
        running.cancel()
        _ = await running.result
    }

    @Test("values are measured in rotation within the budget, and nobody waits for ever")
    func rotation() async {
        let engine = Self.engine(containers: 30)
        let watch = Self.watch(engine) { $0.statsPerRound = 10 }
        var measured: Set<String> = []
        for _ in 0..<3 {
            await engine.forget()
            _ = await watch.round()
            let turn = await engine.asked.filter { $0.contains("/stats") }
            #expect(turn.count == 10)
            measured.formUnion(turn)
        }
        #expect(measured.count == 30)
    }

    @Test("an engine that is away is told as such, without lists; when it is back all is told again")
    func away() async {
        let engine = Self.engine(containers: 1)
        let watch = Self.watch(engine)
        _ = await watch.round()
        await engine.set("/containers/json", .failure(EngineFault(.unreachable, "nobody listens")))
        let part = await watch.round()
        #expect(part.host.error == "nobody listens" && part.containers == nil && part.images == nil)
        #expect(part.host.runtimeVersion == "20.10", "it is still known who it was")
        await engine.set("/containers/json", .success("[]"))
        let back = await watch.round()
        #expect(back.host.error == nil && back.containers == [] && back.images == [])
    }

    @Test("fact 20: one list that cannot be read is a stated part; the others are told, and nothing is offline")
    func partial() async {
        let engine = Self.engine(containers: 1)
        await engine.set("/images/json", .failure(EngineFault(.tooLarge, "too large")))
        await engine.set("/volumes", .success("garbage"))
        let watch = Self.watch(engine)
        let part = await watch.round()
        #expect(part.images == nil && part.volumes == nil && part.networks == [])
        #expect(part.degraded.map(\.part) == ["images", "volumes"])
        #expect(part.degraded.map(\.reason) == ["too-large", "bad-answer"])
        #expect(part.containers?.count == 1)
        #expect(await watch.round().degraded.map(\.part) == ["images", "volumes"], "until they were asked again")
    }

    @Test("no id of a container gets into a path unless it is one")
    func injection() async {
        let engine = Self.engine(containers: 0)
        await engine.set(
            "/containers/json", .success(#"[{"Id":"../../secrets?x=","Names":["/a"],"State":"running"}]"#))
        let part = await Self.watch(engine).round()
        #expect(part.containers?.count == 1)
        #expect(await engine.asked.allSatisfy { !$0.contains("secrets") })
    }

    @Test("thousands of containers are told up to the limit, running ones first, and the rest is counted")
    func many() async {
        let engine = Self.engine(containers: 0)
        let list = (0..<6000).map {
            #"{"Id":"c\#($0)","Names":["/n\#($0)"],"State":"\#($0 % 2 == 0 ? "exited" : "running")"}"#
        }
        await engine.set("/containers/json", .success("[\(list.joined(separator: ","))]"))
        let part = await Self.watch(engine).round()
        #expect(part.containersTotal == 6000 && part.truncated.contains("containers"))
        #expect(part.containers?.count == 2000 && part.containers?.allSatisfy { $0.state == "running" } == true)
    }

    @Test("a part that is too large for a report loses what is nice to have, then the end of its lists")
    func fit() async throws {
        var randomness = SystemRandomNumberGenerator()
        var part = HostReport.Docker()
        part.containers = (0..<2000).map { index in
            var container = HostReport.DockerContainer()
            container.id = String((0..<64).map { _ in "0123456789abcdef".randomElement(using: &randomness)! })
            container.name = "n\(index)"
            container.labels = ["com.docker.compose.project": "p", "com.docker.compose.service": "s"]
            for label in 0..<6 {
                container.labels["l\(label)"] = "\(UInt64.random(in: 0...UInt64.max, using: &randomness))"
            }
            return container
        }
        let fitted = DockerFit.fit(part)
        #expect(fitted.containers?.isEmpty == false)
        #expect(fitted.containers?.first?.labels.count == 2, "who it is stays")
        #expect(fitted.degraded.contains { $0.part == "report" })
        var report = HostReport()
        report.host.hostname = "h"
        report.docker = fitted
        try report.validate()
    }
}
