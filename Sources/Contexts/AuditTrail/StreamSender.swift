internal import Audit
internal import CoreMetrics
internal import JSONKit
package import Kernel
package import Logging
package import Outbound
package import Postgres
internal import ServiceLifecycle

/// Sends entries to the streams, in their order and each at least once: what was taken over is noted after it was, so a
/// crash between the two sends it again. A receiver knows it by its number.
package struct StreamSender: Service {
    private enum LogKey {
        static let org = "org"
        static let stream = "stream"
        static let reason = "reason"
        static let error = "error"
    }

    private let streams: StreamStore
    private let trail: TrailStore
    private let workers: Database
    private let client: GuardedClient
    private let lines: GuardedStream
    private let hostname: String
    private let time: any TimeSource
    private let logger: Logger

    /// Streams served at once; each has one connection at a time.
    private static let width = 8
    /// Entries of one turn: others wait no longer than it takes to send these.
    private static let batch = 100
    /// A turn begins nothing new after this; with the 10 s of its last message it ends before the lease does.
    private static let turn: Duration = .seconds(60)
    /// Seconds after which a turn is somebody else's.
    private static let lease = 120
    private static let timeout: Duration = .seconds(10)

    /// - Parameter hostname: as syslog names us.
    package init(
        _ streams: StreamStore, trail: TrailStore, workers: Database, addresses: AddressGuard, hostname: String,
        time: any TimeSource, logger: Logger
    ) {
        self.streams = streams
        self.trail = trail
        self.workers = workers
        self.hostname = hostname
        self.time = time
        self.logger = logger
        client = GuardedClient(addresses)
        lines = GuardedStream(addresses)
    }

    package func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                if try await round() > 0 { continue }
            } catch {
                logger.warning("audit streams failed, trying again", metadata: [LogKey.error: "\(error)"])
            }
            try? await cancelWhenGracefulShutdown { try await time.sleep(for: .seconds(1)) }
        }
    }

    /// One turn for every stream that has something to send.
    /// - Returns: how many had.
    @discardableResult
    package func round() async throws -> Int {
        let due = try await workers.rowsGlobally(
            "SELECT org_id, id FROM audit_streams_claim(\(time.now), \(Int32(Self.lease)), \(Int32(Self.width)))"
        ) { (org: try $0.next(OrgID.self), id: try $0.next(AuditStreamID.self)) }
        await withDiscardingTaskGroup { group in
            for (org, id) in due { group.addTask { await turn(id, in: org) } }
        }
        return due.count
    }

    private func turn(_ id: AuditStreamID, in org: OrgID) async {
        do {
            guard let due = try await streams.due(id, in: org) else { return }
            let head = try await trail.ends(of: org).head
            let entries = try await trail.entries(
                in: org, from: max(due.sentSeq + 1, head.firstSeq), through: head.seq, limit: Self.batch)
            // Entries that should be there are not: the chain is broken, and asking again at once would not mend it.
            let (sent, failure) =
                entries.isEmpty ? (nil, Failure(reason: "missing")) : await send(entries, to: due, of: org)
            guard let failure else {
                return try await streams.note(id, in: org, sent: sent ?? due.sentSeq, at: time.now)
            }
            TrailMetrics.sendFailures.increment()
            logger.info(
                "audit stream not taken",
                metadata: [
                    LogKey.org: "\(org)", LogKey.stream: "\(id)", LogKey.reason: "\(failure.reason)",
                ])
            try await streams.note(
                id, in: org, sent: sent ?? due.sentSeq, at: time.now,
                failure: (failure.reason, time.now + Self.pause(after: due.failures), failure.isGone))
        } catch {
            // The lease runs out, and the turn is somebody's again.
            logger.warning(
                "audit stream turn failed", metadata: [LogKey.stream: "\(id)", LogKey.error: "\(error)"])
        }
    }

    /// 5 s, 15 s, 45 s … at most an hour.
    static func pause(after failures: Int) -> Duration {
        .seconds((0..<min(failures, 8)).reduce(5) { pause, _ in min(3600, pause * 3) })
    }

    struct Failure: Sendable, Equatable {
        /// `auth`, `rateLimited`, `gone`, `missing`, or the name of an `OutboundError`.
        let reason: String
        var isGone = false
    }

    /// - Returns: the last entry that was taken, and what came after it.
    private func send(
        _ entries: [AuditEntryValue], to due: StreamStore.Due, of org: OrgID
    ) async -> (sent: Int64?, failure: Failure?) {
        switch due.kind {
        case .webhook:
            let end = time.monotonic + Self.turn
            var sent: Int64?
            for entry in entries where time.monotonic < end {
                if let failure = await post(entry, to: due, of: org) { return (sent, failure) }
                sent = entry.seq
            }
            return (sent, nil)
        case .syslog:
            guard let last = entries.last, let (host, port) = StreamAddress.hostAndPort(due.address.reveal()) else {
                return (nil, Failure(reason: OutboundError.badAnswer.rawValue))
            }
            let bytes = entries.flatMap { SyslogMessage.frame($0, of: org, from: hostname) }
            do {
                try await lines.send(
                    bytes, host: host, port: port, certificates: due.certificates.map { Array($0.utf8) },
                    timeout: Self.timeout)
                return (last.seq, nil)
            } catch {
                return (nil, Failure(reason: (error as? OutboundError ?? .unreachable).rawValue))
            }
        }
    }

    private func post(_ entry: AuditEntryValue, to due: StreamStore.Due, of org: OrgID) async -> Failure? {
        guard let target = OutboundTarget(due.address.reveal()), let secret = due.secret else {
            return Failure(reason: OutboundError.badAnswer.rawValue)
        }
        let body = Self.body(entry, of: org)
        var headers = WebhookSignature.headers(
            id: entry.id.description, at: time.now, body: body, secret: secret)
        headers += [("content-type", "application/json"), ("user-agent", "Pulse-Audit/1")]
        do {
            let answer = try await client.send(
                "POST", to: target, headers: headers, body: body, timeout: Self.timeout, maxBytes: 64 * 1024)
            return Self.failure(of: answer.status)
        } catch {
            return Failure(reason: (error as? OutboundError ?? .unreachable).rawValue)
        }
    }

    static func failure(of status: Int) -> Failure? {
        switch status {
        case 200..<300: nil
        case 401, 403: Failure(reason: "auth")
        case 410: Failure(reason: "gone", isGone: true)
        case 429: Failure(reason: "rateLimited")
        default: Failure(reason: OutboundError.badAnswer.rawValue)
        }
    }

    private static func body(_ entry: AuditEntryValue, of org: OrgID) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.object { json in
            json.member("type", "audit.\(entry.action)")
            json.member("timestamp", entry.at)
            json.member("orgId", org)
            json.key("data")
            json.raw(ExportLine.json(entry).dropLast())
        }
        return writer.bytes
    }
}
