import CPQ
import CReactor
import DequeModule
import Dispatch
import Glibc
import Kernel

/// One libpq connection in pipeline mode: flights go out back to back and their answers come in order.
///
/// Whoever has something to do here does it on its own thread, with what others have brought meanwhile; the reactor only
/// tells that something can be read.
/// `@unchecked Sendable`: all state is touched by `perform`, which one thread at a time runs.
final class Connection: ReactorClient, @unchecked Sendable {
    private enum Work: Sendable {
        case launch(Flight, @Sendable (Flight.Outcome) -> Void)
        case abandon(Flight)
        case attach(OpenedConnection)
        case read
        case expire(Duration)
        case cancelIsOver
        case close
    }

    /// Prepared statements a connection keeps; beyond that a statement is parsed each time. Our programs have a few hundred.
    private static let preparedLimit = 1024

    let index: Int
    private let queue = CombiningQueue<Work>()
    private let reactor: Reactor
    private let onLoss: @Sendable (Int, String) -> Void
    private let onNotification: (@Sendable (String, String) -> Void)?
    private var pg: OpaquePointer?
    /// How many sessions were opened so far.
    private var session = 0
    private var socket: Int32 = -1
    private var flights: Deque<Flight> = []
    /// Flights that wait for a cancel request to be over: it hits whatever runs when it arrives.
    private var held: [Flight] = []
    private var isCancelling = false
    private var prepared: [StatementKey: String] = [:]
    private var preparedNames = 0
    private var watchesWrite = false

    init(
        index: Int, reactor: Reactor, onNotification: (@Sendable (String, String) -> Void)? = nil,
        onLoss: @escaping @Sendable (Int, String) -> Void
    ) {
        self.index = index
        self.reactor = reactor
        self.onLoss = onLoss
        self.onNotification = onNotification
    }

    // MARK: From any thread

    /// Sends the statements and suspends until all is known, the deadline passes, or (unless told otherwise) the task
    /// is cancelled.
    func fly(_ flight: Flight, ignoringCancellation: Bool = false) async -> Flight.Outcome {
        if ignoringCancellation { return await launch(flight) }
        return await withTaskCancellationHandler {
            await launch(flight)
        } onCancel: {
            bring(.abandon(flight))
        }
    }

    private func launch(_ flight: Flight) async -> Flight.Outcome {
        await withCheckedContinuation { continuation in launch(flight) { continuation.resume(returning: $0) } }
    }

    /// Sends the statements; `done` is called once, on any thread.
    func launch(_ flight: Flight, _ done: @escaping @Sendable (Flight.Outcome) -> Void) { bring(.launch(flight, done)) }

    /// Takes over a connection that `Connector` opened.
    func attach(_ opened: OpenedConnection) { bring(.attach(opened)) }

    /// Ends the connection; what is in flight fails.
    func close() { bring(.close) }

    func socketIsReady() { bring(.read) }
    func tick(at now: Duration) { bring(.expire(now)) }

    private func bring(_ work: Work) { queue.bring(work, perform: perform) }

    // MARK: One thread at a time

    private func perform(_ batch: [Work]) {
        // libpq sends at every Sync. Held together, what has piled up goes out as one segment and wakes the server once.
        let isCorked = batch.count > 1 && cork(true)
        for work in batch {
            switch work {
            case .launch(let flight, let done): if flight.begin(done) { send(flight) }
            case .abandon(let flight):
                flight.finish(.failed(.cancelled))
                cancelHeadIfAbandoned()
            case .attach(let opened): adopt(opened.pg)
            case .read: read()
            case .expire(let now): expire(at: now)
            case .cancelIsOver: cancelIsOver()
            case .close: lose("closed", tell: false)
            }
        }
        if isCorked { _ = cork(false) }
    }

