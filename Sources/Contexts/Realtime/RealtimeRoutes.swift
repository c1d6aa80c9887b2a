import Access
package import HTTPKit
import Kernel
import Resources

/// The live wire: `/ws` and `/api/events` tell the same messages.
package struct RealtimeRoutes: Sendable {
    private let feed: LiveFeed

    package init(_ feed: LiveFeed) { self.feed = feed }

    package var endpoints: [Endpoint] { [socket, events] }

    /// What the gate is asked again while a view is open.
    private static let recheck = Endpoint(
        .get, "/ws", summary: "Follow the inventory", access: .permission(.readMonitoring), scope: .monitoringRead,
        narrows: true, audit: .none(reason: "reads only"), response: .anything, responseExample: "{}"
    ) { _ in .noContent }

    private var socket: Endpoint {
        .socket(
            "/ws", summary: "Follow the inventory over a WebSocket", access: .permission(.readMonitoring),
            scope: .monitoringRead, narrows: true, problems: [.tooManyReaders, .viewChanged], query: [Self.since],
            messages: Self.message,
            messageExample: Self.example
        ) { request, socket in
            try await feed.serve(socket, request, of: try request.org(), at: Self.recheck)
        }
    }

    private var events: Endpoint {
        Endpoint(
            .get, "/api/events", summary: "Follow the inventory as server-sent events", kind: .stream,
            access: .permission(.readMonitoring), scope: .monitoringRead, narrows: true,
            audit: .none(reason: "reads only"), rate: .socket, query: [Self.since],
            response: .media("text/event-stream"),
            responseExample: "event: welcome\ndata: {}\n\n"
        ) { request in
            let org = try request.org()
            return .events { stream in
                try await feed.serve(stream, request, of: org, at: Self.recheck)
            }
        }
    }

    private static let since = QueryParameter(
        "since", .string(pattern: "^[0-9]+[.][0-9]+$"), summary: "Resume after this head, `epoch.seq`")

    private static let message = Schema.object([
        "type": .enumeration(["welcome", "initialState", "rawData", "reload", "pong"]), "timestamp": .integer,
        "head": .object(["epoch": .integer, "seq": .integer]).optional, "data": .anything.optional,
    ]).named("LiveMessage")

    private static let example = """
        {"type":"rawData","timestamp":1795253400250,"head":{"epoch":3,"seq":42},\
        "data":{"resourceDelta":{"upserts":[{"id":"5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01",\
        "metrics":{"cpu":{"percent":12.5,"value":12.5}}}],"removed":[]}}}
        """
}
