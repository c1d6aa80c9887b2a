import Compression
package import Inventory
import JSONKit
package import Kernel
package import Postgres

/// What the monitor writes, as statements for its own transaction. All of them may be repeated.
package enum ResourceWrites {
    /// Must be the first statement: refuses (`PL001`) when another worker has taken the shard.
    package static func fence(shard: Int16, epoch: Int64) -> SQL { "SELECT pulse_fence(\(shard), \(epoch))" }

    package static func upsert(_ resources: [StoredResource], in org: OrgID, at now: Timestamp) -> SQL {
        """
        INSERT INTO resources (org_id, id, connection_id, type, source, sources, parent_id, tags, clusters,
                               name, name_key, status, facts, first_seen_at, changed_at)
        SELECT \(org), r.id, r.connection_id, r.type, r.source, string_to_array(r.sources, ','), r.parent_id,
               ARRAY(SELECT jsonb_array_elements_text(r.labels -> 0)),
               ARRAY(SELECT jsonb_array_elements_text(r.labels -> 1)), r.name, r.name_key, r.status, r.facts, \(now), \(now)
        FROM unnest(\(resources.map(\.id)), \(resources.map(\.connection)), \(resources.map(\.type)),
                    \(resources.map(\.source)), \(resources.map { $0.sources.joined(separator: ",") }),
                    \(resources.map(\.parent)), \(resources.map(labels))::text[]::jsonb[], \(resources.map(\.name)), \(resources.map { $0.name.lowercased() }),
                    \(resources.map(\.status)), \(resources.map { Packed.pack($0.facts) }))
            AS r (id, connection_id, type, source, sources, parent_id, labels, name, name_key, status, facts)
        ON CONFLICT (org_id, id) DO UPDATE SET
            connection_id = excluded.connection_id, type = excluded.type, source = excluded.source,
            sources = excluded.sources, parent_id = excluded.parent_id,
            tags = excluded.tags, clusters = excluded.clusters, name = excluded.name, name_key = excluded.name_key, status = excluded.status, facts = excluded.facts,
            changed_at = excluded.changed_at
        """
    }

    /// `[[tags], [clusters]]`: arrays of arrays do not fit through `unnest`.
    private static func labels(of resource: StoredResource) -> String {
        var writer = JSONWriter()
        writer.array { writer in
            for list in [resource.tags, resource.clusters] {
                writer.array { for text in list { $0.string(text) } }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
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

    package static func removeKeys(_ keys: [Evidence]) -> SQL {
        """
        DELETE FROM resource_keys k USING unnest(\(keys.map(\.kind.rawValue)), \(keys.map(\.value))) AS gone (kind, value)
        WHERE k.kind = gone.kind AND k.value = gone.value
        """
    }

    /// What stood at places that people have spoken of, on either side of what they said.
    package static func miss(_ said: [Observation]) -> [SQL] {
        let missed: SQL = """
            unnest(\(said.map(\.connection)), \(said.map(\.key)), \(said.map(ClaimCodec.encode)))
            AS m (connection_id, key, said)
            """
        return [
            """
            UPDATE identity_rules r SET missed = m.said FROM \(missed)
            WHERE r.connection_id = m.connection_id AND r.key = m.key
            """,
            """
            UPDATE identity_rules r SET other_missed = m.said FROM \(missed)
            WHERE r.other_connection = m.connection_id AND r.other_key = m.key
            """,
        ]
    }

    /// What people have said of places before another thing stood there. Whoever acts on it hears that it is over.
    package static func end(_ outlived: [Claim.Place: Timestamp]) -> SQL {
        let places = outlived.sorted { $0.key < $1.key }
        return """
            WITH gone AS (
                DELETE FROM identity_rules r
                USING unnest(\(places.map(\.key.connection)), \(places.map(\.key.key)), \(places.map(\.value)))
                    AS o (connection_id, key, at)
                WHERE r.made_at <= o.at AND ((r.connection_id = o.connection_id AND r.key = o.key)
                                             OR (r.other_connection = o.connection_id AND r.other_key = o.key))
                RETURNING r.id
            )
            SELECT org_changed() WHERE EXISTS (SELECT FROM gone)
            """
    }

    package static func upsertClaims(_ claims: [Claim], in org: OrgID) -> SQL {
        """
        INSERT INTO resource_claims (org_id, connection_id, key, resource_id, said)
        SELECT \(org), c.connection_id, c.key, c.resource_id, c.said
        FROM unnest(\(claims.map(\.said.connection)), \(claims.map(\.said.key)), \(claims.map(\.resource)),
                    \(claims.map { ClaimCodec.encode($0.said) })) AS c (connection_id, key, resource_id, said)
        ON CONFLICT (org_id, connection_id, key) DO UPDATE SET
            resource_id = excluded.resource_id, said = excluded.said
        """
    }

    package static func removeClaims(_ places: [Claim.Place]) -> SQL {
        """
        DELETE FROM resource_claims c
        USING unnest(\(places.map(\.connection)), \(places.map(\.key))) AS gone (connection_id, key)
        WHERE c.connection_id = gone.connection_id AND c.key = gone.key
        """
    }

    /// Old ids lead to what goes on in their place, also those that led to one that is gone now.
    package static func succeed(_ successions: [(old: ResourceID, new: ResourceID)], in org: OrgID, at now: Timestamp)
        -> [SQL]
    {
        let (old, new) = (successions.map(\.old), successions.map(\.new))
        return [
            """
            UPDATE resource_successions s SET new_id = n.new_id
            FROM unnest(\(old), \(new)) AS n (old_id, new_id) WHERE s.new_id = n.old_id AND s.old_id <> n.new_id
            """,
            "DELETE FROM resource_successions WHERE old_id = ANY(\(new))",
            """
            INSERT INTO resource_successions (org_id, old_id, new_id, at)
            SELECT \(org), n.old_id, n.new_id, \(now) FROM unnest(\(old), \(new)) AS n (old_id, new_id)
            ON CONFLICT (org_id, old_id) DO UPDATE SET new_id = excluded.new_id, at = excluded.at
            """,
        ]
    }

    /// These lead to no other any more.
    package static func revive(_ ids: [ResourceID]) -> SQL {
        "DELETE FROM resource_successions WHERE old_id = ANY(\(ids))"
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

    /// What a monitor has found out.
    package static func append(_ changes: [ResourceChange], in org: OrgID) -> SQL {
        """
        INSERT INTO resource_changes (org_id, id, resource_id, connection_id, resource_name, resource_type, observed_at,
                                      kind, from_state, to_state, source_type, source, confidence, reason, related_id)
        SELECT \(org), c.id, c.resource_id, c.connection_id, c.name, c.type, c.at, c.kind, c.from_state, c.to_state,
               'pulse_diff', c.source, c.confidence, c.reason, c.related_id
        FROM unnest(\(changes.map(\.id)), \(changes.map(\.resource)), \(changes.map(\.connection)),
                    \(changes.map(\.name)), \(changes.map(\.type)), \(changes.map(\.at)),
                    \(changes.map(\.kind.rawValue)), \(changes.map(\.from)), \(changes.map(\.to)),
                    \(changes.map(\.source)), \(changes.map(\.confidence.rawValue)), \(changes.map(\.reason)),
                    \(changes.map(\.related)))
            AS c (id, resource_id, connection_id, name, type, at, kind, from_state, to_state, source, confidence, reason,
                  related_id)
        ON CONFLICT (org_id, id) DO NOTHING
        """
    }

    /// What somebody has said about the resources that these claims are of; each has its line. To be run in the
    /// transaction of the word.
    /// - Parameter pairs: claims that were named together, at least one.
    static func append(
        _ word: ResourceChange.Word, about pairs: [(Claim.Place, Claim.Place)], by principal: Principal, in org: OrgID,
        at now: Timestamp
    ) -> SQL {
        let places = Array(Set(pairs.flatMap { [$0.0, $0.1] })).sorted()
        let ids = places.map { _ in ResourceChangeID.new(at: now) }
        return """
            INSERT INTO resource_changes (org_id, id, resource_id, connection_id, resource_name, resource_type, observed_at,
                                          kind, source_type, source, actor, confidence, reason, related_id)
            SELECT \(org), (array_agg(p.id ORDER BY p.id))[1], r.id, r.connection_id, r.name, r.type, \(now),
                   'activity', 'user_action', r.source, \(principal.label), 'high', \(word.rawValue),
                   (SELECT o.resource_id FROM resource_claims o
                    JOIN unnest(\(places.map(\.connection)), \(places.map(\.key))) AS named (connection_id, key)
                        USING (connection_id, key)
                    WHERE o.resource_id <> r.id ORDER BY o.resource_id LIMIT 1)
            FROM unnest(\(ids), \(places.map(\.connection)), \(places.map(\.key))) AS p (id, connection_id, key)
            JOIN resource_claims c USING (connection_id, key) JOIN resources r ON r.id = c.resource_id
            GROUP BY r.id, r.connection_id, r.name, r.type, r.source
            """
    }

    /// What is older than the timeline is kept.
    package static func forgetChanges(before: Timestamp) -> SQL {
        "DELETE FROM resource_changes WHERE observed_at < \(before)"
    }
}
