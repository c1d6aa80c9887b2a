internal import HTTPKit
internal import Inventory
internal import Kernel

/// The shapes of the wire, with an example each.
enum ConnectionSchemas {
    private static let kind = Schema.enumeration(ConnectionKind.allCases.map(\.rawValue))
    private static let reason = Schema.enumeration(ConnectionFault.Reason.allCases.map(\.rawValue))
    private static let name = Schema.string(minLength: 1, maxLength: 64)
    private static let tags = Schema.array(.string, maxItems: 16)
    private static let discovered = Schema.map(of: .integer(minimum: 0)).described("How many of each type of resource")
    private static let degraded = Schema.array(
        .object(["part": .string, "reason": reason, "detail": .string]))
    private static let trust = Schema.object([
        "mode": .enumeration(["system", "authorities", "pinned"]),
        "certificates": .string(maxLength: 65_536).described("PEM; mode authorities").optional,
        "fingerprint": .string.described("SHA-256 of the certificate; mode pinned").optional,
    ])

    private static let health = Schema.object([
        "state": .enumeration(ConnectionHealth.State.allCases.map(\.rawValue)),
        "checkedAt": .timestamp.optional, "okAt": .timestamp.optional, "reason": reason.optional,
        "detail": .string.optional, "latencyMs": .integer(minimum: 0).optional, "nextPollAt": .timestamp.optional,
        "version": .string.optional, "instanceName": .string.optional, "discovered": discovered.optional,
        "degraded": degraded, "consecutiveFailures": .integer(minimum: 0),
    ]).named("ConnectionHealth")

    static let connection = Schema.object([
        "id": .uuid, "kind": kind, "name": name,
        "host": .string.described("Absent while the organisation's key cannot be used").optional,
        "port": .integer(minimum: 1, maximum: 65_535), "trust": trust, "tokenId": .string.optional,
        "user": .string.optional, "secretSet": .boolean, "cadenceSeconds": .integer(minimum: 1), "adaptive": .boolean,
        "enabled": .boolean, "siteId": .uuid.optional, "tags": tags, "agentId": .uuid.optional,
        "probe": ProbeSettings.schema.optional, "revision": .integer(minimum: 1),
        "createdAt": .timestamp, "changedAt": .timestamp, "health": health,
    ]).named("Connection")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-00000000000c","kind":"pve","name":"fra","host":"pve.example.com","port":8006,\
        "trust":{"mode":"system"},"tokenId":"pulse@pve!monitor","secretSet":true,"cadenceSeconds":10,\
        "adaptive":false,"enabled":true,\
        "tags":["north"],"revision":1,"createdAt":"2026-11-21T09:30:00.000Z","changedAt":"2026-11-21T09:30:00.000Z",\
        "health":{"state":"ok","checkedAt":"2026-11-21T09:40:00.000Z","okAt":"2026-11-21T09:40:00.000Z","latencyMs":82,\
        "nextPollAt":"2026-11-21T09:40:10.000Z","version":"9.1.2","instanceName":"fra",\
        "discovered":{"agent":3,"storage":5,"vm":18},"degraded":[],"consecutiveFailures":0}}
        """

    /// Of a request: all of it may be absent where something is there already.
    static func draft(isNew: Bool, isNamed: Bool = true) -> Schema {
        func wanted(_ schema: Schema) -> Schema { isNew ? schema : schema.optional }
        return .object([
            "kind": wanted(kind), "name": isNamed ? wanted(name) : name.optional,
            "host": wanted(.string(minLength: 1, maxLength: 300)).described(
                "A name, an address, or the platform's URL"),
            "port": .integer(minimum: 1, maximum: 65_535).optional, "trust": trust.optional,
            "tokenId": .string(maxLength: 256).optional, "user": .string(maxLength: 128).optional,
            "secret": .string(maxLength: 4096).described("Sealed; never told again").optional,
            "cadenceSeconds": .integer(minimum: 1).optional,
            "adaptive": .boolean.described("Ask less often while nothing happens there, at least every 5 minutes")
                .optional,
            "enabled": .boolean.optional,
            "siteId": .uuid.nullable.optional, "tags": tags.optional, "agentId": .uuid.nullable.optional,
            "probe": ProbeSettings.schema.described("Kind availability: what is checked").optional,
        ])
    }

    static let draftExample = """
        {"kind":"pve","name":"fra","host":"pve.example.com","tokenId":"pulse@pve!monitor",\
        "secret":"6f1e2d3c4b5a69788796a5b4c3d2e1f0"}
        """

    private static let certificate = Schema.object([
        "fingerprint": .string, "subject": .string, "issuer": .string, "notAfter": .timestamp, "trusted": .boolean,
    ]).named("ServerCertificate")

    static let shown = Schema.object([
        "ok": .boolean, "certificate": certificate.optional, "reason": reason.optional, "detail": .string.optional,
    ])

    static let shownExample = """
        {"ok":true,"certificate":{"fingerprint":"\(Fingerprint.text([UInt8](repeating: 0xA3, count: 32)))",\
        "subject":"pve1.example.com","issuer":"PVE Cluster Manager CA","notAfter":"2028-01-07T00:00:00.000Z",\
        "trusted":false}}
        """

    static let result = Schema.object([
        "ok": .boolean, "reason": reason.optional, "detail": .string.optional, "version": .string.optional,
        "instanceName": .string.optional, "latencyMs": .integer(minimum: 0).optional,
        "discovered": discovered.optional, "degraded": degraded, "certificate": certificate.optional,
    ]).named("ConnectionTest")

    static let resultExample = """
        {"ok":true,"version":"9.1.2","instanceName":"fra","latencyMs":61,"discovered":{"agent":3,"vm":18},\
        "degraded":[{"part":"guest-agent","reason":"permission","detail":"VM.GuestAgent.Audit is missing."}]}
        """

    static let preview = Schema.object([
        "ok": .boolean, "reason": reason.optional, "detail": .string.optional, "version": .string.optional,
        "instanceName": .string.optional, "latencyMs": .integer(minimum: 0).optional,
        "discovered": discovered.optional, "degraded": degraded, "certificate": certificate.optional,
        "existing": .array(
            .object([
                "connectionId": .uuid, "name": name, "why": .enumeration(SamePlatform.Why.allCases.map(\.rawValue)),
            ])),
    ]).named("ConnectionPreview")

    static let previewExample = """
        {"ok":true,"version":"9.1.2","instanceName":"fra","latencyMs":61,"discovered":{"agent":3,"vm":18},"degraded":[],\
        "existing":[{"connectionId":"01935c1e-7d00-7000-8000-00000000000c","name":"fra","why":"same-platform"}]}
        """

    static let kinds = Schema.object([
        "data": .array(
            .object([
                "kind": kind, "title": .string, "defaultPort": .integer(minimum: 1), "supported": .boolean,
                "cadence": .object([
                    "leastSeconds": .integer(minimum: 1), "normalSeconds": .integer(minimum: 1),
                    "mostSeconds": .integer(minimum: 1),
                ]),
            ]))
    ])

    static let kindsExample = """
        {"data":[{"kind":"pve","title":"Proxmox VE","defaultPort":8006,"supported":true,\
        "cadence":{"leastSeconds":10,"normalSeconds":10,"mostSeconds":3600}}]}
        """
}
