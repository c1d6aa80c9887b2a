internal import JOSE
package import Kernel
package import Outbound

/// Public keys that issuers publish, fetched when they are needed and kept for a while.
///
/// Bounds: 500 sets in memory, the one unused longest goes; 16 fetches at once, each at most 5 s and 256 KiB; one try in 30 s a
/// set, however many tokens name keys that nobody has. An issuer that is away is believed for a day by what it said last.
package struct FetchedKeys: Sendable {
    private struct Place: Hashable {
        let trust: TrustedIssuerID
        let version: Int32
        let url: String
    }

    static let bounds = FetchBounds()
    static let mostBytes = 262_144

    private let sets: FetchedDocuments<Place, PublicKeySet, OutboundError>

    package init(_ client: GuardedClient, time: any TimeSource) {
        self.init(time: time) { url in
            guard let target = OutboundTarget(url) else { return nil }
            let answer = try? await client.send(
                to: target, headers: [("Accept", "application/json")], timeout: .seconds(5), maxBytes: Self.mostBytes,
                redirects: 2)
            guard let answer, answer.status == 200 else { return nil }
            return String(decoding: answer.body, as: UTF8.self)
        }
    }

    /// - Parameter fetch: the text at an address; `nil` when there is none.
    init(time: any TimeSource, fetch: @escaping @Sendable (String) async -> String?) {
        sets = FetchedDocuments(Self.bounds, time: time, busy: .timeout) { place in
            guard let text = await fetch(place.url) else { return .failure(.unreachable) }
            let set = PublicKeySet(text)
            return set.ids.isEmpty ? .failure(.badAnswer) : .success(set)
        }
    }

    var count: Int { get async { await sets.count } }

    /// The set that holds this key if there is one; asked for again when it is old or lacks the key.
    func set(of trust: Trust, at url: String, holding keyID: String) async -> PublicKeySet? {
        let place = Place(trust: trust.id, version: trust.version, url: url)
        return try? await sets.document(for: place) { $0.ids.contains(keyID) }.get()
    }
}
