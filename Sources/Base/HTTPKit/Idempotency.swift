import Crypto
package import Kernel

/// A caller's name for one operation: sent twice, it is done once.
package struct IdempotencyKey: Sendable, Hashable {
    /// As sent: 1 to 255 visible ASCII characters.
    package let value: String
    /// Method and path as called: one key may serve different endpoints, and different objects.
    package let route: String
    /// The organisation an endpoint works in; `nil` for endpoints of the person alone, whatever organisation they have
    /// chosen meanwhile.
    package let org: OrgID?
    /// SHA-256; the same key with another body is a mistake (422 `idempotency-key-reused`).
    package let bodyHash: [UInt8]

    /// - Returns: `nil` without the header.
    /// - Throws: 400 `invalid-idempotency-key`.
    init?(of request: APIRequest, at endpoint: Endpoint) throws(Problem) {
        guard let value = request.headers["idempotency-key"] else { return nil }
        guard (1...255).contains(value.utf8.count), value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .invalidIdempotencyKey
        }
        self.value = value
        self.route = "\(endpoint.method.rawValue) \(request.path)"
        if case .permission = endpoint.access { org = request.admitted?.org } else { org = nil }
        self.bodyHash = Array(SHA256.hash(data: request.body))
    }
}

/// Remembers the answers to idempotent operations for 24 hours. A context implements it with its database: key row,
/// effect and answer belong in one transaction, with a bounded wait (2 s) for another that holds the same key.
package protocol IdempotencyStore: Sendable {
    /// Runs `operation`, or tells the stored answer when this caller's key has run before.
    /// - Throws: `.idempotencyKeyReused` for another body, `.idempotencyKeyBusy` when the first is still running.
    func once(
        _ key: IdempotencyKey, by caller: Caller?, _ operation: @Sendable () async throws -> APIResponse
    ) async throws -> APIResponse
}

extension Problem {
    package static let invalidIdempotencyKey = Problem(
        "invalid-idempotency-key", status: 400, title: "The idempotency key cannot be used",
        detail: "Idempotency-Key holds 1 to 255 visible ASCII characters.")
    package static let idempotencyKeyReused = Problem(
        "idempotency-key-reused", status: 422, title: "This key was used with another body")
    package static let idempotencyKeyBusy = Problem(
        "idempotency-key-busy", status: 409, title: "The first request with this key is still running",
        retryAfterSeconds: 1)
}
