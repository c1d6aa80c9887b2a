import AgentProtocol
import Compression
import JSONKit
import Kernel
import Logging

/// What is to be sent: the newest report for the live lane, everything older for the backlog lane.
actor Outbox {
    /// One report on its way.
    struct Parcel: Sendable {
        /// Nil when the disk did not take the report: then it is sent once and not kept.
        let number: UInt64?
        let gzippedBody: [UInt8]
    }
    /// Several old reports on their way.
    struct Batch: Sendable {
        let numbers: [UInt64]
        let gzippedBody: [UInt8]
    }

    private nonisolated let executor = BlockingExecutor("pulse-agent.outbox")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let queue: ReportQueue
    private let ackLog: AckLog?
    private let logger: Logger
    private let randomness: Randomness
    /// The last report of this process; the live lane's until it is delivered or a newer one comes.
    private var newest: UInt64?
    private var sending: UInt64?
    /// Built anew for reports that the disk refuses: their numbers must not collide with stored ones.
    private var unstored: (stream: String, number: UInt64)?
    private var unstoredParcel: Parcel?
    private var dropped = 0
    /// Set by the live lane: the backlog is not thrown at a server that does not even take live reports.
    private(set) var linkIsUp = false

    init(
        directory: String, limits: ReportQueue.Limits = ReportQueue.Limits(), ackLog: String? = nil,
        randomness: Randomness = .system, logger: Logger
    ) throws(AgentError) {
        queue = try ReportQueue(directory: directory, limits: limits, randomness: randomness)
        self.ackLog = if let ackLog { try AckLog(ackLog) } else { nil }
        self.logger = logger
        self.randomness = randomness
        if queue.tornBytes > 0 {
            let torn = queue.tornBytes
            logger.warning("queue had a torn end, cut off", metadata: [LogKey.bytes: "\(torn)"])
        }
    }

    var waiting: Int { queue.entries.count }
    var stream: String { queue.stream }

    func setLink(up: Bool) { linkIsUp = up }

    // MARK: In

    /// Gives the report its number and stores it.
    func add(_ report: HostReport, at time: Timestamp) {
        var report = report
        let number = queue.nextNumber
        report.sequenceID = SequenceID(stream: queue.stream, number: number).description
        do {
            let gone = try queue.append(Gzip.compress(report.json), number: number, at: time)
            newest = number
            unstoredParcel = nil
            if gone > 0 {
                let waiting = queue.entries.count
                dropped += gone
                logger.warning(
                    "queue is full, oldest reports dropped",
                    metadata: [LogKey.count: "\(gone)", LogKey.waiting: "\(waiting)"])
            }
        } catch {
            logger.error("report could not be stored, it is sent once only", metadata: [LogKey.reason: "\(error)"])
            let place = unstored.map { ($0.stream, $0.number + 1) } ?? (randomness.hexadecimal(16), 1)
            unstored = (stream: place.0, number: place.1)
            report.sequenceID = SequenceID(stream: place.0, number: place.1).description
            unstoredParcel = Parcel(number: nil, gzippedBody: Gzip.compress(report.json))
        }
    }

    // MARK: The live lane

    /// The newest report, when it is not delivered yet.
    func takeLive() -> Parcel? {
        if let parcel = unstoredParcel {
            unstoredParcel = nil
            return parcel
        }
        guard let newest, let entry = queue.entries.last, entry.number == newest else { return nil }
        guard let body = queue.payload(of: entry) else {
            drop([newest], "a stored report cannot be read back")
            return nil
        }
        sending = newest
        return Parcel(number: newest, gzippedBody: body)
    }

    /// The live lane lets go of the report, delivered or not.
    func liveEnded() { sending = nil }

    // MARK: The backlog lane

    var hasBacklog: Bool { queue.entries.contains { $0.number != newest && $0.number != sending } }

    /// The oldest reports, at most `count` and 4 MiB of JSON together (the server takes 10).
    func takeBatch(_ count: Int) -> Batch? {
        var numbers: [UInt64] = []
        var bodies: [[UInt8]] = []
        var bytes = 0
        var damaged: [UInt64] = []
        for entry in queue.entries where entry.number != newest && entry.number != sending {
            guard numbers.count < count, bytes < 4 * 1024 * 1024 else { break }
            guard let body = queue.payload(of: entry).flatMap({ try? Gzip.decompress($0, limit: 4 * 1024 * 1024) })
            else {
                damaged.append(entry.number)
                continue
            }
            numbers.append(entry.number)
            bodies.append(body)
            bytes += body.count
        }
        if !damaged.isEmpty { drop(damaged, "stored reports cannot be read back") }
        guard !numbers.isEmpty else { return nil }
        return Batch(numbers: numbers, gzippedBody: Gzip.compress(Backfill.body(of: bodies)))
    }

    // MARK: Out

    func acknowledge(_ numbers: [UInt64]) {
        let wanted = Set(numbers)
        let reports = queue.entries.filter { wanted.contains($0.number) }
        ackLog?.append(stream: queue.stream, reports.map { ($0.number, $0.timeMilliseconds) })
        queue.finish(numbers)
        logger.debug(
            "acknowledged", metadata: [LogKey.number: "\(numbers.first ?? 0)", LogKey.count: "\(numbers.count)"])
    }

    /// Put aside: the server will never take these, and nothing behind them must wait.
    func drop(_ numbers: [UInt64], _ reason: String) {
        queue.finish(numbers)
        dropped += numbers.count
        logger.warning(
            "reports dropped",
            metadata: [
                LogKey.reason: "\(reason)", LogKey.number: "\(numbers.first ?? 0)", LogKey.count: "\(numbers.count)",
            ])
    }

    /// Since the process began.
    var droppedReports: Int { dropped }
}

extension Randomness {
    func hexadecimal(_ count: Int) -> String {
        bytes(count).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
