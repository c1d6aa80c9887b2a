import CPQ
import Dispatch
import Kernel

/// A PGconn that has just been opened and belongs to nobody yet. `@unchecked Sendable`: it is handed over exactly once.
struct OpenedConnection: @unchecked Sendable {
    let pg: OpaquePointer

    /// Ends it, instead of handing it over.
    func discard() { PQfinish(pg) }
}

/// Opens connections on a thread of its own, because resolving a name and shaking hands block.
struct Connector: Sendable {
    let url: Secret<String>
    let applicationName: String
    let queue: DispatchQueue

    init(url: Secret<String>, applicationName: String) {
        self.url = url
        self.applicationName = applicationName
        queue = DispatchQueue(label: "pulse.postgres.connect")
    }

    /// Tries once, after `delay`, unless nobody wants it any more by then. The connection arrives non-blocking and in
    /// pipeline mode.
    func open(
        after delay: Duration = .zero, unless isUnwanted: @escaping @Sendable () -> Bool,
        _ done: @escaping @Sendable (Result<OpenedConnection, DatabaseError>) -> Void
    ) {
        queue.asyncAfter(deadline: .now() + delay.inSeconds) {
            if !isUnwanted() { done(connect(inPipeline: true)) }
        }
    }

    /// Tries once, for something that a pipeline cannot do. The connection arrives non-blocking.
    func openPlain() async throws(DatabaseError) -> OpenedConnection {
        let result = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: connect(inPipeline: false)) }
        }
        return try result.get()
    }

    private func connect(inPipeline: Bool) -> Result<OpenedConnection, DatabaseError> {
        // `dbname` comes first and may hold a whole URI; what follows is used where the URI says nothing.
        // Kerberos encryption is off unless asked for: its library is not safe beside connections that are being made.
        let keywords = [
            "connect_timeout", "application_name", "keepalives_idle", "tcp_user_timeout", "client_encoding",
            "gssencmode", "dbname",
        ]
        let settings = ["5", applicationName, "30", "15000", "UTF8", "disable", url.reveal()]
        guard let pg = withCStrings(keywords, { k in withCStrings(settings) { PQconnectdbParams(k, $0, 1) } }) else {
            return .failure(.unavailable(reason: "out of memory"))
        }
        guard PQstatus(pg) == CONNECTION_OK, PQsetnonblocking(pg, 1) == 0,
            !inPipeline || PQenterPipelineMode(pg) == 1
        else {
            defer { PQfinish(pg) }
            return .failure(.unavailable(reason: PQerrorMessage(pg).map { String(cString: $0).trimmed } ?? "unknown"))
        }
        // Notices are for people at a terminal; libpq would print them to our standard error.
        PQsetNoticeProcessor(pg, { _, _ in }, nil)
        return .success(OpenedConnection(pg: pg))
    }

    private func withCStrings<Answer>(
        _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Answer
    ) -> Answer {
        let bytes = texts.map { Array($0.utf8CString) }
        func descend(_ index: Int, _ pointers: [UnsafePointer<CChar>?]) -> Answer {
            guard index < bytes.count else { return body(pointers + [nil]) }
            return bytes[index].withUnsafeBufferPointer { descend(index + 1, pointers + [$0.baseAddress]) }
        }
        return descend(0, [])
    }
}
