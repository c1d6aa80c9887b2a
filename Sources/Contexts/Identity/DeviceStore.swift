internal import Access
internal import Cryptography
package import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// A browser that a person has signed in with.
struct KnownDevice: Sendable {
    let id: KnownDeviceID
    let createdAt: Timestamp
    let lastSeenAt: Timestamp
    let userAgent: String
    let isCurrent: Bool

    init(_ row: inout RowReader) throws {
        id = try row.next()
        createdAt = try row.next()
        lastSeenAt = try row.next()
        userAgent = try row.next()
        isCurrent = try row.next()
    }
}

extension KnownDevice: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("createdAt", createdAt)
            json.member("lastSeenAt", lastSeenAt)
            json.member("userAgent", userAgent)
            json.member("current", isCurrent)
        }
    }

    static let schema = Schema.object([
        "id": .uuid, "createdAt": .timestamp, "lastSeenAt": .timestamp, "userAgent": .string, "current": .boolean,
    ]).named("KnownDevice")
}

/// The cookie that makes a browser a known one. It opens nothing by itself: it only says whose failures are counted.
enum DeviceCookie {
    static let name = "pulse_device"
    /// The longest that browsers keep a cookie.
    static let lifetime: Duration = .seconds(400 * 86_400)

    private static let randomBytes = 16

    /// Half of it is random, and the other half shows, without a look into the database, that it is from here.
    static func new(key: LinkKey, from randomness: Randomness = .system) -> BearerToken {
        let random = randomness.bytes(randomBytes)
        let body = random + seal(random, key: key)
        return BearerToken.new(.device, from: Randomness { _ in body })
    }

    static func isOurs(_ token: BearerToken, key: LinkKey) -> Bool {
        let body = token.body
        return Digests.constantTimeEqual(
            Array(body.dropFirst(randomBytes)), seal(Array(body.prefix(randomBytes)), key: key))
    }

    static func set(_ token: BearerToken) -> Cookie {
        Cookie(name, token.text, maxAge: lifetime, protected: true)
    }

    private static func seal(_ random: [UInt8], key: LinkKey) -> [UInt8] {
        Array(key.digest(random, purpose: "device-v1").prefix(16))
    }
}

extension APIRequest {
    /// The device the browser says it is; `nil` when it brings no cookie of ours.
    var presentedDevice: BearerToken? {
        protectedCookie(DeviceCookie.name).flatMap { BearerToken($0, kind: .device) }
    }
}

extension IdentityContext {
    /// Names the browser of a request that has signed in here before, whoever it was: its budget of requests is its own.
    /// Whose failures are counted is another question, and the database answers it.
    package func knownBrowser(of request: APIRequest) -> String? {
        guard let device = request.presentedDevice, DeviceCookie.isOurs(device, key: links) else { return nil }
        return device.hash.hex
    }
}

/// The functions behind known devices.
struct DeviceStore: Sendable {
    static func all(of user: UserID, seenFrom request: APIRequest) -> SQL {
        """
        SELECT id, created_at, last_seen_at, user_agent, is_current
        FROM devices_of(\(user), \(request.presentedDevice?.hash))
        """
    }

    static func forgetOthers(of user: UserID, than request: APIRequest, in transaction: Transaction) async throws {
        try await transaction.execute(
            "SELECT forget_devices(\(user), \(KnownDeviceID?.none), \(request.presentedDevice?.hash))")
    }

    /// - Returns: false when this person has no such device.
    static func forget(_ device: KnownDeviceID, of user: UserID, in transaction: Transaction) async throws -> Bool {
        try await transaction.first("SELECT forget_devices(\(user), \(device), \([UInt8]?.none))") {
            try $0.next(Int.self)
        } ?? 0 > 0
    }
}
