import History
import Ingest
import Inventory
import Kernel
import Postgres
import Resources

/// One transaction of a monitor, and what is told when it is committed. Writing it twice is harmless.
struct Flush {
    struct Live: Sendable {
        let connection: ConnectionID
        let at: Timestamp
        let blob: [UInt8]
    }

    let at: Timestamp
    let head: OrgHead
    let changes: MonitorChanges
    let rows: [StoredResource]
    let claims: [Claim]
    let live: [Live]
    /// Connections whose blob goes: they lead no resource any more.
    let goneLive: [ConnectionID]
    let checkpoint: HeadCheckpoint?
    let covered: [Int64]
    let delta: Delta?

    /// After the fence; the deletion of log rows beside the samples that they told.
    func statements(in org: OrgID) -> [SQL] {
        var statements: [SQL] = []
        if !changes.removed.isEmpty { statements.append(ResourceWrites.remove(changes.removed.sorted())) }
        if !changes.goneClaims.isEmpty { statements.append(ResourceWrites.removeClaims(Array(changes.goneClaims))) }
        if !goneLive.isEmpty { statements.append(ResourceWrites.removeLive(goneLive)) }
        if !rows.isEmpty { statements.append(ResourceWrites.upsert(rows, in: org, at: at)) }
        if !changes.goneKeys.isEmpty { statements.append(ResourceWrites.removeKeys(changes.goneKeys.sorted())) }
        if !changes.keys.isEmpty {
            let keys = changes.keys.sorted { $0.key < $1.key }.map { (evidence: $0.key, resource: $0.value) }
            statements.append(ResourceWrites.upsertKeys(keys, in: org))
        }
        if !claims.isEmpty { statements.append(ResourceWrites.upsertClaims(claims, in: org)) }
        if !changes.revived.isEmpty { statements.append(ResourceWrites.revive(changes.revived.sorted())) }
        if !changes.successions.isEmpty {
            let successions = changes.successions.map { (old: $0.key, new: $0.value) }
            statements += ResourceWrites.succeed(successions, in: org, at: at)
        }
        if !live.isEmpty {
            statements.append(
                ResourceWrites.upsertLive(live.map { (connection: $0.connection, at: $0.at, blob: $0.blob) }, in: org))
        }
        if !changes.missed.isEmpty { statements += ResourceWrites.miss(Array(changes.missed.values)) }
        if !changes.outlived.isEmpty { statements.append(ResourceWrites.end(changes.outlived)) }
        if !changes.told.isEmpty { statements.append(ResourceWrites.append(changes.told, in: org)) }
        if let checkpoint {
            if !checkpoint.isEmpty { statements.append(HistoryStore.appending(checkpoint, in: org)) }
            statements.append(IngestStore.cover(covered))
        }
        if !rows.isEmpty || !changes.removed.isEmpty { statements.append(ResourceWrites.summarise(in: org, at: at)) }
        if delta != nil { statements.append(ResourceWrites.advance(head, in: org, at: at)) }
        return statements
    }
}