    /// - Returns: false on a socket that knows no such thing, a Unix domain's.
    private func cork(_ isOn: Bool) -> Bool {
        guard pg != nil else { return false }
        var value: Int32 = isOn ? 1 : 0
        return setsockopt(socket, Int32(IPPROTO_TCP), TCP_CORK, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }

    private func adopt(_ pg: OpaquePointer) {
        self.pg = pg
        session += 1
        socket = PQsocket(pg)
        watchesWrite = false
        prepared.removeAll(keepingCapacity: true)
        preparedNames = 0
        reactor.add(socket, client: self)
    }

    private func send(_ flight: Flight) {
        guard !flight.isDone else { return }
        guard let pg else { return flight.finish(.failed(.unavailable(reason: "connection lost"))) }
        guard flight.session == nil || flight.session == session else {
            return flight.finish(.failed(.unavailable(reason: "the transaction was cut off")))
        }
        if isCancelling { return held.append(flight) }
        flight.session = session
        for (index, statement) in flight.statements.enumerated() {
            guard send(statement, isWanted: index >= flight.openings, in: flight, on: pg) else { break }
        }
        flights.append(flight)
        guard PQpipelineSync(pg) == 1 else { return lose(message(of: pg), tell: true) }
        flush()
    }

    private func send(_ statement: SQL, isWanted: Bool, in flight: Flight, on pg: OpaquePointer) -> Bool {
        let key = StatementKey(text: statement.text, types: statement.types)
        var name = prepared[key]
        if name == nil, prepared.count < Self.preparedLimit {
            // A name is never used twice on a connection: one that failed to be prepared may leave a hole.
            preparedNames += 1
            let fresh = "p\(preparedNames)"
            guard PQsendPrepare(pg, fresh, statement.text, Int32(key.types.count), key.types) == 1 else { return false }
            prepared[key] = fresh
            flight.steps.append(.prepare(key))
            name = fresh
        }
        flight.steps.append(.execute(name == nil ? nil : key, isWanted: isWanted))
        return statement.withParameters { count, values, lengths, formats in
            if let name {
                PQsendQueryPrepared(pg, name, count, values, lengths, formats, 1) == 1
            } else {
                PQsendQueryParams(pg, statement.text, count, key.types, values, lengths, formats, 1) == 1
            }
        }
    }

    private func flush() {
        guard let pg else { return }
        let state = PQflush(pg)
        if state < 0 { return lose(message(of: pg), tell: true) }
        if (state == 1) != watchesWrite {
            watchesWrite = state == 1
            watch()
        }
        // A flush that had to wait may have read meanwhile, and nothing would tell of that again.
        if watchesWrite { receive() }
    }

    private func read() {
        guard let pg else { return }
        if PQconsumeInput(pg) != 1 { return lose(message(of: pg), tell: true) }
        if watchesWrite { flush() }
        receive()
        notify()
        watch()
    }

    private func watch() {
        guard pg != nil else { return }
        reactor.wait(for: pulse_readable | (watchesWrite ? pulse_writable : 0), of: socket)
    }

    private func receive() {
        var emptyInARow = 0
        while let pg, let flight = flights.first, PQisBusy(pg) == 0 {
            guard let result = PQgetResult(pg) else {
                // A NULL ends each statement's results; two in a row mean that nothing has arrived.
                emptyInARow += 1
                if emptyInARow > 2 { return }
                continue
            }
            emptyInARow = 0
            take(result, for: flight)
        }
    }

    private func take(_ result: OpaquePointer, for flight: Flight) {
        let status = PQresultStatus(result)
        if status == PGRES_PIPELINE_SYNC {
            PQclear(result)
            flights.removeFirst()
            flight.finish()
            cancelHeadIfAbandoned()
            return
        }
        guard flight.position < flight.steps.count else { return PQclear(result) }
        let step = flight.steps[flight.position]
        flight.position += 1
        switch status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
            if case .execute(_, true) = step { return flight.keep(ResultSet(result)) }
        case PGRES_FATAL_ERROR:
            let error = ServerError(result)
            if case .execute(.some(let key), _) = step,
                [SQLState.invalidStatementName, SQLState.featureNotSupported].contains(error.state)
            {
                prepared[key] = nil
            }
            forget(step)
            flight.fail(error)
        case PGRES_PIPELINE_ABORTED: forget(step)
        default: flight.fail(ServerError(state: "08P01", message: "unexpected result", constraint: nil, table: nil))
        }
        PQclear(result)
        if let pg, PQstatus(pg) == CONNECTION_BAD { lose(message(of: pg), tell: true) }
    }

