import Crypto
import CryptoExtras
import Cryptography
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import NIOConcurrencyHelpers
import Outbound
import Postgres
import TestKit
import Testing

@testable import Access
@testable import TrustedIssuers

/// An issuer's side: one key, and tokens signed by it. Signed with swift-crypto itself, not with what is tested.
struct TokenSmith {
    private let key = P256.Signing.PrivateKey()
    let id: String

    init(_ id: String = "key-1") { self.id = id }

    /// Its public half as a member of a JWK set.
    var publicKey: JSONValue {
        let point = Array(key.publicKey.rawRepresentation)
        return [
            "kty": "EC", "crv": "P-256", "kid": .string(id), "use": "sig",
            "x": .string(Base64URL.encode(Array(point[..<32]))),
            "y": .string(Base64URL.encode(Array(point[32...]))),
        ]
    }

    static func set(_ smiths: TokenSmith...) -> String { text(["keys": .array(smiths.map(\.publicKey))]) }

    static func text(_ value: JSONValue) -> String { String(decoding: value.json, as: UTF8.self) }

    /// - Parameters:
    ///   - header: besides `alg` and `kid`, or instead of them; `null` leaves one out.
    ///   - signature: of the bytes to be signed; its own key's when nothing is said.
    func token(
        _ claims: [String: JSONValue], header: [String: JSONValue] = [:],
        signature: (([UInt8]) throws -> [UInt8])? = nil
    ) throws -> String {
        let head: [String: JSONValue] = ["alg": "ES256", "kid": .string(id), "typ": "JWT"]
        let named = JSONValue.object(head.merging(header) { $1 }.filter { $0.value != .null })
        let parts = [named, .object(claims)].map { Base64URL.encode($0.json) }.joined(separator: ".")
        let bytes = Array(parts.utf8)
        let signed = try signature?(bytes) ?? Array(try key.signature(for: bytes).rawRepresentation)
        return parts + "." + Base64URL.encode(signed)
    }
}

/// The same with RSA.
struct RSASmith {
    private let key: _RSA.Signing.PrivateKey
    let publicKey: JSONValue

    init(_ id: String, bits: _RSA.Signing.KeySize = .bits2048) throws {
        key = try _RSA.Signing.PrivateKey(unsafeKeySize: bits)
        let primitives = try key.publicKey.getKeyPrimitives()
        publicKey = [
            "kty": "RSA", "kid": .string(id), "n": .string(Base64URL.encode(Array(primitives.modulus))),
            "e": .string(Base64URL.encode(Array(primitives.publicExponent))),
        ]
    }

    func sign(_ bytes: [UInt8]) throws -> [UInt8] {
        Array(try key.signature(for: bytes, padding: .insecurePKCS1v1_5).rawRepresentation)
    }

    var pem: [UInt8] { Array(key.publicKey.pemRepresentation.utf8) }
}

/// Keys that an issuer publishes, as a test says.
final class Publisher: Sendable {
    let text = NIOLockedValueBox<String?>(nil)
    let asked = NIOLockedValueBox(0)
}

/// Trusted issuers behind the front door, with a route for each permission to try what a token opens.
struct IssuerCase {
    static let issuer = "https://login.example.com"
    static let audience = "pulse-api"

    let door: FrontDoor
    let publisher = Publisher()
    let keys: FetchedKeys

    init() throws {
        let time = ManualTime()
        let (database, publisher) = (TestDatabase.current.app, publisher)
        let issuers = IssuerStore(database)
        let keys = FetchedKeys(time: time) { _ in
            publisher.asked.withLockedValue { $0 += 1 }
            return publisher.text.withLockedValue { $0 }
        }
        self.keys = keys
        door = try FrontDoor(
            time: time, externals: ExternalTokenReader(issuers, keys: keys, time: time)
        ) { parts in
            IssuerRoutes(issuers, policy: OutboundPolicy(), time: parts.context.time).endpoints + Self.probes
        }
    }

    private static let probes: [Endpoint] = Permission.all.map { permission in
        Endpoint(
            .get, "/api/try/\(permission.action)/\(permission.resource)", summary: "Try",
            access: .permission(permission), scope: .monitoringRead, audit: .none(reason: "a test"),
            response: .anything, responseExample: "{}"
        ) { request in
            let caller = try request.caller()
            return .text("\(caller.principal.label) \(caller.principal.through ?? "-") \(caller.role?.rawValue ?? "-")")
        }
    }

    func owner(of org: OrgID? = nil) async throws -> (browser: Browser, org: OrgID) {
        let place = if let org { org } else { try await Given.organisation() }
        let user = try await Given.person()
        try await Given.membership(of: user, in: place, as: .owner)
        return (try await door.browser(of: user), place)
    }

    static func request(keys: String?, role: String = "viewer", _ more: [String: JSONValue] = [:]) -> JSONValue {
        var body: [String: JSONValue] = [
            "name": "Sign-in", "issuer": .string(issuer), "audience": .string(audience),
            "roleMappings": [["value": "pulse", "role": .string(role)]],
        ]
        if let keys { body["jwks"] = .string(keys) } else { body["jwksUrl"] = "https://login.example.com/jwks.json" }
        return .object(body.merging(more) { $1 })
    }

    /// - Returns: its id.
    @discardableResult
    func trust(_ owner: Browser, keys: String?, role: String = "viewer", _ more: [String: JSONValue] = [:]) async throws
        -> String
    {
        let made = await owner.send(.post, "/api/security/trusted-issuers", Self.request(keys: keys, role: role, more))
        #expect(made.status == 201, "\(made.text)")
        return try #require(made.json["id"]?.string)
    }

    /// Claims that are good now, but for what is said; `null` leaves one out.
    func claims(_ more: [String: JSONValue] = [:]) -> [String: JSONValue] {
        let now = door.time.now.milliseconds / 1000
        let good: [String: JSONValue] = [
            "iss": .string(Self.issuer), "aud": .string(Self.audience), "sub": "robot@example.com",
            "iat": .integer(now),
            "exp": .integer(now + 600), "roles": ["other", "pulse"],
        ]
        return good.merging(more) { $1 }.filter { $0.value != .null }
    }

    /// What a call with this token is answered: the text, or the slug of the refusal.
    func call(_ token: String, in org: OrgID?, _ path: String = "/api/try/read/monitoring") async -> String {
        var headers: Headers = ["authorization": "Bearer \(token)"]
        if let org { headers["x-pulse-org-id"] = "\(org)" }
        let answer = await door.browser().send(.get, path, nil, headers: headers)
        return answer.status == 200
            ? answer.text : answer.json["type"]?.string?.split(separator: ":").last.map(String.init) ?? answer.text
    }
}
