import Access
package import HTTPKit
import Inventory
import JSONKit
package import Kernel
package import Postgres

/// The count of monitored systems over HTTP, explained: for plans, and for whoever wonders why it is not another number.
package struct LedgerRoutes: Sendable {
    /// A connection that has not answered yet: what it would tell of is not in the count.
    package struct Silent: Sendable {
        let connection: ConnectionID
        let name: String
        let reason: String

        package init(connection: ConnectionID, name: String, reason: String) {
            self.connection = connection
            self.name = name
            self.reason = reason
        }
    }

    private let database: Database
    private let silent: @Sendable (OrgID) async throws -> [Silent]

    package init(_ database: Database, silent: @escaping @Sendable (OrgID) async throws -> [Silent]) {
        self.database = database
        self.silent = silent
    }

    package var endpoints: [Endpoint] { [ledger, explain, preview] }

    private var ledger: Endpoint {
        Endpoint(
            .get, "/api/license/monitored-system-ledger", summary: "Count the monitored systems, each with its reasons",
            access: .permission(.readMonitoring), scope: .monitoringRead, narrows: true,
            audit: .none(reason: "reads only"), problems: [.usageUnavailable], response: LedgerSchemas.ledger,
            responseExample: LedgerSchemas.example
        ) { [self] request in
            let org = try request.org()
            let visibility = try request.caller().visibility
            let systems = try await systems(in: org, seenBy: visibility).systems
            let missing = try await missing(in: org, seenBy: visibility)
            return .json { json in
                json.member("total", systems.count)
                json.member("complete", missing.isEmpty)
                json.array("unavailable") { json in
                    // Connections are not shown to whoever sees a part, not even those behind it.
                    for one in visibility == nil ? missing : [] {
                        json.object { json in
                            json.member("connectionId", one.connection)
                            json.member("name", one.name)
                            json.member("reason", one.reason)
                        }
                    }
                }
                json.array("data") { json in
                    for system in systems { LedgerSchemas.encode(system, to: &json) }
                }
            }
        }
    }

    private var explain: Endpoint {
        Endpoint(
            .post, "/api/license/monitored-system-ledger/explain", summary: "Why a resource counts, or does not",
            access: .permission(.readMonitoring), scope: .monitoringRead, narrows: true,
            audit: .none(reason: "reads only; the question does not fit an address"),
            problems: [.invalidField("resourceId", ""), .resourceNotFound, .usageUnavailable],
            request: .object(["resourceId": .uuid]), response: LedgerSchemas.explanation,
            requestExample: #"{"resourceId":"5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01"}"#,
            responseExample: #"{"counted":false,"summary":"What runs on a system or belongs to it does not count."}"#
        ) { [self] request in
            let body: JSONValue = try request.json()
            guard let id = body["resourceId"]?.string.flatMap({ ResourceID($0) }) else {
                throw Problem.invalidField("resourceId", "the resource's id is wanted")
            }
            let counted = try await systems(in: try request.org(), seenBy: try request.caller().visibility, asking: id)
            guard let asked = counted.asked else { throw Problem.resourceNotFound }
            let system = counted.systems.first { $0.resources.contains(asked) }
            return .json { json in
                json.member("counted", system != nil)
                json.member(
                    "summary",
                    system.map(LedgerSchemas.summary) ?? "What runs on a system or belongs to it does not count.")
                if let system {
                    json.key("system")
                    LedgerSchemas.encode(system, to: &json)
                }
            }
        }
    }

    private var preview: Endpoint {
        Endpoint(
            .post, "/api/license/monitored-system-ledger/preview", summary: "What the count would be with one more",
            access: .permission(.readMonitoring), scope: .monitoringRead, narrows: true,
            audit: .none(reason: "reads only; the question does not fit an address"),
            problems: [.invalidField("candidate", ""), .usageUnavailable],
            request: .object([
                "candidate": .object([
                    "source": .enumeration(InventorySource.allCases.map(\.rawValue)), "hostname": .string,
                    "address": .string.nullable.optional, "machineId": .string.nullable.optional,
                ])
            ]), response: .object(["currentSystems": .integer, "projectedSystems": .integer]),
            requestExample: #"{"candidate":{"source":"agent","hostname":"web-1"}}"#,
            responseExample: #"{"currentSystems":12,"projectedSystems":13}"#
        ) { [self] request in
            let body: JSONValue = try request.json()
            guard let told = body["candidate"], let name = told["hostname"]?.string, !name.isEmpty,
                let source = told["source"]?.string.flatMap(InventorySource.init)
            else { throw Problem.invalidField("candidate", "a source and a hostname are wanted") }
            let nothing = Timestamp(milliseconds: 0)
            let said = Observation(
                connection: ConnectionID(bytes: [UInt8](repeating: 0xff, count: 16)), source: source,
                type: source == .pbs ? .pbs : source == .pmg ? .pmg : .agent, key: "candidate",
                evidence: (told["machineId"]?.string).map { [Evidence(.machineID, $0.lowercased())] } ?? [], name: name,
                identity: ResourceIdentity(
                    machineID: told["machineId"]?.string, hostnames: [name],
                    ipAddresses: [told["address"]?.string].compactMap { $0 }),
                measuredAt: nothing, receivedAt: nothing)
            let counted = try await systems(
                in: try request.org(), seenBy: try request.caller().visibility, candidate: said)
            return .json { json in
                json.member("currentSystems", counted.systems.count)
                json.member("projectedSystems", counted.projected)
            }
        }
    }

    /// Connections that have not answered yet, of those that tell of what the caller sees.
    private func missing(in org: OrgID, seenBy visibility: Visibility?) async throws -> [Silent] {
        let all = try await silent(org)
        guard visibility != nil, !all.isEmpty else { return all }
        let answers = try await database.batch(
            in: org,
            visibility.narrowing([
                """
                SELECT asked.id FROM unnest(\(all.map(\.connection))) AS asked (id) WHERE \(Visibility.shows("asked.id"))
                """
            ]), timeout: .seconds(10))
        let seen = Set(try answers[answers.count - 1].rows { try $0.next(ConnectionID.self) })
        return all.filter { seen.contains($0.connection) }
    }

    private struct Counted {
        let systems: [MonitoredSystems.System]
        /// Where the id that was asked about leads now; `nil` when there is no such resource.
        let asked: ResourceID?
        let projected: Int
    }

    /// - Throws: 503 `monitored-system-usage-unavailable` where nothing has been counted yet: that is not zero.
    private func systems(
        in org: OrgID, seenBy visibility: Visibility?, asking id: ResourceID? = nil, candidate: Observation? = nil
    ) async throws -> Counted {
        let shown = Visibility.shows("row.connection_id")
        let roots = [ResourceType.agent, .pbs, .pmg].map(\.rawValue)
        let answers = try await database.batch(
            in: org,
            visibility.narrowing([
                "SELECT count(*) FROM org_heads",
                "SELECT row.id, row.name, row.type, row.status FROM resources row WHERE row.type = ANY(\(roots)) AND \(shown)",
                """
                SELECT c.connection_id, c.key, c.resource_id, c.said
                FROM resource_claims c JOIN resources row ON row.id = c.resource_id
                WHERE row.type = ANY(\(roots)) AND \(shown)
                """,
                """
                SELECT row.id FROM resources row
                WHERE row.id = coalesce((SELECT s.new_id FROM resource_successions s WHERE s.old_id = \(id)), \(id))
                  AND \(shown)
                """,
            ]), timeout: .seconds(10))
        let last = answers.count
        guard try answers[last - 4].first({ try $0.next(Int.self) }) ?? 0 > 0 else {
            guard try await missing(in: org, seenBy: visibility).isEmpty else { throw Problem.usageUnavailable }
            return Counted(systems: [], asked: nil, projected: candidate == nil ? 0 : 1)
        }
        var claims: [ResourceID: [Claim]] = [:]
        try answers[last - 2].each { row in
            let place = Claim.Place(try row.next(), try row.next())
            let resource = try row.next(ResourceID.self)
            guard let said = ClaimCodec.decode(try row.next(), at: place) else { return }
            claims[resource, default: []].append(Claim(said: said, resource: resource, isHeard: false))
        }
        var rows = try answers[last - 3].rows { row in
            let id = try row.next(ResourceID.self)
            return (
                id: id, name: try row.next(String.self), type: ResourceType(rawValue: try row.next()) ?? .agent,
                status: ResourceStatus(rawValue: try row.next()) ?? .unknown, claims: claims[id] ?? []
            )
        }
        let systems = MonitoredSystems(rows).systems
        var projected = systems.count
        if let candidate {
            let joins = rows.firstIndex { row in row.claims.contains { MergeReason.between($0.said, candidate) != nil }
            }
            let nobody = ResourceID(bytes: [UInt8](repeating: 0xff, count: 16))
            if joins == nil {
                let claim = Claim(said: candidate, resource: nobody, isHeard: false)
                rows.append((nobody, candidate.name, candidate.type, .unknown, [claim]))
                projected = MonitoredSystems(rows).systems.count
            }
        }
        return Counted(
            systems: systems, asked: try answers[last - 1].first { try $0.next(ResourceID.self) }, projected: projected)
    }
}

extension Problem {
    static let usageUnavailable = Problem(
        "monitored-system-usage-unavailable", status: 503, title: "The systems have not been counted yet",
        detail: "The monitor of this organisation has not told what it watches. It does within a minute of its start.",
        code: "monitored_system_usage_unavailable")
}
