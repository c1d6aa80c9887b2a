package import Kernel

/// How much is kept and how often it is asked for.
package struct FetchBounds: Sendable {
    /// In memory; the one unused longest goes.
    package var most = 500
    /// At once.
    package var mostFetches = 16
    /// After this it is asked for again when somebody needs it.
    package var lifetime: Duration = .seconds(600)
    /// An issuer that is away is believed for so long by what it said last.
    package var longest: Duration = .seconds(86_400)
    /// Between two tries for one place, whatever is asked for meanwhile.
    package var pause: Duration = .seconds(30)
    /// Tries that need no pause, for an issuer that changes its keys just after it was asked. They grow back, one in each
    /// pause. None after a try that failed.
    package var spare = 2

    package init() {}
}

/// What issuers publish, fetched when it is needed and kept for a while, within bounds that no caller can move.
package actor FetchedDocuments<Place: Hashable & Sendable, Document: Sendable, Fault: Error> {
    private struct Kept {
        var document: Document?
        var fetchedAt: Duration?
        var triedAt: Duration?
        /// Until then every try so far has had its pause.
        var pausedUntil: Duration = .zero
        var usedAt: Duration
        var failure: Fault?
        var fetching: Task<Result<Document, Fault>, Never>?
    }

    private let bounds: FetchBounds
    private let time: any TimeSource
    private let busy: Fault
    private let fetch: @Sendable (Place) async -> Result<Document, Fault>
    private var kept: [Place: Kept] = [:]

    /// - Parameters:
    ///   - busy: what is said when too much is being fetched, or it was tried a moment ago and nobody knows how that ended.
    ///   - fetch: within a time of its own; nobody who waits for it ends it.
    package init(
        _ bounds: FetchBounds = FetchBounds(), time: any TimeSource, busy: Fault,
        fetch: @escaping @Sendable (Place) async -> Result<Document, Fault>
    ) {
        (self.bounds, self.time, self.busy, self.fetch) = (bounds, time, busy, fetch)
    }

    package var count: Int { kept.count }

    /// What is there, asked for again when it is old or does not suit. What comes back need not suit even then.
    package func document(
        for place: Place, suiting suits: @Sendable (Document) -> Bool = { _ in true }
    ) async -> Result<Document, Fault> {
        let now = time.monotonic
        makeRoom(for: place, now)
        if let one = kept[place], let document = one.document, let fetchedAt = one.fetchedAt,
            now - fetchedAt < bounds.lifetime, suits(document)
        {
            return .success(document)
        }
        let fetched = await refreshed(place, now)
        if case .success = fetched { return fetched }
        // Not now; what was said last is still believed for a while.
        guard let old = kept[place], let document = old.document, let fetchedAt = old.fetchedAt,
            now - fetchedAt < bounds.longest
        else { return fetched }
        return .success(document)
    }

    private func makeRoom(for place: Place, _ now: Duration) {
        if kept[place] == nil, kept.count >= bounds.most,
            let oldest = kept.filter({ $0.value.fetching == nil }).min(by: { $0.value.usedAt < $1.value.usedAt })
        {
            kept[oldest.key] = nil
        }
        kept[place, default: Kept(usedAt: now)].usedAt = now
    }

    private func mayTry(_ one: Kept, _ now: Duration) -> Bool {
        guard let triedAt = one.triedAt, now - triedAt < bounds.pause else { return true }
        return one.failure == nil && one.pausedUntil - now <= bounds.pause * bounds.spare
    }

    private func refreshed(_ place: Place, _ now: Duration) async -> Result<Document, Fault> {
        if let running = kept[place]?.fetching { return await running.value }
        if let one = kept[place], !mayTry(one, now) { return .failure(one.failure ?? busy) }
        guard kept.values.count(where: { $0.fetching != nil }) < bounds.mostFetches else { return .failure(busy) }
        // All who wait share it, and none of them may end it for the others; its own timeout does.
        let running = Task { [fetch] in await fetch(place) }
        kept[place]?.fetching = running
        kept[place]?.triedAt = now
        let pausedUntil = max(kept[place]?.pausedUntil ?? now, now) + bounds.pause
        kept[place]?.pausedUntil = pausedUntil
        let found = await running.value
        kept[place]?.fetching = nil
        switch found {
        case .success(let document):
            kept[place]?.document = document
            kept[place]?.fetchedAt = now
            kept[place]?.failure = nil
        case .failure(let fault): kept[place]?.failure = fault
        }
        return found
    }
}
