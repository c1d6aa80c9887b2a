internal import JOSE
internal import Kernel
internal import Outbound

/// What providers say of themselves and which keys they have, kept for all organisations that use them: both are public,
/// and come from the provider's own address.
struct ProviderDirectory: Sendable {
    private let metadata: FetchedDocuments<String, ProviderMetadata, OIDCRefusal>
    private let keys: FetchedDocuments<String, PublicKeySet, OIDCRefusal>

    static let mostDiscoveryBytes = 1_048_576

    /// A hundred organisations may begin their day in the same minute.
    private static let mostFetches = 64

    init(_ calls: ProviderCalls, policy: OutboundPolicy, time: any TimeSource, timeout: Duration) {
        let busy = OIDCRefusal(.providerUnavailable, detail: "it was asked a moment ago")
        var bounds = FetchBounds()
        bounds.mostFetches = Self.mostFetches
        keys = FetchedDocuments(bounds, time: time, busy: busy) { url in
            await Self.outcome { () throws(OIDCRefusal) in try await Self.keys(at: url, calls, timeout) }
        }
        bounds.lifetime = .seconds(3600)
        metadata = FetchedDocuments(bounds, time: time, busy: busy) { issuer in
            await Self.outcome { () throws(OIDCRefusal) in
                try await Self.metadata(of: issuer, calls, policy, timeout)
            }
        }
    }

    /// - Parameter algorithm: it is asked again when it did not offer this one when it was asked last.
    func metadata(
        of issuer: String, offering algorithm: SigningAlgorithm? = nil, _ patience: Patience
    ) async throws(OIDCRefusal) -> ProviderMetadata {
        _ = try patience.next()
        return try await metadata.document(for: issuer) { found in
            algorithm.map(found.offers) ?? true
        }.get()
    }

    /// - Returns: `nil` when it has no such key, even now.
    func key(
        _ id: String?, for algorithm: SigningAlgorithm, at url: String, _ patience: Patience
    ) async throws(OIDCRefusal) -> PublicKey? {
        _ = try patience.next()
        return try await keys.document(for: url) { $0.key(id, for: algorithm) != nil }.get().key(id, for: algorithm)
    }

    /// All of its keys' names.
    func keyIDs(at url: String, _ patience: Patience) async throws(OIDCRefusal) -> [String] {
        _ = try patience.next()
        return try await keys.document(for: url).get().ids
    }

    private static func outcome<Value>(
        _ work: () async throws(OIDCRefusal) -> Value
    ) async -> Result<Value, OIDCRefusal> {
        do throws(OIDCRefusal) { return .success(try await work()) } catch { return .failure(error) }
    }

    private static func metadata(
        of issuer: String, _ calls: ProviderCalls, _ policy: OutboundPolicy, _ timeout: Duration
    ) async throws(OIDCRefusal) -> ProviderMetadata {
        let answer = try await calls.send(
            to: ProviderMetadata.address(of: issuer), within: timeout, mostBytes: mostDiscoveryBytes, redirects: 2,
            unreadable: .discoveryMalformed)
        guard answer.status == 200 else { throw OIDCRefusal(.discoveryMalformed, detail: "status \(answer.status)") }
        guard let document = ClaimSet(answer.body) else { throw OIDCRefusal(.discoveryMalformed, detail: "no JSON") }
        return try ProviderMetadata(document, of: issuer, policy: policy)
    }

    private static func keys(
        at url: String, _ calls: ProviderCalls, _ timeout: Duration
    ) async throws(OIDCRefusal) -> PublicKeySet {
        let answer = try await calls.send(to: url, within: timeout, redirects: 2, unreadable: .keysMalformed)
        guard answer.status == 200 else { throw OIDCRefusal(.keysMalformed, detail: "status \(answer.status)") }
        let set = PublicKeySet(String(decoding: answer.body, as: UTF8.self))
        guard !set.isEmpty else { throw OIDCRefusal(.keysMalformed) }
        return set
    }
}
