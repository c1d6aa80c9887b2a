internal import HTTPKit

/// The shapes of the trail on the wire.
enum TrailSchemas {
    static let entry = Schema.object([
        "id": .uuid, "seq": .integer(minimum: 1), "at": .timestamp, "actor": .string, "actorName": .string.optional,
        "through": .string.optional, "action": .string, "object": .string, "objectName": .string.optional,
        "before": .anything.optional, "after": .anything.optional, "address": .string, "userAgent": .string,
        "requestId": .string, "hash": .string(pattern: "^[0-9a-f]{64}$"),
    ]).named("AuditEntry")

    static let checkpoint = Schema.object([
        "seq": .integer(minimum: 1), "hash": .string(pattern: "^[0-9a-f]{64}$"), "at": .timestamp, "keyId": .string,
        "publicKey": .string.described("Ed25519, base64url"), "signature": .string, "isSeal": .boolean,
    ]).named("AuditCheckpoint")

    static let chain = Schema.object([
        "seq": .integer(minimum: 0), "hash": .string.optional, "firstSeq": .integer(minimum: 1),
        "state": .enumeration(["intact", "broken", "unchecked"]), "brokenSeq": .integer.optional,
        "checkpoint": checkpoint.optional,
    ])

    static let summary = Schema.object([
        "total": .integer(minimum: 0),
        "actions": .array(.object(["action": .string, "count": .integer(minimum: 1)])),
        "actors": .array(
            .object(["actor": .string, "actorName": .string.optional, "count": .integer(minimum: 1)]), maxItems: 20),
        "chain": chain, "retentionDays": .integer(minimum: 0),
    ])

    static let verdict = Schema.object([
        "verified": .boolean, "entries": .integer(minimum: 0), "firstSeq": .integer(minimum: 1),
        "seq": .integer(minimum: 0), "checkpoints": .integer(minimum: 0), "brokenSeq": .integer.optional,
        "message": .string,
    ])

    static let priorVerdict = Schema.object([
        "verified": .boolean, "entries": .integer(minimum: 0), "firstSeq": .integer(minimum: 1),
        "seq": .integer(minimum: 0), "checkpoints": .integer(minimum: 0), "brokenSeq": .integer.optional,
        "message": .string, "keyIds": .array(.string),
        "isOurs": .boolean.described("whether this installation signed its checkpoints"),
    ])

    static let entryVerdict = Schema.object([
        "available": .boolean, "verified": .boolean, "message": .string, "seq": .integer(minimum: 1), "hash": .string,
        "checkpoint": checkpoint.optional,
    ])

    static let key = Schema.object(["keyId": .string, "publicKey": .string])
    static let settings = Schema.object(["retentionDays": .integer(minimum: 0, maximum: 3650)])

    private static let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

    static let entryExample = """
        {"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e05","seq":42,"at":"2026-11-21T09:30:00.000Z",\
        "actor":"user:0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e01","actorName":"Ana",\
        "through":"session:0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e02","action":"agent.revoke",\
        "object":"agent:0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e03","address":"192.0.2.1","userAgent":"Firefox",\
        "requestId":"req-1","hash":"\(hash)"}
        """
    static let checkpointExample = """
        {"seq":40,"hash":"\(hash)","at":"2026-11-21T09:20:00.000Z","keyId":"5d0a6c1e9b1f8c3d",\
        "publicKey":"…","signature":"…","isSeal":false}
        """
    static let summaryExample = """
        {"total":42,"actions":[{"action":"agent.revoke","count":42}],\
        "actors":[{"actor":"user:0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e01","actorName":"Ana","count":42}],\
        "chain":{"seq":42,"hash":"\(hash)","firstSeq":1,"state":"intact","checkpoint":\(checkpointExample)},\
        "retentionDays":90}
        """
    static let verdictExample = """
        {"verified":true,"entries":42,"firstSeq":1,"seq":42,"checkpoints":3,"message":"the chain is intact"}
        """
    static let priorVerdictExample = """
        {"verified":true,"entries":42,"firstSeq":1,"seq":42,"checkpoints":3,"message":"the chain is intact",\
        "keyIds":["5d0a6c1e9b1f8c3d"],"isOurs":true}
        """
    static let entryVerdictExample = """
        {"available":true,"verified":true,"message":"unchanged since it was written","seq":42,"hash":"\(hash)",\
        "checkpoint":\(checkpointExample)}
        """
    static let keyExample = #"{"keyId":"5d0a6c1e9b1f8c3d","publicKey":"…"}"#
}
