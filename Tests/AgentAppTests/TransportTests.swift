import AgentProtocol
import Compression
import FoundationEssentials
import JSONKit
import Kernel
import Logging
import NIOConcurrencyHelpers
import NIOHTTP1
import Testing

@testable import AgentApp

@Suite(.timeLimit(.minutes(1))) struct TransportTests {
    private let post = Post("/api/agents/agent/report", token: Secret("prt_x"), body: [1, 2, 3], isGzipped: true)

    private func with(
        secure: Bool = false, host: String = "127.0.0.1", tls: TLSChoice = TLSChoice(),
        reply: @escaping @Sendable (LocalServer.Request) -> LocalServer.Reply,
        _ body: (LocalServer, HTTPTransport) async throws -> Void
    ) async throws {
        let server = try await LocalServer(secure: secure, reply: reply)
        let address = try ServerAddress("\(secure ? "https" : "http")://\(host):\(server.port)/base")
        let transport = try HTTPTransport(to: address, tls: tls)
        do { try await body(server, transport) } catch { Issue.record(error) }
        await transport.shutdown()
        try await server.stop()
    }

    @Test("a post carries both token headers, its encoding and the base path, and brings the answer")
    func wholePost() async throws {
        try await with(reply: { _ in
            LocalServer.Reply(status: .serviceUnavailable, body: [7], headers: [("Retry-After", "30")])
        }) { server, transport in
            let answer = try await transport.post(post)
            #expect(answer == Answer(status: 503, body: [7], retryAfterSeconds: 30))
            let request = try #require(server.requests.first)
            #expect(request.head.uri == "/base/api/agents/agent/report" && request.head.method == .POST)
            #expect(request.body == [1, 2, 3])
            #expect(request.head.headers["Authorization"] == ["Bearer prt_x"])
            #expect(request.head.headers["X-API-Token"] == ["prt_x"])
            #expect(request.head.headers["Content-Encoding"] == ["gzip"])
            #expect(request.head.headers["User-Agent"] == ["pulse-agent/0.1.0"])
            #expect(request.head.headers["Host"] == ["127.0.0.1:\(server.port)"])
        }
    }

    @Test("one connection serves many posts; one that the server closed silently is replaced unnoticed")
    func reuse() async throws {
        try await with(reply: { _ in LocalServer.Reply() }) { server, transport in
            for _ in 0..<5 { _ = try await transport.post(post) }
            #expect(Set(server.requests.map(\.connection)).count == 1)
        }
        try await with(reply: { _ in LocalServer.Reply(closesSilently: true) }) { server, transport in
            for _ in 0..<20 {
                let answer = try await transport.post(post)
                #expect(answer.status == 200)
            }
            #expect(server.requests.count == 20)
        }
    }

    @Test("a redirect is an answer and is not followed")
    func redirect() async throws {
        try await with(reply: { _ in
            LocalServer.Reply(status: .permanentRedirect, headers: [("Location", "http://127.0.0.1:1/")])
        }) { server, transport in
            let answer = try await transport.post(post)
            #expect(answer.status == 308)
            #expect(server.requests.count == 1)
        }
    }

    @Test("no server, a hang-up and an endless answer are errors")
    func failures() async throws {
        try await with(reply: { _ in LocalServer.Reply(hangsUp: true) }) { _, transport in
            await #expect(throws: TransportError.self) { try await transport.post(post) }
        }
        try await with(reply: { _ in LocalServer.Reply(body: Array(repeating: 0, count: 70_000)) }) { _, transport in
            await #expect(throws: TransportError.self) { try await transport.post(post) }
        }
        let nobody = try HTTPTransport(to: ServerAddress("http://127.0.0.1:9"))
        await #expect(throws: TransportError.self) { try await nobody.post(post) }
        await nobody.shutdown()
    }

    @Test("TLS: a foreign certificate is refused before the request leaves", arguments: ["127.0.0.1", "localhost"])
    func untrusted(host: String) async throws {
        try await with(secure: true, host: host, reply: { _ in LocalServer.Reply() }) { server, transport in
            await #expect { try await transport.post(post) } throws: { ($0 as? TransportError)?.kind == .untrusted }
            #expect(server.requests.isEmpty)
        }
    }

    @Test("TLS: a further authority from a file is trusted", arguments: ["127.0.0.1", "localhost"])
    func authority(host: String) async throws {
        let scratch = ScratchDirectory()
        try StateDirectory.make(scratch.path)
        try scratch.write(Array(TestCertificate.pem.utf8), to: scratch.path + "/ca.pem")
        let choice = TLSChoice(caFile: scratch.path + "/ca.pem")
        try await with(secure: true, host: host, tls: choice, reply: { _ in LocalServer.Reply() }) {
            server, transport in
            let answers = [try await transport.post(post), try await transport.post(post)]
            #expect(answers.map(\.status) == [200, 200])
            #expect(Set(server.requests.map(\.connection)).count == 1)
        }
        #expect(throws: AgentError.self) {
            try HTTPTransport(to: ServerAddress("https://h"), tls: TLSChoice(caFile: scratch.path + "/none.pem"))
        }
    }

    @Test("TLS: a pinned certificate is the only one accepted")
    func pinned() async throws {
        let right = TLSChoice(fingerprint: TestCertificate.fingerprint)
        try await with(secure: true, tls: right, reply: { _ in LocalServer.Reply() }) { _, transport in
            let answer = try await transport.post(post)
            #expect(answer.status == 200)
        }
        let wrong = TLSChoice(fingerprint: String(repeating: "0", count: 64))
        try await with(secure: true, tls: wrong, reply: { _ in LocalServer.Reply() }) { server, transport in
            await #expect { try await transport.post(post) } throws: { ($0 as? TransportError)?.kind == .untrusted }
            #expect(server.requests.isEmpty)
        }
        let colons = TestCertificate.fingerprint.uppercased().enumerated()
            .map { $0.offset > 0 && $0.offset % 2 == 0 ? ":\($0.element)" : "\($0.element)" }.joined()
        #expect(try TLSChoice.normalised(fingerprint: colons) == TestCertificate.fingerprint)
        #expect(throws: AgentError.self) { try TLSChoice.normalised(fingerprint: "abc") }
    }
}

