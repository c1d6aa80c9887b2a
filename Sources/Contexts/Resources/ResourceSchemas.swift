package import HTTPKit

/// The shapes of the inventory on the wire, for the API description.
package enum ResourceSchemas {
    private static let usage = Schema.object([
        "value": .number, "percent": .number(minimum: 0, maximum: 100), "used": .integer.optional,
        "total": .integer.optional, "unit": .string,
    ]).named("Usage")
    private static let rate = Schema.object(["value": .number(minimum: 0), "unit": .string]).named("Rate")

    private static let metrics = Schema.object([
        "cpu": usage.optional, "memory": usage.optional, "disk": usage.optional, "netIn": rate.optional,
        "netOut": rate.optional, "diskRead": rate.optional, "diskWrite": rate.optional,
    ])

    package static let resource = Schema.object([
        "id": .uuid, "type": .string, "technology": .string.optional, "name": .string,
        "status": .enumeration(["online", "offline", "warning", "unknown"]).optional,
        "lastKnownStatus": .enumeration(["online", "offline", "warning", "unknown"])
            .described("What was last told of it, while nobody can be asked").optional,
        "lastSeen": .timestamp.optional, "updatedAt": .timestamp.optional, "sources": .array(.string),
        "sourceStatus": .map(of: .anything).optional, "identity": .anything, "canonicalIdentity": .anything,
        "metricsTarget": .anything, "tags": .array(.string),
        "metrics": metrics.optional,
        "uptime": .integer.described("Seconds").optional,
        "uptimeSource": .string.described("Whose uptime it is, where several sources speak").optional,
        "temperature": .number.described("The hottest sensor, °C").optional, "agent": .anything.optional,
        "parentId": .uuid.described("What it runs on or belongs to").optional, "parentName": .string.optional,
        "proxmox": .anything.optional, "proxmoxStatus": .anything.optional, "storage": .anything.optional,
        "physicalDisk": .anything.optional, "ceph": .anything.optional,
        "docker": .anything.described("A container, what an engine holds, or the engine itself").optional,
        "dockerStatus": .anything.optional,
    ]).named("Resource")

    package static let aggregations = Schema.object([
        "total": .integer, "byType": .map(of: .integer), "byStatus": .map(of: .integer),
        "bySource": .map(of: .integer),
    ]).named("ResourceCounts")

    package static let list = Schema.object([
        "data": .array(resource),
        "meta": .object([
            "page": .integer, "limit": .integer, "total": .integer, "totalPages": .integer,
            "nextCursor": .string.optional,
        ]),
        "aggregations": aggregations,
    ])

    package static let example = """
        {"id":"5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01","type":"agent","technology":"linux","name":"web-1",\
        "sources":["agent"],"identity":{"hostnames":["web-1"],"ipAddresses":["192.0.2.10"],"macAddresses":[]},\
        "canonicalIdentity":{"displayName":"web-1","hostname":"web-1","primaryId":"5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01"},\
        "metricsTarget":{"resourceType":"agent","resourceId":"5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01"},"tags":[],\
        "status":"online","lastSeen":"2026-11-21T09:30:00.250Z","updatedAt":"2026-11-21T09:30:00.250Z",\
        "sourceStatus":{"agent":{"status":"online","lastSeen":"2026-11-21T09:30:00.250Z"}},\
        "metrics":{"cpu":{"value":12.5,"percent":12.5,"unit":"percent"}},"uptime":86400}
        """

    static let latest = Schema.object([
        "resourceId": .uuid, "status": .enumeration(["online", "offline", "warning", "unknown"]).optional,
        "lastSeen": .timestamp.optional, "sourceStatus": .map(of: .anything).optional, "metrics": metrics.optional,
        "uptime": .integer.described("Seconds").optional,
        "temperature": .number.described("The hottest sensor, °C").optional,
    ])

    static let latestExample = """
        {"resourceId":"5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01","status":"online","lastSeen":"2026-11-21T09:30:00.250Z",\
        "sourceStatus":{"agent":{"status":"online","lastSeen":"2026-11-21T09:30:00.250Z"}},\
        "metrics":{"cpu":{"value":12.5,"percent":12.5,"unit":"percent"}},"uptime":86400}
        """

    static let listExample = """
        {"data":[\(example)],"meta":{"page":1,"limit":50,"total":1,"totalPages":1},\
        "aggregations":{"total":1,"byType":{"agent":1},"byStatus":{"online":1},"bySource":{"agent":1}}}
        """
}
