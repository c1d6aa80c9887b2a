import HTTPKit

/// The shapes of the fleet on the wire.
enum FleetSchemas {
    static let ticket = Schema.object([
        "id": .uuid, "name": .string, "createdAt": .timestamp, "expiresAt": .timestamp, "uses": .integer(minimum: 1),
        "usedCount": .integer(minimum: 0), "tags": .array(.string), "siteId": .uuid.optional,
        "usedAt": .timestamp.optional,
        "revokedAt": .timestamp.optional, "agentId": .uuid.optional, "installerFetchedAt": .timestamp.optional,
    ]).named("EnrollmentToken")

    static let newTicket = Schema.object([
        "id": .uuid, "token": .string.described("Shown this once"), "expiresAt": .timestamp,
        "command": .string.described("To be pasted on the machine"), "scriptUrl": .string(format: "uri").optional,
        "scriptSha256": .string.optional,
    ])

    static let agent = Schema.object([
        "id": .uuid, "resourceId": .uuid.optional, "hostname": .string, "machineId": .string, "version": .string,
        "status": .enumeration(["online", "offline", "warning", "unknown"]), "enrolledAt": .timestamp,
        "lastSeenAt": .timestamp.optional, "siteId": .uuid.optional, "tags": .array(.string),
    ]).named("Agent")

    static let placement = Schema.object(["id": .uuid, "siteId": .uuid.optional, "tags": .array(.string)])

    static let enrollRequest = Schema.object([
        "hostname": .string(minLength: 1, maxLength: 253), "machineId": .string(minLength: 1, maxLength: 128),
        "os": .string.optional, "arch": .string.optional, "agentVersion": .string.optional,
        "dmiUuid": .string.optional, "fqdn": .string.optional,
    ])

    static let enrollResponse = Schema.object([
        "agentId": .uuid, "runtimeToken": .string, "runtimeTokenId": .uuid, "reportInterval": .string, "orgId": .uuid,
    ])

    static let newTicketExample = """
        {"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e02","token":"pet_…","expiresAt":"2026-11-22T09:30:00.000Z",\
        "command":"curl -fsSL 'https://pulse.example.com/install/0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e02.sh' …",\
        "scriptUrl":"https://pulse.example.com/install/0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e02.sh","scriptSha256":"9f86…"}
        """
    static let ticketsExample = """
        {"data":[{"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e02","name":"web servers",\
        "createdAt":"2026-11-21T09:30:00.000Z","expiresAt":"2026-11-22T09:30:00.000Z","uses":20,"usedCount":3,\
        "tags":["berlin"]}]}
        """
    static let agentsExample = """
        {"data":[{"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e01","hostname":"web-1","machineId":"4c4c4544-0042",\
        "version":"0.1.0","status":"online","enrolledAt":"2026-11-21T09:30:00.000Z",\
        "lastSeenAt":"2026-11-21T09:31:00.000Z","tags":["berlin"]}]}
        """
    static let enrollRequestExample = """
        {"hostname":"web-1","machineId":"4c4c4544-0042-3510-8057-b4c04f4e3732","os":"debian","arch":"amd64",\
        "agentVersion":"0.1.0"}
        """
    static let enrollResponseExample = """
        {"agentId":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e01","runtimeToken":"prt_…",\
        "runtimeTokenId":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e03","reportInterval":"10s",\
        "orgId":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e04"}
        """
}
