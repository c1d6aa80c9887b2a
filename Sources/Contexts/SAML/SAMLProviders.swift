internal import FoundationEssentials
package import Kernel
package import Outbound

/// Metadata of the providers of this process: read when it is needed, kept for a while, asked for again in time.
///
/// Bounds: 500 providers in memory, the one unused longest goes; 16 fetches at once, each at most 5 s and 1 MiB; one try in
/// 30 s a provider, and one more because of messages with keys that nobody has, however many come. A provider whose metadata is away is believed for a
/// day by what it said last, and never beyond its own `validUntil`.
package actor SAMLProviders {
    private typealias Outcome = Result<SAMLIdentityProvider, SAMLRefusal>

    private struct Kept {
        var provider: SAMLIdentityProvider?
        var fetchedAt: Timestamp?
        var triedAt: Timestamp?
        /// Tried because of a message that no key fits. Apart from `triedAt`: keys may be rolled over right after a look.
        var searchedAt: Timestamp?
        var usedAt: Timestamp
        var fetching: Task<Outcome, Never>?
    }

    static let (mostProviders, mostFetches, mostBytes) = (500, 16, 1_048_576)
    static let (lifetime, shortest, longest): (Duration, Duration, Duration) = (
        .seconds(3600), .seconds(300), .seconds(86_400)
    )
    static let pause = Duration.seconds(30)

    private let fetch: @Sendable (String) async -> String?
    private let time: any TimeSource
    private var kept: [String: Kept] = [:]

    package init(_ client: GuardedClient, time: any TimeSource) {
        self.init(time: time) { url in
            guard let target = OutboundTarget(url) else { return nil }
            let answer = try? await client.send(
                to: target, headers: [("Accept", "application/samlmetadata+xml, application/xml, text/xml")],
                timeout: .seconds(5), maxBytes: Self.mostBytes, redirects: 2)
            guard let answer, answer.status == 200 else { return nil }
            return String(validating: answer.body, as: UTF8.self)
        }
    }

    /// - Parameter fetch: the text at an address; `nil` when there is none.
    package init(time: any TimeSource, fetch: @escaping @Sendable (String) async -> String?) {
        self.time = time
        self.fetch = fetch
    }

    var count: Int { kept.count }

    package func provider(_ settings: SAMLSettings, key: String) async throws(SAMLRefusal) -> SAMLIdentityProvider {
        let now = time.now
        makeRoom(for: key, now)
        guard let url = settings.idpMetadataUrl else { return try fixed(settings, key, now) }
        if let provider = kept[key]?.provider, let fetchedAt = kept[key]?.fetchedAt,
            now - fetchedAt < Self.lifetime(of: provider), provider.validUntil.map({ now < $0 }) ?? true
        {
            return provider
        }
        let outcome = await refreshed(key, url, settings.idpEntityId, now)
        if case .success(let provider) = outcome { return provider }
        // Not now; what was said last is still believed for a while.
        if let old = kept[key], let provider = old.provider, let fetchedAt = old.fetchedAt,
            now - fetchedAt < Self.longest, provider.validUntil.map({ now < $0 }) ?? true
        {
            return provider
        }
        guard case .failure(let refusal) = outcome else { throw SAMLRefusal(.metadataUnavailable) }
        throw refusal
    }

    /// For a message whose signature none of the keys fits: what the provider says by now, if that is something else.
    /// - Returns: `nil` when there is nothing newer, or it was asked a moment ago.
    package func newer(
        than used: SAMLIdentityProvider, _ settings: SAMLSettings, key: String
    ) async -> SAMLIdentityProvider? {
        guard let url = settings.idpMetadataUrl else { return nil }
        if let provider = kept[key]?.provider, provider.hasOtherKeys(than: used) { return provider }
        let now = time.now
        if let searchedAt = kept[key]?.searchedAt, now - searchedAt < Self.pause { return nil }
        makeRoom(for: key, now)
        kept[key]?.searchedAt = now
        kept[key]?.triedAt = nil
        guard case .success(let provider) = await refreshed(key, url, settings.idpEntityId, now),
            provider.hasOtherKeys(than: used)
        else { return nil }
        return provider
    }

    package func forget(key: String) { kept[key] = nil }

    /// Not kept: for somebody who sets a provider up.
    package func look(at url: String, entityID: String? = nil) async throws(SAMLRefusal) -> SAMLIdentityProvider {
        guard let xml = await fetch(url) else { throw SAMLRefusal(.metadataUnavailable) }
        return try SAMLIdentityProvider(xml: xml, entityID: entityID, at: time.now)
    }

    /// Reading a megabyte at every login is too much, so that is kept too.
    private func fixed(_ settings: SAMLSettings, _ key: String, _ now: Timestamp) throws(SAMLRefusal)
        -> SAMLIdentityProvider
    {
        var provider: SAMLIdentityProvider
        if let known = kept[key]?.provider {
            provider = known
        } else if let xml = settings.idpMetadataXml {
            provider = try SAMLIdentityProvider(xml: xml, entityID: settings.idpEntityId, at: now)
        } else {
            provider = try SAMLIdentityProvider(fieldsOf: settings)
        }
        if let end = provider.validUntil, end <= now { throw SAMLRefusal(.metadataExpired, "\(end)") }
        kept[key]?.provider = provider
        return provider
    }

    private static func lifetime(of provider: SAMLIdentityProvider) -> Duration {
        max(shortest, min(lifetime, provider.cacheDuration ?? lifetime))
    }

    private func makeRoom(for key: String, _ now: Timestamp) {
        if kept[key] == nil, kept.count >= Self.mostProviders,
            let oldest = kept.filter({ $0.value.fetching == nil }).min(by: { $0.value.usedAt < $1.value.usedAt })
        {
            kept[oldest.key] = nil
        }
        kept[key, default: Kept(usedAt: now)].usedAt = now
    }

    private func refreshed(_ key: String, _ url: String, _ entityID: String?, _ now: Timestamp) async -> Outcome {
        if let running = kept[key]?.fetching { return await running.value }
        if let triedAt = kept[key]?.triedAt, now - triedAt < Self.pause {
            return .failure(SAMLRefusal(.metadataUnavailable))
        }
        guard kept.values.count(where: { $0.fetching != nil }) < Self.mostFetches else {
            return .failure(SAMLRefusal(.metadataUnavailable))
        }
        // All who wait share it, and none of them may end it for the others; its own timeout does.
        let running = Task { [fetch] () -> Outcome in
            guard let xml = await fetch(url) else { return .failure(SAMLRefusal(.metadataUnavailable)) }
            do throws(SAMLRefusal) {
                return .success(try SAMLIdentityProvider(xml: xml, entityID: entityID, at: now))
            } catch {
                return .failure(error)
            }
        }
        kept[key, default: Kept(usedAt: now)].fetching = running
        kept[key]?.triedAt = now
        let outcome = await running.value
        kept[key]?.fetching = nil
        guard case .success(let provider) = outcome else { return outcome }
        kept[key]?.provider = provider
        kept[key]?.fetchedAt = now
        return outcome
    }
}
