import Compression
package import Inventory
package import Kernel
package import Postgres

/// What the monitor writes, as statements for its own transaction. All of them may be repeated.
package enum ResourceWrites {
    /// Must be the first statement: refuses (`PL001`) when another worker has taken the shard.
    package static func fence(shard: Int16, epoch: Int64) -> SQL { "SELECT pulse_fence(\(shard), \(epoch))" }

    package static func upsert(_ resources: [StoredResource], in org: OrgID, at now: Timestamp) -> SQL {
        """
        INSERT INTO resources (org_id, id, connection_id, type, source, name, name_key, status, facts,
                               first_seen_at, changed_at)
        SELECT \(org), r.id, r.connection_id, r.type, r.source, r.name, r.name_key, r.status, r.facts, \(now), \(now)
        FROM unnest(\(resources.map(\.id)), \(resources.map(\.connection)), \(resources.map(\.type)),
                    \(resources.map(\.source)), \(resources.map(\.name)), \(resources.map { $0.name.lowercased() }),
                    \(resources.map(\.status)), \(resources.map { Packed.pack($0.facts) }))
            AS r (id, connection_id, type, source, name, name_key, status, facts)
        ON CONFLICT (org_id, id) DO UPDATE SET
            connection_id = excluded.connection_id, type = excluded.type, source = excluded.source,
            name = excluded.name, name_key = excluded.name_key, status = excluded.status, facts = excluded.facts,
            changed_at = excluded.changed_at
        """
    }

    /// - Parameter blobs: per connection, when it was received last and the blob of all its resources.
    package static func upsertLive(
        _ blobs: [(connection: ConnectionID, at: Timestamp, blob: [UInt8])], in org: OrgID
    ) -> SQL {
        """
        INSERT INTO resource_live (org_id, connection_id, at, blob)
        SELECT \(org), l.connection_id, l.at, l.blob
        FROM unnest(\(blobs.map(\.connection)), \(blobs.map(\.at)), \(blobs.map(\.blob))) AS l (connection_id, at, blob)
        ON CONFLICT (org_id, connection_id) DO UPDATE SET at = excluded.at, blob = excluded.blob
        """
    }

    package static func upsertKeys(_ keys: [(evidence: Evidence, resource: ResourceID)], in org: OrgID) -> SQL {
        """
        INSERT INTO resource_keys (org_id, kind, value, resource_id)
        SELECT \(org), k.kind, k.value, k.resource_id
        FROM unnest(\(keys.map(\.evidence.kind.rawValue)), \(keys.map(\.evidence.value)), \(keys.map(\.resource)))
            AS k (kind, value, resource_id)
        ON CONFLICT (org_id, kind, value) DO UPDATE SET resource_id = excluded.resource_id
        """
    }

    /// Keys go with their resources.
    package static func remove(_ ids: [ResourceID]) -> SQL { "DELETE FROM resources WHERE id = ANY(\(ids))" }

    package static func removeLive(_ connections: [ConnectionID]) -> SQL {
        "DELETE FROM resource_live WHERE connection_id = ANY(\(connections))"
    }

    /// Counts the organisation's resources anew. After what it counts, in the same transaction; the one row is what a
    /// provider sees of the organisation.
    package static func summarise(in org: OrgID, at now: Timestamp) -> SQL {
        """
        INSERT INTO org_summaries (org_id, resources, online, offline, warning, unknown, updated_at)
        SELECT \(org), count(*), count(*) FILTER (WHERE status = 'online'), count(*) FILTER (WHERE status = 'offline'),
               count(*) FILTER (WHERE status = 'warning'), count(*) FILTER (WHERE status = 'unknown'), \(now)
        FROM resources
        ON CONFLICT (org_id) DO UPDATE SET
            resources = excluded.resources, online = excluded.online, offline = excluded.offline,
            warning = excluded.warning, unknown = excluded.unknown, updated_at = excluded.updated_at
        """
    }

    package static func advance(_ head: OrgHead, in org: OrgID, at now: Timestamp) -> SQL {
        """
        INSERT INTO org_heads (org_id, epoch, seq, changed_at) VALUES (\(org), \(head.epoch), \(head.seq), \(now))
        ON CONFLICT (org_id) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, changed_at = excluded.changed_at
        """
    }
}
