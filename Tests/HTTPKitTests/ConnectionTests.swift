import HTTPKit
import Kernel
import Testing

/// Against a listening server, byte by byte.
@Suite struct ConnectionTests {
    private let echo = Given.endpoint(.post, "/api/echo", maxBodyBytes: 1000) { request in
        .text("\(request.body.count) \(String(decoding: request.body.prefix(20), as: UTF8.self))")
    }

    @Test("every answer has a request id, the security headers and a date")
    func basics() async throws {
        try await Given.server([Given.endpoint()]) { port in
            let answer = try await RawClient.connected(to: port) { client in
                try await client.get("/api/thing")
                return try await client.answer()
            }
            #expect(answer.status == 200)
            #expect(answer.text == "{}")
            #expect(answer["x-request-id"]?.count == 32)
            #expect(answer["cache-control"] == "no-store")
            #expect(answer["x-content-type-options"] == "nosniff")
            #expect(answer["date"]?.hasSuffix("GMT") == true)
            #expect(answer["strict-transport-security"] == nil)
            #expect(
                answer["content-security-policy"]
                    == "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                    + "connect-src 'self' ws://pulse.test; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
                    + "object-src 'none'")
        }
    }

    @Test("a sane request id is kept, another is replaced")
    func requestIDs() async throws {
        try await Given.server([Given.endpoint()]) { port in
            try await RawClient.connected(to: port) { client in
                for (sent, isKept) in [("abc-123_x.y", true), ("short", false), ("bad id with spaces", false)] {
                    try await client.get("/api/thing", ["X-Request-ID: \(sent)"])
                    let answer = try await client.answer()
                    #expect((answer["x-request-id"] == sent) == isKept)
                }
            }
        }
    }

    @Test("a connection serves request after request, pipelined ones in their order")
    func pipelining() async throws {
        let slow = Given.endpoint(.get, "/api/slow") { _ in
            try await Task.sleep(for: .milliseconds(50))
            return .text("slow")
        }
        try await Given.server([slow, echo]) { port in
            try await RawClient.connected(to: port) { client in
                let post = "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
                try await client.send("GET /api/slow HTTP/1.1\r\nHost: x\r\n\r\n" + post + post)
                #expect(try await client.answer().text == "slow")
                #expect(try await client.answer().text == "2 hi")
                #expect(try await client.answer().text == "2 hi")
                try await client.request("POST", "/api/echo", body: "again")
                #expect(try await client.answer().text == "5 again")
            }
        }
    }

    @Test("HEAD has the length, but no body; the connection goes on")
    func head() async throws {
        let stream = Given.endpoint(.get, "/api/stream", kind: .stream) { _ in
            APIResponse(body: .stream { try await $0.write(Array("x".utf8)) })
        }
        try await Given.server([Given.endpoint(), stream]) { port in
            try await RawClient.connected(to: port) { client in
                try await client.request("HEAD", "/api/thing")
                #expect(try await client.answer(toHead: true)["content-length"] == "2")
                try await client.request("HEAD", "/api/stream")
                #expect(try await client.answer(toHead: true).status == 200)
                try await client.get("/api/thing")
                #expect(try await client.answer().text == "{}")
            }
        }
    }

    @Test("HTTP/1.0 is answered and closed; Connection: close is obeyed")
    func closing() async throws {
        try await Given.server([Given.endpoint()]) { port in
            for request in [
                "GET /api/thing HTTP/1.0\r\n\r\n", "GET /api/thing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            ] {
                try await RawClient.connected(to: port) { client in
                    try await client.send(request)
                    let answer = try await client.answer()
                    #expect(answer.status == 200)
                    #expect(answer["connection"] == "close")
                    try await client.waitForEnd()
                }
            }
        }
    }

    @Test("a value from outside cannot become a header")
    func responseSplitting() async throws {
        let endpoint = Given.endpoint { request in .redirect(to: "/x?\(request.query["to"] ?? "")") }
        try await Given.server([endpoint]) { port in
            try await RawClient.connected(to: port) { client in
                try await client.get("/api/thing?to=a%0d%0aSet-Cookie:%20b=c")
                let answer = try await client.answer()
                #expect(answer["location"] == "/x?a  Set-Cookie: b=c")
                #expect(answer["set-cookie"] == nil)
            }
        }
    }

    // MARK: Bad input

    @Test(
        "what is not HTTP, or could be read in two ways, is told so",
        arguments: [
            ("nonsense\r\n\r\n", 405, "method-not-allowed"), ("GET nonsense\r\n\r\n", 400, "malformed-request"),
            ("GET /api/thing HTTP/1.1\r\n\r\n", 400, "malformed-request"),
            ("GET /api/thing HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "malformed-request"),
            ("GET /api/thing HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n", 400, "malformed-request"),
            ("GET /api/thing HTTP/3.7\r\nHost: x\r\n\r\n", 400, "malformed-request"),
            ("POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "malformed-request"),
            (
                "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400,
                "malformed-request"
            ),
            (
                "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                400,
                "malformed-request"
            ),
            (
                "POST /api/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400,
                "malformed-request"
            ),
            ("BREW /api/thing HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method-not-allowed"),
            ("TRACE /api/thing HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method-not-allowed"),
            ("GET /api/../secret HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad-path"),
            ("GET /%2e%2e/secret HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad-path"),
            ("GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad-path"),
            ("GET /api/thing?a=%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad-query"),
            ("GET /\(String(repeating: "a", count: 20000)) HTTP/1.1\r\nHost: x\r\n\r\n", 431, "headers-too-large"),
            (
                "GET / HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 20000))\r\n\r\n", 431,
                "headers-too-large"
            ),
            (
                "GET / HTTP/1.1\r\nHost: x\r\n\(String(repeating: "A: b\r\n", count: 150))\r\n", 431,
                "headers-too-large"
            ),
        ])
    func malformed(request: String, status: Int, slug: String) async throws {
        try await Given.server([Given.endpoint(), echo]) { port in
            let answer = try await RawClient.connected(to: port) { client in
                try await client.send(request)
                return try await client.answer()
            }
            #expect(answer.status == status)
            #expect(answer["content-type"] == "application/problem+json")
            #expect(answer.text.contains("urn:pulse:problem:\(slug)"), "\(answer.text)")
        }
    }

    @Test("a body that is too large is refused ahead, and the answer arrives although all of it is sent")
    func bodyTooLarge() async throws {
        try await Given.server([echo]) { port in
            let megabyte = [UInt8](repeating: 120, count: 1 << 20)
            try await RawClient.connected(to: port) { client in
                try await client.send("POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: \(10 << 20)\r\n\r\n")
                for _ in 0..<10 { try await client.send(megabyte) }
                let answer = try await client.answer()
                #expect(answer.status == 413)
                #expect(answer.text.contains("urn:pulse:problem:body-too-large"))
                #expect(answer["connection"] == "close")
                try await client.waitForEnd()
            }
        }
    }

    @Test("a body without a length is counted as it comes")
    func chunkedTooLarge() async throws {
        try await Given.server([echo]) { port in
            try await RawClient.connected(to: port) { client in
                try await client.send("POST /api/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                try await client.send("3E8\r\n\(String(repeating: "x", count: 1000))\r\n1\r\ny\r\n")
                #expect(try await client.answer().status == 413)
            }
            try await RawClient.connected(to: port) { client in
                try await client.send("POST /api/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                try await client.send("3E8\r\n\(String(repeating: "x", count: 1000))\r\n0\r\n\r\n")
                #expect(try await client.answer().text.hasPrefix("1000 "))
            }
        }
    }

    @Test("a refused request's small body is forgotten and the connection kept")
    func refusedBody() async throws {
        try await Given.server([echo]) { port in
            try await RawClient.connected(to: port) { client in
                try await client.request("POST", "/api/nowhere", body: "hello")
                #expect(try await client.answer().status == 404)
                try await client.request("POST", "/api/echo", body: "hello")
                #expect(try await client.answer().text == "5 hello")
            }
        }
    }

    @Test("who asks first whether to send a body is told at once")
    func expectContinue() async throws {
        try await Given.server([echo]) { port in
            try await RawClient.connected(to: port) { client in
                try await client.send(
                    "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
                #expect(try await client.answer().status == 100)
                try await client.send("hi")
                #expect(try await client.answer().text == "2 hi")
            }
            try await RawClient.connected(to: port) { client in
                try await client.send(
                    "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n")
                #expect(try await client.answer().status == 413)
            }
        }
    }

    // MARK: Time

    @Test("heads and bodies that do not arrive in time are told so; silence is closed")
    func slowRequests() async throws {
        var settings = HTTPSettings()
        settings.headTimeout = .milliseconds(1500)
        settings.bodyTimeout = .milliseconds(1500)
        settings.idleTimeout = .milliseconds(1500)
        try await Given.server([echo], settings: settings) { port in
            for request in ["GET / HT", "POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhi"] {
                try await RawClient.connected(to: port) { client in
                    try await client.send(request)
                    let answer = try await client.answer()
                    #expect(answer.status == 408)
                    #expect(answer.text.contains("request-incomplete"))
                }
            }
            try await RawClient.connected(to: port) { client in
                try await client.request("POST", "/api/echo", body: "hi")
                #expect(try await client.answer().status == 200)
                try await client.waitForEnd()
                #expect(client.received.isEmpty)
            }
            try await RawClient.connected(to: port) { client in try await client.waitForEnd() }
        }
    }

    @Test("a handler that takes too long is answered for, and cancelled")
    func handlerTimeout() async throws {
        let (cancelled, wasCancelled) = AsyncStream.makeStream(of: Void.self)
        let stuck = Given.endpoint(.get, "/api/stuck", timeout: .milliseconds(50)) { _ in
            try? await Task.sleep(for: .seconds(60))
            wasCancelled.yield()
            return .text("too late")
        }
        try await Given.server([stuck, Given.endpoint()]) { port in
            try await RawClient.connected(to: port) { client in
                try await client.get("/api/stuck")
                let answer = try await client.answer()
                #expect(answer.status == 503)
                #expect(answer["retry-after"] == "2")
                #expect(answer.text.contains("request-timeout"))
                try await client.get("/api/thing")
                #expect(try await client.answer().text == "{}")
            }
            for await _ in cancelled { break }
        }
    }

    @Test("a caller who hangs up cancels the handler")
    func hangUp() async throws {
        let (started, didStart) = AsyncStream.makeStream(of: Void.self)
        let (cancelled, wasCancelled) = AsyncStream.makeStream(of: Void.self)
        let stuck = Given.endpoint(.get, "/api/stream", kind: .stream) { _ in
            APIResponse(
                body: .stream { writer in
                    try await writer.write(Array("first".utf8))
                    didStart.yield()
                    try? await Task.sleep(for: .seconds(60))
                    wasCancelled.yield()
                })
        }
        try await Given.server([stuck]) { port in
            try await RawClient.connected(to: port) { client in
                try await client.get("/api/stream")
                #expect(try await client.receive { $0.count > 100 ? (true, 0) : nil })
                for await _ in started { break }
            }
            for await _ in cancelled { break }
        }
    }

    @Test("a caller who has said all may still read the answer")
    func halfClose() async throws {
        let slow = Given.endpoint(.get, "/api/slow") { _ in
            try await Task.sleep(for: .milliseconds(50))
            return .text("slow")
        }
        try await Given.server([slow]) { port in
            try await RawClient.connected(to: port) { client in
                try await client.get("/api/slow")
                client.finishSending()
                #expect(try await client.answer().text == "slow")
                try await client.waitForEnd()
            }
        }
    }

    // MARK: Streams

    @Test("a stream arrives piece by piece, and whole")
    func streaming() async throws {
        let stream = Given.endpoint(.get, "/api/stream", kind: .stream) { _ in
            APIResponse(
                body: .stream { writer in
                    for index in 0..<3 { try await writer.write(Array("piece \(index)".utf8)) }
                })
        }
        try await Given.server([stream]) { port in
            try await RawClient.connected(to: port) { client in
                try await client.get("/api/stream")
                let answer = try await client.answer()
                #expect(answer["transfer-encoding"] == "chunked")
                #expect(answer.text == "piece 0piece 1piece 2")
            }
        }
    }

    @Test("a stream that breaks off does not look whole")
    func brokenStream() async throws {
        struct Broken: Error {}
        let stream = Given.endpoint(.get, "/api/stream", kind: .download) { _ in
            APIResponse(
                body: .stream { writer in
                    try await writer.write(Array("half".utf8))
                    throw Broken()
                })
        }
        try await Given.server([stream]) { port in
            try await RawClient.connected(to: port) { client in
                try await client.get("/api/stream")
                await #expect(throws: RawClient.Unexpected.self) { try await client.answer() }
                #expect(client.isAtEnd)
            }
        }
    }

    @Test("a writer waits for a reader that takes nothing, and a reader that never does is cut off")
    func backPressure() async throws {
        let (cutOff, wasCutOff) = AsyncStream.makeStream(of: Int.self)
        let flood = Given.endpoint(.get, "/api/flood", kind: .stream) { _ in
            APIResponse(
                body: .stream { writer in
                    let piece = [UInt8](repeating: 120, count: 64 * 1024)
                    var written = 0
                    defer { wasCutOff.yield(written) }
                    while true {
                        try await writer.write(piece)
                        written += piece.count
                    }
                })
        }
        var settings = HTTPSettings()
        settings.writeTimeout = .milliseconds(300)
        try await Given.server([flood], settings: settings) { port in
            try await RawClient.connected(to: port, receiveBuffer: 8192, readsByItself: false) { client in
                try await client.get("/api/flood")
                // What the kernel holds for the reader, and not a byte more, was taken from the writer.
                for await written in cutOff { return #expect(written < 16 << 20) }
            }
        }
    }

    // MARK: Shutdown

    @Test("on shutdown answers in progress are finished, and nothing new is accepted")
    func shutdown() async throws {
        let (started, didStart) = AsyncStream.makeStream(of: Void.self)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let slow = Given.endpoint(.get, "/api/slow") { _ in
            didStart.yield()
            for await _ in gate { break }
            return .text("finished")
        }
        let server = HTTPServer(responder: try Given.responder([slow]))
        try await Given.running(server) { port, shutDown in
            try await RawClient.connected(to: port) { client in
                try await client.get("/api/slow")
                for await _ in started { break }
                try await RawClient.connected(to: port) { idle in
                    // Answered once: the server has accepted it.
                    try await idle.get("/api/none")
                    #expect(try await idle.answer().status == 404)
                    await shutDown()
                    try await idle.waitForEnd()
                }
                open.yield()
                let answer = try await client.answer()
                #expect(answer.text == "finished")
                #expect(answer["connection"] == "close")
            }
            await #expect(throws: (any Error).self) { try await RawClient.connected(to: port) { _ in } }
        }
    }

    @Test("a port that is taken is an error that names it")
    func portTaken() async throws {
        try await Given.server([]) { port in
            let second = HTTPServer(responder: try Given.responder([], settings: HTTPSettings(port: port)))
            await #expect { try await second.run() } throws: { "\($0)".contains("cannot listen on 127.0.0.1:\(port)") }
            await #expect(throws: ListenError.self) { try await second.port }
        }
    }
}
