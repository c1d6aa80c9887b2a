import Access
import Cryptography
import Foundation
import Inventory
import JSONKit
import Kernel
import Postgres
import Resources

/// Organisations in a database, with machines as the monitor would have stored them and one person who belongs to the
/// large ones.
final class TenancyEstate {
    static let machines = 1_000

    let setting: BenchDatabase
    private(set) var organisations: [OrgID] = []
    private(set) var largeOrganisations: [OrgID] = []
    private let session = BearerToken.new(.session)
    private let person = UserID.new(at: SystemTime().now)
    private var hasPerson = false

    init(setting: BenchDatabase) { self.setting = setting }

    var reader: Credential { .session(cookie: "pulse_session=\(session.text.reveal())", csrf: "") }

    func add(_ count: Int, machines: Int) async throws {
        let now = SystemTime().now
        if !hasPerson { try await setting.prepare(signIn(at: now)) }
        hasPerson = true
        let orgs = (0..<count).map { _ in OrgID.new(at: now) }
        for start in stride(from: 0, to: count, by: machines > 1 ? 20 : 500) {
            let some = Array(orgs[start..<min(start + (machines > 1 ? 20 : 500), count)])
            try await setting.prepare(some.flatMap { statements(for: $0, machines: machines, at: now) })
        }
        // What autovacuum has done a minute later.
        try await setting.prepare([
            "VACUUM (ANALYZE) pulse.resources", "VACUUM (ANALYZE) pulse.resource_live",
            "VACUUM (ANALYZE) pulse.members",
        ])
        organisations += orgs
        if machines > 1 { largeOrganisations += orgs }
    }

    private func statements(for org: OrgID, machines: Int, at now: Timestamp) -> [SQL] {
        let agents = (0..<machines).map { _ in AgentID.new(at: now) }
        let rows = agents.enumerated().map { number, agent in
            let record = record(number, of: org, ConnectionID(agent.description)!, at: now)
            return StoredResource(
                id: record.id, connection: record.connection, type: record.type.rawValue,
                source: record.sources[0].source.rawValue, name: record.name, status: record.status.rawValue,
                lastSeen: now,
                facts: record.factsJSON, live: record.liveJSON)
        }
        let live = rows.map { (connection: $0.connection, at: now, blob: LiveBlob.encode([($0.id, $0.live)])) }
        let tail = String(org.description.suffix(12))
        return [
            """
            INSERT INTO pulse.orgs (id, slug, name, state, created_at)
            VALUES (\(org), \("bench-\(tail)"), 'Bench', 'active', \(now))
            """,
            """
            INSERT INTO pulse.members (org_id, user_id, role, email, joined_at)
            VALUES (\(org), \(person), 'viewer', 'bench@example.org', \(now))
            """,
            """
            INSERT INTO pulse.agents (org_id, id, machine_id, hostname, os, arch, version, token_id, token_hash, enrolled_at)
            SELECT \(org), a.id, a.id, 'bench', 'linux', 'amd64', '1', a.id, uuid_send(a.id), \(now)
            FROM unnest(\(agents)) AS a (id)
            """,
            "SET search_path = pulse, pg_catalog",
            ResourceWrites.upsert(rows, in: org, at: now),
            ResourceWrites.upsertLive(live, in: org),
            ResourceWrites.advance(OrgHead(epoch: 1, seq: 1), in: org, at: now),
        ]
    }

    private func record(_ number: Int, of org: OrgID, _ connection: ConnectionID, at now: Timestamp) -> ResourceRecord {
        let name = "host-\(number).\(org.description.suffix(6)).example.com"
        let machine = UUID().uuidString.lowercased()
        var record = ResourceRecord(
            id: ResourceID(UUID()), connection: connection, type: .agent, technology: "linux", name: name,
            status: .online, lastSeen: now, updatedAt: now,
            sources: [.init(.agent, connection: connection, isStale: false, lastSeen: now)],
            identity: ResourceIdentity(
                machineID: machine, hostnames: [name], ipAddresses: ["10.0.\(number / 256).\(number % 256)"],
                macAddresses: ["02:00:00:00:00:01"]), uptimeSeconds: 86_400)
        record.metrics.cpuPercent = Double(number % 97)
        record.metrics.memory = .init(percent: 41.5, usedBytes: 13_900_000_000, totalBytes: 33_500_000_000)
        record.metrics.disk = .init(percent: 61.25, usedBytes: 61_250_000_000, totalBytes: 100_000_000_000)
        record.metrics.netIn = 12_345
        record.metrics.netOut = 54_321
        var facts = AgentFacts(agentID: connection.description, hostname: name)
        facts.osName = "Debian GNU/Linux"
        facts.osVersion = "12 (bookworm)"
        facts.kernelVersion = "6.1.0-28-amd64"
        facts.cpuCount = 8
        facts.cpuPerCorePercent = (0..<8).map { Double((number + $0) % 100) }
        facts.loadAverage = [0.52, 0.48, 0.31]
        facts.temperatures = ["cpu_package": 48.5, "nvme0": 39]
        var writer = JSONWriter(capacity: 1024)
        facts.encode(to: &writer)
        record.live = [ResourceBlock("agent", json: writer.bytes)]
        return record
    }

    private func signIn(at now: Timestamp) -> [SQL] {
        [
            """
            INSERT INTO pulse.users (id, email, email_key, created_at)
            VALUES (\(person), 'bench@example.org', 'bench@example.org', \(now))
            """,
            """
            INSERT INTO pulse.sessions (id, user_id, token_hash, csrf_hash, created_at, last_seen_at, idle, expires_at,
                                        absolute_expires_at, user_agent, address)
            VALUES (\(SessionID.new(at: now)), \(person), \(session.hash), \([UInt8]()), \(now), \(now), '1 day',
                    \(now + .seconds(86_400)), \(now + .seconds(86_400)), 'bench', '127.0.0.1')
            """,
        ]
    }
}
