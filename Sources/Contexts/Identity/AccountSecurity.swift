internal import Access
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// How one's own account is protected, as its person sees it.
struct AccountSecurity: Sendable, JSONEncodable {
    let hasPassword: Bool
    let freshUntil: Timestamp?
    let secondStepSince: Timestamp?
    let recoveryCodesLeft: Int
    let zeroKnowledge: ZeroKnowledgeState
    let devices: [KnownDevice]
    let passkeys: [PasskeyEntry]

    /// What confirms a session, strongest first.
    var stepUpMethods: [String] {
        secondStepSince != nil
            ? ["totp"] : zeroKnowledge.isRegistered ? ["srp"] : hasPassword ? ["password"] : ["link"]
    }

    static func read(for request: APIRequest, from database: Database, at now: Timestamp) async throws -> Self {
        let (user, session) = try request.caller().person()
        let answers = try await database.batch(
            in: nil,
            [
                "SELECT password_hash IS NOT NULL FROM own_password(\(user))", FreshSession.query(session),
                DeviceStore.all(of: user, seenFrom: request), SecondStepStore.query(user),
                SecondStepStore.codesLeft(user), ZeroKnowledgeStore.state(of: user),
                PasskeyEntry.all(of: user),
            ])
        guard let hasPassword = try answers[0].first({ try $0.next(Bool.self) }) else {
            throw Problem.unauthenticated
        }
        let confirmedAt = try answers[1].first { try $0.next(Timestamp?.self) } ?? nil
        let freshUntil = confirmedAt.map { $0 + FreshSession.lifetime }
        return Self(
            hasPassword: hasPassword, freshUntil: freshUntil.flatMap { $0 > now ? $0 : nil },
            secondStepSince: try answers[3].first { try SecondStepStore.Secret(&$0) }?.enabledAt,
            recoveryCodesLeft: try answers[4].first { try $0.next(Int.self) } ?? 0,
            zeroKnowledge: try answers[5].first {
                ZeroKnowledgeState(isOffered: try $0.next(), isRegistered: try $0.next())
            } ?? ZeroKnowledgeState(),
            devices: try answers[2].rows { try KnownDevice(&$0) },
            passkeys: try answers[6].rows { try PasskeyEntry(&$0) })
    }

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("hasPassword", hasPassword)
            json.member("stepUpMethods", stepUpMethods)
            json.member("freshUntil", freshUntil)
            json.object("totp") { json in
                json.member("enabled", secondStepSince != nil)
                json.member("enabledAt", secondStepSince)
            }
            json.member("recoveryCodesLeft", recoveryCodesLeft)
            json.object("zeroKnowledge") { json in
                json.member("offered", zeroKnowledge.isOffered)
                json.member("registered", zeroKnowledge.isRegistered)
            }
            json.member("devices", devices)
            json.array("passkeys") { json in
                for passkey in passkeys {
                    json.object { json in
                        json.member("id", passkey.id)
                        json.member("name", passkey.name)
                        json.member("createdAt", passkey.createdAt)
                        json.member("lastUsedAt", passkey.lastUsedAt)
                    }
                }
            }
        }
    }

    static let schema = Schema.object([
        "hasPassword": .boolean, "stepUpMethods": .array(.enumeration(["totp", "srp", "password", "link"])),
        "freshUntil": .timestamp.optional,
        "totp": .object(["enabled": .boolean, "enabledAt": .timestamp.optional]),
        "recoveryCodesLeft": .integer(minimum: 0),
        "zeroKnowledge": .object(["offered": .boolean, "registered": .boolean]),
        "devices": .array(KnownDevice.schema, maxItems: 20),
        "passkeys": .array(
            .object([
                "id": .uuid, "name": .string, "createdAt": .timestamp, "lastUsedAt": .timestamp.optional,
            ]), maxItems: 10),
    ]).named("AccountSecurity")

    static let example = """
        {"hasPassword":true,"stepUpMethods":["password"],"freshUntil":"2026-11-21T09:40:00.000Z",\
        "totp":{"enabled":false},"recoveryCodesLeft":0,\
        "zeroKnowledge":{"offered":false,"registered":false},"devices":[{"id":"01935c1e-7d00-7000-8000-000000000007","createdAt":"2026-11-21T09:30:00.000Z",\
        "lastSeenAt":"2026-11-21T09:30:00.000Z","userAgent":"Mozilla/5.0","current":true}],"passkeys":[]}
        """
}

/// Signing in without sending the password, as far as one person goes.
struct ZeroKnowledgeState: Sendable {
    /// An organisation of theirs has switched it on.
    var isOffered = false
    var isRegistered = false
}
