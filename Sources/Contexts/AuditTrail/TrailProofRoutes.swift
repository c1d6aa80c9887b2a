internal import Access
internal import Audit
internal import Cryptography
package import HTTPKit
internal import JSONKit
package import Kernel
internal import Postgres

/// Proving the trail: one entry, all of it, and the export that is checked elsewhere.
package struct TrailProofRoutes: Sendable {
    private let store: TrailStore
    private let keys: TrailKeys
    private let time: any TimeSource

    package init(store: TrailStore, keys: TrailKeys, time: any TimeSource) {
        self.store = store
        self.keys = keys
        self.time = time
    }

    package var endpoints: [Endpoint] { [verifyAll, verifyOne, export] }

    /// Further checkpoints are looked for no further away than this: one is signed every ten minutes.
    private static let reach: Int64 = 5000

    private var verifyAll: Endpoint {
        Endpoint(
            .get, "/api/audit/verify", summary: "Check the whole chain, its checkpoints and its head",
            access: .permission(.readAudit), scope: .readAuditTrail, openTo: .evenClosing,
            audit: .none(reason: "reads only"),
            rate: .download, response: TrailSchemas.verdict, responseExample: TrailSchemas.verdictExample,
            timeout: .seconds(120)
        ) { [store, keys] request in
            let verdict = try await ChainAuditor(store: store, trusted: keys.trusted).verify(try request.org())
            return .json { verdict.write(to: &$0) }
        }
    }

    private var verifyOne: Endpoint {
        Endpoint(
            .get, "/api/audit/{id}/verify", summary: "Check that one entry is as it was written",
            access: .permission(.readAudit), scope: .readAuditTrail, openTo: .evenClosing,
            audit: .none(reason: "reads only"),
            problems: [.notFound], response: TrailSchemas.entryVerdict,
            responseExample: TrailSchemas.entryVerdictExample
        ) { [self] request in
            let org = try request.org()
            guard let entry = try await store.entry(try request.id("id"), in: org) else { throw Problem.notFound }
            let (fault, checkpoint) = try await look(at: entry, in: org)
            return .json { json in
                json.member("available", true)
                json.member("verified", fault == nil)
                json.member("message", fault ?? "unchanged since it was written")
                json.member("seq", entry.seq)
                json.member("hash", entry.hash.hex)
                json.member("checkpoint", checkpoint)
            }
        }
    }

    /// The entry after the one before it, and from it on to the next checkpoint or the head.
    private func look(
        at entry: AuditEntryValue, in org: OrgID
    ) async throws -> (fault: String?, checkpoint: Checkpoint?) {
        let (head, beginning) = try await store.ends(of: org)
        let previous =
            entry.seq == head.firstSeq
            ? beginning
            : try await store.entries(in: org, from: entry.seq - 1, through: entry.seq - 1, limit: 1).first?.hash
        guard let previous else { return ("the entry before it is missing", nil) }
        let checkpoint = try await store.checkpoints(in: org, from: entry.seq, limit: 1).first
        let last = min(checkpoint?.seq ?? head.seq, entry.seq + Self.reach)
        let auditor = ChainAuditor(store: store, trusted: keys.trusted)
        let (broken, hash) = try await auditor.follow(org, after: previous, from: entry.seq, through: last)
        if let broken {
            return (broken == entry.seq ? "it is not what was written" : "the chain breaks at entry \(broken)", nil)
        }
        guard let checkpoint, checkpoint.seq == last else { return (nil, nil) }
        guard checkpoint.hash == hash, checkpoint.isGenuine(in: org, trusting: keys.trusted) else {
            return ("it is not what was signed", nil)
        }
        return (nil, checkpoint)
    }

    private var export: Endpoint {
        Endpoint(
            .get, "/api/audit/export", summary: "Take the trail out, with a signed proof as its last line",
            kind: .download, access: .permission(.readAudit), scope: .readAuditTrail, openTo: .evenClosing,
            audit: .entry(action: AuditAction.auditExport.rawValue), rate: .download,
            query: [
                QueryParameter(
                    "format", .enumeration(ExportFormat.allCases.map(\.rawValue)), summary: "Default jsonl")
            ] + TrailFilter.range,
            response: .media("application/jsonl"), responseExample: "", timeout: .seconds(60)
        ) { [self] request in
            let org = try request.org()
            let name = request.query["format"] ?? ExportFormat.jsonl.rawValue
            guard let format = ExportFormat(rawValue: name) else {
                throw Problem.invalidField("format", "“\(name.prefix(20))” is neither jsonl nor csv")
            }
            let filter = try TrailFilter(request.query)
            let now = time.now
            let what: JSONValue = [
                "format": .string(format.rawValue), "from": filter.from.map { .string("\($0)") } ?? .null,
                "to": filter.to.map { .string("\($0)") } ?? .null,
            ]
            // First, so that the export shows itself; a download that breaks off was begun all the same.
            _ = try await store.database.batch(
                in: org,
                [try request.audit(.auditExport, of: "organisation:\(org)", before: nil, after: what, at: now)])
            let export = TrailExport(store: store, keys: keys, time: time)
            return APIResponse(
                headers: [
                    "content-type": format == .csv ? "text/csv; charset=utf-8; header=present" : "application/jsonl",
                    "content-disposition": "attachment; filename=\"audit-\(Self.stamp(now)).\(format.rawValue)\"",
                    "cache-control": "no-store",
                ],
                body: .stream { writer in
                    try await export.write(org, as: format, from: filter.from, to: filter.to) { bytes in
                        try await writer.write(bytes)
                    }
                })
        }
    }

    /// `20261121T093000Z`.
    private static func stamp(_ time: Timestamp) -> String {
        String(time.description.prefix(19).filter { $0 != "-" && $0 != ":" }) + "Z"
    }
}

extension ChainVerdict {
    func write(to json: inout JSONWriter) {
        json.member("verified", brokenSeq == nil)
        json.member("entries", entries)
        json.member("firstSeq", firstSeq)
        json.member("seq", seq)
        json.member("checkpoints", checkpoints)
        json.member("brokenSeq", brokenSeq)
        json.member("message", message)
    }
}
