internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// Takes an organisation out as of one moment.
struct OrganisationExport: Sendable {
    let database: Database
    let key: SigningKey
    let slots: PortabilitySlots
    let time: any TimeSource

    /// What is written when it is asked for, after everything that could refuse it.
    struct Prepared: Sendable {
        let header: ArchiveHeader
        let write: @Sendable (@escaping ([UInt8]) async throws -> Void) async throws -> Void
    }

    /// Leaves its entry in the trail first, so that the export shows itself.
    func prepare(for request: APIRequest) async throws -> Prepared {
        let org = try request.org()
        let now = time.now
        let named = try await database.asOrg(org) { transaction in
            try await transaction.requireFreshSession(request, at: now)
            // Held for this moment only; the export's own connection takes it again and keeps it.
            let isFree = try await transaction.first(
                "SELECT pg_try_advisory_xact_lock(hashtextextended('pulse export ' || \(org)::text, 0))"
            ) { try $0.next(Bool.self) }
            guard isFree == true else { throw Problem.exportRunning }
            transaction.atCommit(try request.audit(.organisationExport, of: "organisation:\(org)", at: now))
            return try await transaction.first(
                "SELECT slug, name, ARRAY(SELECT user_id FROM members WHERE role = 'owner') FROM org_details()"
            ) { (slug: try $0.next(String.self), name: try $0.next(String.self), owners: try $0.next([UserID].self)) }
        }
        guard let named else { throw Problem.organisationNotFound }
        let header = ArchiveHeader(
            org: org, slug: named.slug, displayName: named.name, exportedAt: now, owners: named.owners,
            signer: key.verifying)
        let tables = try await PortableTable.all(in: database)
        let slot = try slots.take()
        return Prepared(header: header) { sink in
            defer { slot.giveBack() }
            try await write(header, tables, sink)
        }
    }

    private func write(
        _ header: ArchiveHeader, _ tables: [PortableTable], _ sink: @escaping ([UInt8]) async throws -> Void
    ) async throws {
        let end = time.monotonic + PortabilityLimits.duration
        try await database.snapshot(of: header.org) { snapshot in
            try await settle(snapshot, for: header.org)
            var archive = try await ArchiveWriter(header, key: key, sink)
            for table in tables {
                if case .staysBehind = table.handling { continue }
                try await archive.write(table) { take in
                    try await snapshot.copy(rowsOf: table.query) { row in
                        guard time.monotonic < end else { throw CancellationError() }
                        try await take(row)
                    }
                }
            }
            try await archive.finish()
            // Now, and not when the server notices that the connection has gone: the next export may come at once.
            try await snapshot.copy(rowsOf: "SELECT pg_advisory_unlock(\(Self.lock(of: header.org)))") { _ in }
        }
    }

    private static func lock(of org: OrgID) -> String { "hashtextextended('pulse export \(org)', 0)" }

    /// One export of an organisation at a time, wherever it runs; values written the one way they are read back.
    private func settle(_ snapshot: Snapshot, for org: OrgID) async throws {
        var isFree = false
        let settings = PortableForm.settings.map { "set_config('\($0.name)', '\($0.value)', true)" }
        let lock = "pg_try_advisory_lock(\(Self.lock(of: org))) AS free"
        try await snapshot.copy(rowsOf: "SELECT \(([lock] + settings).joined(separator: ", "))") { row in
            isFree = try JSONValue(json: row)["free"]?.bool ?? false
        }
        guard isFree else { throw Problem.exportRunning }
    }
}

/// How values are written, whatever the server's settings say: an archive must read the same everywhere.
enum PortableForm {
    static let settings: [(name: String, value: String)] = [
        ("TimeZone", "UTC"), ("DateStyle", "ISO, YMD"), ("IntervalStyle", "iso_8601"), ("bytea_output", "hex"),
        ("extra_float_digits", "1"), ("idle_in_transaction_session_timeout", "90s"),
    ]
}
