import CPQ
import Dispatch
import Glibc
import Kernel

/// One organisation as of one moment, to be taken out table by table with COPY, each row as a JSON object.
///
/// It has a connection of its own, because COPY does not work in a pipeline, and one thread that does its waiting. The
/// server sends no faster than the rows are taken: an export holds no more than 64 KiB of them.
/// `@unchecked Sendable`: the connection is touched on `queue` only.
package final class Snapshot: @unchecked Sendable {
    private static let batchBytes = 64 * 1024

    private let pg: OpaquePointer
    private let queue = DispatchQueue(label: "pulse.postgres.snapshot")
    /// For the server's next words.
    private let timeout: Duration

    init(_ opened: OpenedConnection, timeout: Duration) {
        pg = opened.pg
        self.timeout = timeout
    }

    deinit { PQfinish(pg) }

    /// Begins a transaction that sees this moment and this organisation alone, and changes nothing.
    func begin(in org: OrgID) async throws(DatabaseError) {
        try await onQueue { () throws(DatabaseError) in
            try self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            // Whoever takes the rows decides how long that takes; silence between two of them has its own limit here.
            try self.run("SET LOCAL statement_timeout = 0")
            try self.run("SET LOCAL pulse.org_id = '\(org)'")
        }
    }

    /// Every row of `table` that belongs to the organisation, as `to_json` writes it, without a line break.
    /// - Throws: what `take` throws, which ends the snapshot, or `DatabaseError`.
    package func copy(_ table: StaticString, _ take: ([UInt8]) async throws -> Void) async throws {
        try await copy(rowsOf: "SELECT * FROM \(table)", take)
    }

    /// Every row of a query that is made of names from the catalogue, in its order; otherwise as above.
    package func copy(rowsOf query: String, _ take: ([UInt8]) async throws -> Void) async throws {
        try await onQueue { () throws(DatabaseError) in
            try self.run("COPY (SELECT to_json(t) FROM (\(query)) t) TO STDOUT", expecting: PGRES_COPY_OUT)
        }
        var isAtEnd = false
        while !isAtEnd {
            let batch = try await onQueue { () throws(DatabaseError) in try self.nextRows() }
            for row in batch.rows { try await take(row) }
            isAtEnd = batch.isLast
        }
    }

    // MARK: On the queue

    private func onQueue<Answer: Sendable>(
        _ work: @escaping @Sendable () throws(DatabaseError) -> Answer
    ) async throws(DatabaseError) -> Answer {
        let outcome: Result<Answer, DatabaseError> = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Result(catching: work)) }
        }
        return try outcome.get()
    }

    private func run(_ sql: String, expecting wanted: ExecStatusType = PGRES_COMMAND_OK) throws(DatabaseError) {
        guard PQsendQuery(pg, sql) == 1 else { throw lost }
        try awaitAnswer()
        guard let result = PQgetResult(pg) else { throw lost }
        defer { PQclear(result) }
        guard PQresultStatus(result) == wanted else { throw .server(ServerError(result)) }
        if wanted == PGRES_COMMAND_OK { while let rest = PQgetResult(pg) { PQclear(rest) } }
    }

    private func nextRows() throws(DatabaseError) -> (rows: [[UInt8]], isLast: Bool) {
        var rows: [[UInt8]] = []
        var bytes = 0
        while bytes < Self.batchBytes {
            var line: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(pg, &line, 1)
            switch length {
            case 1...:
                rows.append(Self.unescaped(UnsafeRawBufferPointer(start: line, count: Int(length))))
                PQfreemem(line)
                bytes += Int(length)
            case 0 where !rows.isEmpty: return (rows, false)
            case 0: try awaitInput()
            case -1:
                try finishCopy()
                return (rows, true)
            default: throw lost
            }
        }
        return (rows, false)
    }

    private func finishCopy() throws(DatabaseError) {
        var failure: ServerError?
        while let result = PQgetResult(pg) {
            if PQresultStatus(result) == PGRES_FATAL_ERROR { failure = ServerError(result) }
            PQclear(result)
        }
        if let failure { throw .server(failure) }
    }

    private func awaitAnswer() throws(DatabaseError) {
        while PQflush(pg) == 1 { try awaitSocket(Int16(POLLOUT)) }
        while PQisBusy(pg) == 1 { try awaitInput() }
    }

    private func awaitInput() throws(DatabaseError) {
        try awaitSocket(Int16(POLLIN))
        guard PQconsumeInput(pg) == 1 else { throw lost }
    }

    private func awaitSocket(_ events: Int16) throws(DatabaseError) {
        var wanted = pollfd(fd: PQsocket(pg), events: events, revents: 0)
        guard poll(&wanted, 1, Int32(timeout.inSeconds * 1000)) > 0 else { throw .timeout }
    }

    private var lost: DatabaseError {
        .unavailable(reason: PQerrorMessage(pg).map { String(cString: $0).trimmed } ?? "connection lost")
    }

    /// JSON has no control characters in it, so of COPY's text escapes only the doubled backslash can occur.
    private static func unescaped(_ line: UnsafeRawBufferPointer) -> [UInt8] {
        var row: [UInt8] = []
        row.reserveCapacity(line.count)
        var isEscaped = false
        for byte in line where byte != UInt8(ascii: "\n") {
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
            if !isEscaped { row.append(byte) }
        }
        return row
    }
}
