internal import FoundationEssentials
package import Kernel
package import Outbound

/// Public keys that issuers publish, fetched when they are needed and kept for a while.
///
/// Bounds: 500 sets in memory, the one unused longest goes; 16 fetches at once, each at most 5 s and 256 KiB; one try in 30 s a
/// set, however many tokens name keys that nobody has. An issuer that is away is believed for a day by what it said last.
package actor FetchedKeys {
    private struct Place: Hashable {
        let trust: TrustedIssuerID
        let version: Int32
    }

    private struct Kept {
        var set: PublicKeySet?
        var fetchedAt: Timestamp?
        var triedAt: Timestamp?
        var usedAt: Timestamp
        var fetching: Task<PublicKeySet?, Never>?
    }

    static let (mostSets, mostFetches, mostBytes) = (500, 16, 262_144)
    static let (lifetime, longest, pause): (Duration, Duration, Duration) = (
        .seconds(600), .seconds(86_400), .seconds(30)
    )

    private let fetch: @Sendable (String) async -> String?
    private let time: any TimeSource
    private var kept: [Place: Kept] = [:]

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
        self.time = time
        self.fetch = fetch
    }

    var count: Int { kept.count }

    /// The set that holds this key if there is one; asked for again when it is old or lacks the key.
    func set(of trust: Trust, at url: String, holding keyID: String) async -> PublicKeySet? {
        let place = Place(trust: trust.id, version: trust.version)
        let now = time.now
        makeRoom(for: place, now)
        let has = kept[place]?.set?.ids.contains(keyID) ?? false
        let isFresh = kept[place]?.fetchedAt.map { now - $0 < Self.lifetime } ?? false
        if has && isFresh { return kept[place]?.set }
        if let fetched = await refreshed(place, url, now) { return fetched }
        // Not now; what was said last is still believed for a while.
        guard let old = kept[place], let fetchedAt = old.fetchedAt, now - fetchedAt < Self.longest else { return nil }
        return old.set
    }

    private func makeRoom(for place: Place, _ now: Timestamp) {
        if kept[place] == nil, kept.count >= Self.mostSets,
            let oldest = kept.filter({ $0.value.fetching == nil }).min(by: { $0.value.usedAt < $1.value.usedAt })
        {
            kept[oldest.key] = nil
        }
        kept[place, default: Kept(usedAt: now)].usedAt = now
    }

    /// - Returns: `nil` when it was tried a moment ago, too much is under way, or nothing came.
    private func refreshed(_ place: Place, _ url: String, _ now: Timestamp) async -> PublicKeySet? {
        if let running = kept[place]?.fetching { return await running.value }
        if let triedAt = kept[place]?.triedAt, now - triedAt < Self.pause { return nil }
        guard kept.values.count(where: { $0.fetching != nil }) < Self.mostFetches else { return nil }
        // All who wait share it, and none of them may end it for the others; its own timeout does.
        let running = Task { [fetch] in await fetch(url).map { PublicKeySet($0) } }
        kept[place]?.fetching = running
        kept[place]?.triedAt = now
        let found = await running.value
        kept[place]?.fetching = nil
        guard let found, !found.ids.isEmpty else { return nil }
        kept[place]?.set = found
        kept[place]?.fetchedAt = now
        return found
    }
}
