import Kernel
import Testing

@testable import HTTPKit

@Suite struct EventStreamTests {
    @Test("an event is its id, its type and its lines; nothing in them can end it early")
    func encoding() {
        let text = { (id: String?, event: String?, data: String) in
            String(decoding: EventWriter.encoded(id: id, event: event, data: Array(data.utf8)), as: UTF8.self)
        }
        #expect(text("7", "delta", "{}") == "id: 7\nevent: delta\ndata: {}\n\n")
        #expect(text(nil, nil, "a\nb\r\nc") == "data: a\ndata: b\ndata: c\n\n")
        #expect(text(nil, nil, "") == "data: \n\n")
        #expect(text("1\n2", "a\r\ndata: forged", "x") == "id: 12\nevent: adata: forged\ndata: x\n\n")
    }

    @Test("events arrive as they are sent, and heartbeats in between")
    func arriving() async throws {
        let endpoint = Given.endpoint(.get, "/api/events", kind: .stream) { _ in
            .events(heartbeat: .milliseconds(20)) { events in
                try events.send(retry: .seconds(3))
                try events.send(id: "1", event: "welcome", data: Array("{}".utf8))
                try await Task.sleep(for: .seconds(60))
            }
        }
        try await Given.server([endpoint]) { port in
            try await RawClient.connected(to: port) { client in
                try await client.get("/api/events")
                let found: Bool = try await client.receive { bytes in
                    let text = String(decoding: bytes, as: UTF8.self)
                    let isWhole =
                        text.contains("content-type: text/event-stream\r\n") && text.contains("retry: 3000\n\n")
                        && text.contains("id: 1\nevent: welcome\ndata: {}\n\n") && text.contains(":\n\n\r\n")
                    return isWhole ? (true, 0) : nil
                }
                #expect(found)
            }
        }
    }

    @Test("a reader that does not keep up loses the stream, not the server its memory")
    func slowReader() throws {
        let events = EventWriter(maxQueuedBytes: 100, maxQueuedEvents: 1000)
        try events.send(data: Array(repeating: 120, count: 200))
        #expect(throws: EventWriter.SlowReader.self) { try events.send(data: Array("x".utf8)) }
        let many = EventWriter(maxQueuedBytes: 1_000_000, maxQueuedEvents: 3)
        for _ in 0..<3 { try many.send(data: []) }
        #expect(throws: EventWriter.SlowReader.self) { try many.send(data: []) }
    }

    @Test("a shutdown ends the stream in good order")
    func shutdown() async throws {
        let endpoint = Given.endpoint(.get, "/api/events", kind: .stream) { _ in
            .events { events in
                try events.send(data: Array("first".utf8))
                try await Task.sleep(for: .seconds(60))
            }
        }
        try await Given.running(HTTPServer(responder: try Given.responder([endpoint]))) { port, shutDown in
            try await RawClient.connected(to: port) { client in
                try await client.get("/api/events")
                _ = try await client.receive { $0.contains(Array("first".utf8)) ? (true, 0) : nil }
                await shutDown()
                #expect(try await client.answer().text == "data: first\n\n")
                try await client.waitForEnd()
            }
        }
    }
}
