internal import Access
internal import Audit
internal import Cryptography
package import HTTPKit
internal import JSONKit
package import Kernel
package import Postgres

/// Taking an organisation out, and into a fresh one, over HTTP.
package struct PortabilityRoutes: Sendable {
    private let out: OrganisationExport
    private let into: OrganisationImport

    /// - Parameter secret: the installation's, from which the key that signs archives is derived.
    package init(database: Database, secret: Secret<[UInt8]>, time: any TimeSource) {
        let key = ArchiveManifest.signingKey(secret: secret)
        let slots = PortabilitySlots()
        out = OrganisationExport(database: database, key: key, slots: slots, time: time)
        into = OrganisationImport(database: database, key: key, slots: slots, time: time)
    }

    package var endpoints: [Endpoint] { [export, take] }

    private var export: Endpoint {
        Endpoint(
            .get, "/api/orgs/{id}/export", summary: "Take everything the organisation owns out, as one archive",
            kind: .download, access: .permission(.ownOrg), openTo: [.active, .suspendedForBilling, .pendingDeletion],
            audit: .entry(action: AuditAction.organisationExport.rawValue), rate: .download,
            problems: [.freshSessionRequired, .exportRunning, .portabilityBusy], response: .media("application/gzip"),
            responseExample: "", timeout: .seconds(30)
        ) { [out] request in
            let prepared = try await out.prepare(for: request)
            let day = prepared.header.exportedAt.description.prefix(10).filter { $0 != "-" }
            return APIResponse(
                headers: [
                    "content-type": "application/gzip",
                    "content-disposition": "attachment; filename=\"pulse-\(prepared.header.slug)-\(day).tar.gz\"",
                    "cache-control": "no-store",
                ],
                body: .stream { writer in try await prepared.write { try await writer.write($0) } })
        }
    }

    private var take: Endpoint {
        Endpoint(
            .post, "/api/orgs/{id}/import", summary: "Take an archive into this fresh organisation",
            access: .permission(.ownOrg), audit: .entry(action: AuditAction.organisationImport.rawValue),
            idempotency: .natural, rate: .download,
            problems: [
                .freshSessionRequired, .importRunning, .portabilityBusy, .organisationNotEmpty, .archiveType,
                .archiveRefused,
            ],
            request: .media("application/gzip"), response: ImportReport.schema, responseExample: ImportReport.example,
            maxBodyBytes: PortabilityLimits.archiveBytes, takesUpload: true, timeout: PortabilityLimits.duration
        ) { [into] request in
            guard request.headers["content-type"]?.hasPrefix("application/gzip") == true else {
                throw Problem.archiveType
            }
            return .json(try await into.take(request).json)
        }
    }
}
