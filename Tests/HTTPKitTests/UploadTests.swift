import HTTPKit
import Kernel
import Testing

/// Bodies that are taken while they arrive, against a listening server.
@Suite struct UploadTests {
    /// Says how much came, piece by piece.
    private static func sum(limit: Int = 100 << 20) -> Endpoint {
        Given.endpoint(
            .post, "/api/sum", maxBodyBytes: limit, takesUpload: true, timeout: .seconds(60)
        ) { request in
            var bytes = 0
            while let piece = try await request.upload.next() { bytes += piece.count }
            return .text("\(bytes) of \(request.body.count)")
        }
    }

    private static func head(_ more: String) -> String { "POST /api/sum HTTP/1.1\r\nHost: x\r\n\(more)\r\n\r\n" }

    @Test("a large body goes through whole, and the connection goes on")
    func large() async throws {
        try await Given.server([Self.sum(), Given.endpoint()]) { port in
            let megabyte = [UInt8](repeating: 120, count: 1 << 20)
            try await RawClient.connected(to: port) { client in
                for _ in 0..<2 {
                    try await client.send(Self.head("Content-Length: \(20 << 20)"))
                    for _ in 0..<20 { try await client.send(megabyte) }
                    #expect(try await client.answer().text == "\(20 << 20) of 0")
                }
                try await client.send(Self.head("Transfer-Encoding: chunked") + "2\r\nhi\r\n3\r\nyou\r\n0\r\n\r\n")
                #expect(try await client.answer().text == "5 of 0")
                try await client.send(Self.head("Content-Length: 0"))
                #expect(try await client.answer().text == "0 of 0")
                try await client.get("/api/thing")
                #expect(try await client.answer().text == "{}")
            }
        }
    }

    @Test("a handler that has seen enough answers, and the rest is forgotten")
    func enough() async throws {
        let brief = Given.endpoint(.post, "/api/brief", maxBodyBytes: 1 << 30, takesUpload: true) { request in
            .text("\((try await request.upload.next()?.count ?? 0) > 0)")
        }
        try await Given.server([brief]) { port in
            try await RawClient.connected(to: port) { client in
                try await client.send("POST /api/brief HTTP/1.1\r\nHost: x\r\nContent-Length: \(8 << 20)\r\n\r\n")
                for _ in 0..<8 { try await client.send([UInt8](repeating: 1, count: 1 << 20)) }
                let answer = try await client.answer()
                #expect(answer.text == "true")
                #expect(answer["connection"] == "close")
                try await client.waitForEnd()
            }
        }
    }

    @Test("who is not admitted is told before sending, and nothing of the body is taken")
    func refused() async throws {
        let gate = ScriptedGate { _ in throw Problem.unauthenticated }
        let wanted = Endpoint(
            .post, "/api/sum", summary: "Takes", access: .session, audit: .none(reason: "test"),
            response: .anything, responseExample: "{}", maxBodyBytes: 1000, takesUpload: true
        ) { request in
            _ = try await request.upload.next()
            Issue.record("the handler ran")
            return .noContent
        }
        try await Given.server([wanted], gate: gate) { port in
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.head("Content-Length: 500\r\nExpect: 100-continue"))
                #expect(try await client.answer().status == 401)
            }
        }
    }

    @Test("who asks first is told to go on once the handler wants it")
    func expectContinue() async throws {
        try await Given.server([Self.sum()]) { port in
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.head("Content-Length: 2\r\nExpect: 100-continue"))
                #expect(try await client.answer().status == 100)
                try await client.send("hi")
                #expect(try await client.answer().text == "2 of 0")
            }
        }
    }

    @Test("too large is refused, announced or not", arguments: ["Content-Length: 200", "Transfer-Encoding: chunked"])
    func tooLarge(length: String) async throws {
        try await Given.server([Self.sum(limit: 100)]) { port in
            try await RawClient.connected(to: port) { client in
                let text = String(repeating: "x", count: 200)
                let body = length.hasPrefix("T") ? "C8\r\n\(text)\r\n0\r\n\r\n" : text
                try await client.send(Self.head(length) + body)
                let answer = try await client.answer()
                #expect(answer.status == 413)
                #expect(answer.text.contains("body-too-large"))
            }
        }
    }

    @Test("what stops in the middle is told so, or ends with its connection")
    func stopped() async throws {
        var settings = HTTPSettings()
        settings.bodyTimeout = .milliseconds(100)
        let (ended, end) = AsyncStream.makeStream(of: Bool.self)
        let watched = Given.endpoint(.post, "/api/sum", maxBodyBytes: 1000, takesUpload: true) { request in
            do {
                while try await request.upload.next() != nil {}
                end.yield(true)
                return .noContent
            } catch {
                end.yield(false)
                throw error
            }
        }
        try await Given.server([watched], settings: settings) { port in
            var ends = ended.makeAsyncIterator()
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.head("Content-Length: 10") + "half")
                #expect(try await client.answer().status == 408)
            }
            #expect(await ends.next() == false)
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.head("Content-Length: 10") + "half")
                client.finishSending()
                try await client.waitForEnd()
            }
            #expect(await ends.next() == false)
        }
    }
}
