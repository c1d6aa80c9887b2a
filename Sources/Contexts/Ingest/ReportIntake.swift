import AgentProtocol
package import Bus
import Compression
import HTTPKit
import JSONKit
package import Kernel
import NIOConcurrencyHelpers
package import Postgres

/// Turns a body into durable reports and tells the worker.
package struct ReportIntake: Sendable {
    /// How often the server wants to hear from an agent.
    package static let reportIntervalSeconds = 10

    private let store: IngestStore
    private let shards: ShardDirectory
    private let bus: any MessageBus
    private let time: any TimeSource
    private let version: String

    package init(_ database: Database, bus: any MessageBus, time: any TimeSource, version: String) {
        store = IngestStore(database)
        shards = ShardDirectory(database, time: time)
        self.bus = bus
        self.time = time
        self.version = version
    }

    /// One report, now.
    func report(_ request: APIRequest) async throws -> ReportReply {
        let (agent, org) = try Self.sender(of: request)
        let plain = try Self.plainBody(of: request, limit: ReportLimits.decodedBytes)
        let report = try Self.read(HostReport.self, plain)
        try report.validate()
        let now = time.now
        _ = try await append(
            [report], bodies: [Self.packed(request, plain)], from: agent, in: org, at: now,
            isBackfill: false)
        var reply = ReportReply(agentID: agent.description)
        reply.lastSeen = now
        reply.platform = report.host.platform
        reply.osName = report.host.osName
        reply.osVersion = report.host.osVersion
        reply.serverVersion = version
        reply.reportIntervalSeconds = Self.reportIntervalSeconds
        return reply
    }

    /// Reports of the past, oldest first. All or nothing.
    func backfill(_ request: APIRequest) async throws -> BackfillReply {
        let (agent, org) = try Self.sender(of: request)
        let plain = try Self.plainBody(of: request, limit: ReportLimits.backfillDecodedBytes)
        let batch = try Self.read(Backfill.self, plain)
        guard !batch.reports.isEmpty else { return BackfillReply(accepted: 0, duplicates: 0) }
        for (index, report) in batch.reports.enumerated() {
            do {
                try report.validate()
            } catch {
                throw error.with(field: "reports.\(index).\(error.field ?? "")")
            }
        }
        let bodies = batch.reports.map { report in
            var writer = JSONWriter(capacity: 4096)
            report.encode(to: &writer)
            return Gzip.compress(writer.bytes, level: 1)
        }
        let seqs = try await append(
            batch.reports, bodies: bodies, from: agent, in: org, at: time.now,
            isBackfill: true)
        let accepted = seqs.count { $0 != nil }
        return BackfillReply(accepted: accepted, duplicates: seqs.count - accepted)
    }

    private func append(
        _ reports: [HostReport], bodies: [[UInt8]], from agent: AgentID, in org: OrgID, at now: Timestamp,
        isBackfill: Bool
    ) async throws -> [Int64?] {
        let machines = Set(reports.compactMap { $0.host.machineID?.trimmed.lowercased() }.filter { !$0.isEmpty })
        let streams = Set(reports.map { Self.sequence(of: $0)?.stream })
        guard machines.count <= 1 else { throw Problem.identityMismatch }
        guard streams.count == 1 else {
            throw Problem.invalidField("reports", "the reports of one batch must belong to one stream")
        }
        let entries = zip(reports, bodies).map { report, body in
            IngestStore.Entry(sequence: Self.sequence(of: report), body: body)
        }
        switch try await store.append(
            entries, from: agent, machine: machines.first, in: org, receivedAt: now,
            isBackfill: isBackfill)
        {
        case .unknownAgent: throw Problem.agentRevoked
        case .wrongMachine: throw Problem.identityMismatch
        case .committed(let seqs):
            await tell(seqs, bodies, agent, org, now, isBackfill)
            return seqs
        }
    }

    /// A stream's numbers start at 1. No honest counter gets to the last of Int64, which no range can end after.
    private static func sequence(of report: HostReport) -> (stream: String, number: Int64)? {
        guard let sequence = report.sequence, let number = Int64(exactly: sequence.number), number < .max else {
            return nil
        }
        return (sequence.stream, number)
    }

    private func tell(
        _ seqs: [Int64?], _ bodies: [[UInt8]], _ agent: AgentID, _ org: OrgID, _ now: Timestamp,
        _ isBackfill: Bool
    ) async {
        guard seqs.contains(where: { $0 != nil }), let shard = await shards.shard(of: org) else { return }
        for (seq, body) in zip(seqs, bodies) {
            guard let seq else { continue }
            let report = AcceptedReport(
                org: org, seq: seq, agent: agent, receivedAt: now, isBackfill: isBackfill, body: body)
            bus.publish(report.hint, to: .reports(shard: shard))
        }
    }

    private static func sender(of request: APIRequest) throws -> (AgentID, OrgID) {
        guard case .agent(let agent) = try request.caller().principal else { throw Problem.unauthenticated }
        return (agent, try request.org())
    }

    /// The body without its gzip, if it has one.
    private static func plainBody(of request: APIRequest, limit: Int) throws(Problem) -> [UInt8] {
        switch (request.headers["content-encoding"] ?? "").trimmed.lowercased() {
        case "", "identity":
            guard request.body.count <= limit else { throw .reportTooLarge(limit) }
            return request.body
        case "gzip":
            do throws(CompressionError) {
                return try Gzip.decompress(request.body, limit: limit)
            } catch .tooLarge {
                throw .reportTooLarge(limit)
            } catch {
                throw .notGzip
            }
        case let other:
            throw .unsupportedEncoding.with(detail: "“\(other.prefix(40))”: send gzip or nothing")
        }
    }

    private static func packed(_ request: APIRequest, _ plain: [UInt8]) -> [UInt8] {
        plain.count == request.body.count ? Gzip.compress(plain, level: 1) : request.body
    }

    private static func read<Value: JSONDecodable>(_: Value.Type, _ bytes: [UInt8]) throws(JSONError) -> Value {
        var reader = JSONReader(bytes, options: ReportLimits.readerOptions)
        let value: Value = try reader.decode()
        try reader.finish()
        return value
    }
}

extension Problem {
    package static let identityMismatch = Problem(
        "agent-identity-mismatch", status: 403, title: "This token belongs to another machine",
        detail:
            "An agent's token is bound to the machine it was enrolled on. Enrol this machine with a token of its own.",
        code: "agent_identity_mismatch")
    package static let agentRevoked = Problem(
        "agent-revoked", status: 403, title: "This agent was removed",
        detail: "The agent was removed; monitoring stopped. Enrol the machine again to go on.", code: "agent_revoked")

    static let notGzip = Problem(
        "invalid-compression", status: 400, title: "The body is not gzip", code: "invalid_json")
    static let unsupportedEncoding = Problem(
        "unsupported-encoding", status: 415, title: "This content encoding is not supported",
        code: "unsupported_encoding")

    static func reportTooLarge(_ limit: Int) -> Problem {
        Problem(
            "report-too-large", status: 413, title: "The report is too large",
            detail: "Unpacked it may have \(limit) bytes.", code: "report_too_large",
            extras: ["dimension": "decoded_json", "limitBytes": "\(limit)"])
    }
}
