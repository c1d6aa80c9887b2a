package import Cryptography
package import Kernel
package import Logging
package import Postgres
internal import ServiceLifecycle

/// Erases organisations whose time to be restored is over: keys first, then rows, then a certificate that says so.
///
/// Each step may be repeated, and the organisation counts as erased only with its certificate, so what is cut off
/// anywhere is finished by the next round, here or in another process.
package struct OrganisationEraser: Service {
    /// Destroying an organisation's keys, which is the vault's.
    package struct Shredding: Sendable {
        let shred: @Sendable (OrgID) async throws -> Void
        let isShredded: @Sendable (OrgID) async throws -> Bool

        package init(
            shred: @escaping @Sendable (OrgID) async throws -> Void,
            isShredded: @escaping @Sendable (OrgID) async throws -> Bool
        ) {
            self.shred = shred
            self.isShredded = isShredded
        }
    }

    private static let pause: Duration = .seconds(60)
    /// Tables that need each other are through after as many passes; one more finds nothing.
    private static let passes = 5

    private let worker: Database
    private let shredding: Shredding
    private let signing: SigningKey
    private let backupHorizonDays: Int
    private let time: any TimeSource
    private let logger: Logger

    /// - Parameter worker: as the workers' role.
    package init(
        worker: Database, shredding: Shredding, signing: SigningKey, backupHorizonDays: Int, time: any TimeSource,
        logger: Logger
    ) {
        self.worker = worker
        self.shredding = shredding
        self.signing = signing
        self.backupHorizonDays = backupHorizonDays
        self.time = time
        self.logger = logger
    }

    package func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                for org in try await due() { await tryToErase(org) }
            } catch {
                logger.warning("organisations to erase not found, trying again", metadata: ["error": "\(error)"])
            }
            try? await cancelWhenGracefulShutdown { try await time.sleep(for: Self.pause) }
        }
    }

    /// A key provider that is away keeps one organisation waiting, not the others.
    private func tryToErase(_ org: OrgID) async {
        do {
            try await erase(org)
        } catch {
            logger.warning("erasure not finished, trying again", metadata: ["org": "\(org)", "error": "\(error)"])
        }
    }

    /// What a restored database has brought back: nobody enters it from here on, and `due` names it.
    /// - Returns: how many there were.
    @discardableResult
    package func takeUp() async throws -> Int {
        try await worker.firstGlobally("SELECT erase_again()", timeout: .seconds(30)) { try $0.next(Int.self) } ?? 0
    }

    /// Those whose time is over, and those that were begun and not finished.
    package func due() async throws -> [OrgID] {
        try await worker.rowsGlobally(
            """
            SELECT id FROM orgs
            WHERE (state = 'pending_deletion' AND delete_after <= \(time.now)) OR (state = 'deleted' AND erased_at IS NULL)
            ORDER BY id LIMIT 100
            """, timeout: .seconds(10)
        ) { try $0.next(OrgID.self) }
    }

    /// - Returns: `nil` when it is not due.
    @discardableResult
    package func erase(_ org: OrgID) async throws -> ErasureCertificate? {
        let requestedAt = try await worker.firstGlobally("SELECT deletion_requested_at FROM orgs WHERE id = \(org)") {
            try $0.next(Timestamp?.self)
        }.flatMap { $0 }
        let isBegun = try await worker.firstGlobally("SELECT begin_erasure(\(org), \(time.now))") {
            try $0.next(Bool.self)
        }
        guard isBegun == true else { return nil }
        try await shredding.shred(org)
        let rows = try await eraseRows(of: org)
        let certificate = ErasureCertificate(
            org: org, requestedAt: requestedAt, erasedAt: time.now, rows: rows,
            keysDestroyed: try await shredding.isShredded(org), backupHorizonDays: backupHorizonDays)
        let text = certificate.text
        try await worker.executeGlobally(
            "SELECT finish_erasure(\(org), \(text), \(try signing.sign(Array(text.utf8))), \(certificate.erasedAt))")
        logger.info("organisation erased", metadata: ["org": "\(org)"])
        return certificate
    }

    /// - Throws: `StillThere` when some rows will not go.
    private func eraseRows(of org: OrgID) async throws -> [String: Int] {
        var rows: [String: Int] = [:]
        for _ in 0..<Self.passes {
            let pass = try await worker.rowsGlobally(
                "SELECT table_name, gone FROM erase_rows(\(org))", timeout: .seconds(600)
            ) { (table: try $0.next(String.self), gone: try $0.next(Int.self)) }
            for (table, gone) in pass where gone > 0 { rows[table, default: 0] += gone }
            if pass.allSatisfy({ $0.gone == 0 }) { return rows }
        }
        throw StillThere(org: org)
    }

    struct StillThere: Error { let org: OrgID }
}