    /// A statement that failed to be prepared, or was skipped, does not exist on the server.
    private func forget(_ step: Flight.Step) {
        if case .prepare(let key) = step { prepared[key] = nil }
    }

    private func notify() {
        guard let pg else { return }
        while let notification = PQnotifies(pg) {
            let channel = String(cString: notification.pointee.relname)
            let payload = String(cString: notification.pointee.extra)
            PQfreemem(notification)
            onNotification?(channel, payload)
        }
    }

    private func expire(at now: Duration) {
        for flight in flights where !flight.isDone && flight.deadline <= now { flight.finish(.failed(.timeout)) }
        for flight in held where !flight.isDone && flight.deadline <= now { flight.finish(.failed(.timeout)) }
        cancelHeadIfAbandoned()
    }

    /// The server works on a flight that nobody waits for: tell it to stop. PQcancel blocks, so it has its own thread.
    private func cancelHeadIfAbandoned() {
        guard let pg, let head = flights.first, head.isDone, !isCancelling, let cancel = PQgetCancel(pg) else {
            return
        }
        isCancelling = true
        for flight in flights { flight.mayBeHit = true }
        let request = CancelRequest(cancel)
        CancelRequest.queue.async {
            request.send()
            self.bring(.cancelIsOver)
        }
    }

    private func cancelIsOver() {
        isCancelling = false
        let waiting = held
        held.removeAll()
        for flight in waiting { send(flight) }
        cancelHeadIfAbandoned()
    }

    private func lose(_ reason: String, tell: Bool) {
        guard let pg else { return }
        reactor.remove(socket)
        self.pg = nil
        receiveLastWords(from: pg)
        PQfinish(pg)
        for flight in flights + held { flight.finish(.failed(.unavailable(reason: reason))) }
        flights.removeAll()
        held.removeAll()
        if tell { onLoss(index, reason) }
    }

    /// A server that goes away says why (57P01) before it closes: the flights in question get that, the rest `unavailable`.
    private func receiveLastWords(from pg: OpaquePointer) {
        while let flight = flights.first, PQisBusy(pg) == 0, let result = PQgetResult(pg) {
            let status = PQresultStatus(result)
            if status == PGRES_PIPELINE_SYNC {
                PQclear(result)
                flights.removeFirst()
                flight.finish()
            } else if status == PGRES_FATAL_ERROR {
                PQclear(result)
                return
            } else {
                take(result, for: flight)
            }
        }
    }

    private func message(of pg: OpaquePointer) -> String {
        let text = PQerrorMessage(pg).map { String(cString: $0) } ?? ""
        return text.isEmpty ? "connection lost" : text.trimmed
    }
}

extension SQL {
    /// The parameters in the arrays that libpq wants, valid during `body`.
    func withParameters<Answer>(
        _ body: (
            Int32, UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>, UnsafePointer<Int32>
        ) -> Answer
    ) -> Answer {
        // One byte more, so that an empty value has an address: a null pointer would mean NULL.
        let bytes = values + [0]
        return bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { characters in
                var offset = 0
                var pointers: [UnsafePointer<CChar>?] = []
                pointers.reserveCapacity(lengths.count + 1)
                for length in lengths {
                    pointers.append(length < 0 ? nil : characters.baseAddress! + offset)
                    offset += Int(max(length, 0))
                }
                let formats = [Int32](repeating: 1, count: lengths.count)
                return body(Int32(lengths.count), pointers, lengths, formats)
            }
        }
    }
}

extension ServerError {
    init(_ result: OpaquePointer) {
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue!)).map { String(cString: $0) }
        }
        self.init(
            state: field("C") ?? "XX000", message: field("M") ?? "unknown error", constraint: field("n"),
            table: field("t"))
    }
}

/// `@unchecked Sendable`: a PGcancel is immutable after PQgetCancel and made for use from other threads.
private final class CancelRequest: @unchecked Sendable {
    static let queue = DispatchQueue(label: "pulse.postgres.cancel")
    private let cancel: OpaquePointer
    init(_ cancel: OpaquePointer) { self.cancel = cancel }
    deinit { PQfreeCancel(cancel) }

    func send() {
        var message = [CChar](repeating: 0, count: 256)
        _ = PQcancel(cancel, &message, 256)
    }
}