@Suite(.timeLimit(.minutes(1))) struct EnrollmentTests {
    private func request() -> EnrollRequest {
        var request = EnrollRequest()
        request.hostname = "web-1"
        request.machineID = "m-1"
        return request
    }

    private func enroll(
        _ request: EnrollRequest, patience: Duration = .seconds(30),
        reply: @escaping @Sendable (LocalServer.Request) -> LocalServer.Reply
    ) async throws -> (Result<AgentSettings, any Error>, StateDirectory, LocalServer, ScratchDirectory) {
        let scratch = ScratchDirectory()
        let state = try StateDirectory(scratch.path)
        let server = try await LocalServer(reply: reply)
        let draft = AgentSettings(server: try ServerAddress("http://127.0.0.1:\(server.port)"), agentID: "")
        let transport = try HTTPTransport(to: draft.server)
        // The least of all waits, so that a retry costs the test nothing.
        let enroller = Enroller(
            transport: transport, randomness: Randomness { Array(repeating: 1, count: $0) }, patience: patience)
        let result: Result<AgentSettings, any Error>
        do {
            result = .success(try await enroller.enroll(request, token: Secret("pet_1"), draft: draft, into: state))
        } catch { result = .failure(error) }
        await transport.shutdown()
        try await server.stop()
        return (result, state, server, scratch)
    }

    private static let answer = LocalServer.Reply(
        body: Array(
            #"{"agentId":"a-1","runtimeToken":"prt_1","runtimeTokenId":"t","reportInterval":"30s","orgId":"o"}"#.utf8))

    @Test("the one-time token is traded for the machine's own, and written down")
    func trades() async throws {
        let (result, state, server, scratch) = try await enroll(request()) { _ in Self.answer }
        let settings = try result.get()
        #expect(settings.agentID == "a-1" && settings.orgID == "o" && settings.intervalSeconds == 30)
        #expect(try state.settings() == settings && state.token()?.reveal() == "prt_1")
        let sent = try #require(server.requests.first)
        #expect(sent.head.headers["Authorization"] == ["Bearer pet_1"] && sent.head.headers["X-API-Token"] == ["pet_1"])
        #expect(try EnrollRequest(json: sent.body) == request())
        #expect(scratch.files.contains { $0.hasSuffix("agent-id") })
    }

    @Test("a machine without machine id gets one, tells it, and keeps it")
    func invented() async throws {
        var nameless = request()
        nameless.machineID = nil
        let (result, state, server, scratch) = try await enroll(nameless) { _ in Self.answer }
        defer { withExtendedLifetime(scratch) {} }
        let invented = try #require(try result.get().inventedMachineID)
        let sent = try #require(server.requests.first)
        #expect(try EnrollRequest(json: sent.body).machineID == invented)
        #expect(try state.settings()?.inventedMachineID == invented)
    }

    @Test("a refusal is final and told in the server's words", arguments: [400, 401, 403, 409])
    func refused(status: Int) async throws {
        let (result, state, server, _) = try await enroll(request()) { _ in
            LocalServer.Reply(status: .init(statusCode: status), body: Array(#"{"detail":"The token was used."}"#.utf8))
        }
        #expect { try result.get() } throws: { "\($0)".contains("The token was used.") }
        #expect(server.requests.count == 1)
        #expect(try state.token() == nil)
    }

    @Test("a server that is not ready is asked again")
    func retries() async throws {
        let count = NIOLockedValueBox(0)
        let (result, _, server, _) = try await enroll(request()) { _ in
            count.withLockedValue { $0 += 1 }
            return count.withLockedValue { $0 } < 3 ? LocalServer.Reply(status: .serviceUnavailable) : Self.answer
        }
        #expect(try result.get().agentID == "a-1" && server.requests.count == 3)
    }

    @Test(
        "an answer without a token is no enrolment", arguments: ["{}", #"{"agentId":"a","runtimeToken":""}"#, "<html>"])
    func badAnswers(body: String) async throws {
        let (result, state, _, _) = try await enroll(request()) { _ in LocalServer.Reply(body: Array(body.utf8)) }
        #expect(throws: AgentError.self) { try result.get() }
        #expect(try state.token() == nil)
    }
}

@Suite(.timeLimit(.minutes(1))) struct ReporterTests {
    private struct Still: ReportSource {
        func report(at monotonic: Duration) async -> HostReport {
            var report = HostReport()
            report.host.hostname = "web-1"
            return report
        }
    }

    @Test("the whole agent over real HTTP: what the server acknowledged is what the log says")
    func wholeAgent() async throws {
        let scratch = ScratchDirectory()
        let state = try StateDirectory(scratch.path)
        let server = try await LocalServer { request in
            // Every third report meets a server in trouble.
            let body = (try? Gzip.decompress(request.body, limit: 1 << 20)) ?? []
            let number = (try? HostReport(json: body))?.sequence?.number ?? 1
            return number % 3 == 0 && request.head.uri.hasSuffix("/report")
                ? LocalServer.Reply(status: .serviceUnavailable)
                : LocalServer.Reply(body: Array(#"{"success":true}"#.utf8))
        }
        var settings = AgentSettings(server: try ServerAddress("http://127.0.0.1:\(server.port)"), agentID: "a-1")
        settings.intervalSeconds = 0.05
        settings.ackLog = scratch.path + "/acks"
        let transport = try HTTPTransport(to: settings.server)
        let reporter = try Reporter(
            settings: settings, token: Secret("prt_1"), state: state, transport: transport, source: Still(),
            randomness: Randomness { Array(repeating: 1, count: $0) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let task = Task { try await reporter.run() }
        while acknowledged(settings.ackLog ?? "").count < 12 { await Task.yield() }
        task.cancel()
        _ = await task.result
        await transport.shutdown()
        try await server.stop()
        let numbers = acknowledged(settings.ackLog ?? "").sorted()
        #expect(Set(numbers).count == numbers.count, "no number twice")
        #expect(server.requests.contains { $0.head.uri == "/api/agents/agent/backfill" })
        let left = try ReportQueue(directory: state.queuePath)
        #expect(left.entries.allSatisfy { !numbers.contains($0.number) }, "what was acknowledged does not wait")
        #expect(UInt64(numbers.count + left.entries.count) == left.nextNumber - 1, "and nothing is missing")
    }

    private func acknowledged(_ path: String) -> [UInt64] {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap {
            UInt64($0.split(separator: " ").dropFirst().first ?? "")
        }
    }
}
