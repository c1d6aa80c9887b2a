internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres

/// Takes an archive into a fresh organisation, in one transaction: all of it or nothing.
struct OrganisationImport: Sendable {
    let database: Database
    let key: SigningKey
    let slots: PortabilitySlots
    let time: any TimeSource

    func take(_ request: APIRequest) async throws -> ImportReport {
        let org = try request.org()
        let person = try request.caller().person().user
        let slot = try slots.take()
        defer { slot.giveBack() }
        let tables = try await PortableTable.all(in: database)
        return try await database.asOrg(org, timeout: .seconds(60)) { transaction in
            let now = time.now
            try await transaction.requireFreshSession(request, at: now)
            try await settle(transaction)
            var stream = try ArchiveStream(request.upload)
            let header = try await begin(&stream, in: transaction, by: person, at: now)
            var intake = try await ImportIntake(
                header: header, isOurs: header.signer == key.verifying, tables: tables, org: org, person: person,
                at: now, transaction: transaction)
            try await take(&stream, header, into: &intake)
            let report = try await intake.finish()
            transaction.atCommit(
                try request.audit(
                    .organisationImport, of: "organisation:\(org)", before: nil, after: report.summary, at: now))
            return report
        }
    }

    private func settle(_ transaction: Transaction) async throws {
        let settings: [SQL] = PortableForm.settings.map { "SELECT set_config(\($0.name), \($0.value), true)" }
        _ = try await transaction.batch(settings)
    }

    private func begin(
        _ stream: inout ArchiveStream, in transaction: Transaction, by person: UserID, at now: Timestamp
    ) async throws -> ArchiveHeader {
        guard let first = try await stream.next(), first.name == ArchiveHeader.name else {
            throw ArchiveRefusal(reason: "it does not begin with \(ArchiveHeader.name)")
        }
        let header = try ArchiveHeader(json: first.bytes)
        stream.note(first, rows: 0)
        let outcome = try await transaction.first(
            "SELECT begin_import(\(person), \(header.org), \(header.slug), \(header.exportedAt), \(now))"
        ) { try $0.next(String.self) }
        switch outcome {
        case "ok": return header
        case "busy": throw Problem.importRunning
        case "not-empty": throw Problem.organisationNotEmpty
        default: throw Problem.forbidden
        }
    }

    private func take(
        _ stream: inout ArchiveStream, _ header: ArchiveHeader, into intake: inout ImportIntake
    ) async throws {
        var list: Tar.File?
        while let file = try await stream.next() {
            if let list {
                guard file.name == ArchiveManifest.signatureName else {
                    throw ArchiveRefusal(reason: "nothing comes after the manifest but its signature", file: file.name)
                }
                let signature = Base64URL.decode(file.bytes) ?? []
                guard header.signer.isValid(signature, of: list.bytes) else {
                    throw ArchiveRefusal(reason: "the signature is not of this manifest", file: file.name)
                }
                guard try await stream.next() == nil else { throw ArchiveRefusal(reason: "something follows its end") }
                return
            }
            if file.name == ArchiveManifest.name {
                try stream.compare(file)
                list = file
            } else {
                stream.note(file, rows: try await intake.take(file))
            }
        }
        throw ArchiveRefusal(reason: "its manifest or signature is missing")
    }
}
