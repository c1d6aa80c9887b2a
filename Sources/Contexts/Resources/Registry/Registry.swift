package import Inventory
package import Kernel

/// Which claims are of one thing. Pure: the time comes in, and what has changed is asked for. Work is in proportion to
/// what was said anew, not to what is known.
package struct Registry {
    /// Complete reports in a row that leave something out, until it is gone: one short list proves nothing.
    static let missesUntilGone = 3
    /// Clocks of our own processes may differ by this. What is known from farther ahead is from before our clock was set back.
    private static let clockDifference: Duration = .seconds(5)

    let org: OrgID
    let startedAt: Timestamp
    private(set) var claims: [Claim.Place: Claim] = [:]
    private var members: [ResourceID: [Claim.Place]] = [:]
    /// Who holds a key. Of two that show the same one the first keeps it.
    private var keys: [Evidence: ResourceID]
    private var held: [ResourceID: Set<Evidence>] = [:]
    private var cards: [String: Set<ResourceID>] = [:]
    /// Further machines that report under a claim's name.
    private var twins: [Claim.Place: [String]] = [:]
    /// Where something new stands under an old number, until it has found its resource.
    private var renewed: Claim.Place?
    private var byScope: [Scope: Set<String>] = [:]
    private var rules = IdentityRules()
    package private(set) var changes = RegistryChanges()

    private struct Scope: Hashable {
        let connection: ConnectionID
        let name: String
    }

    /// - Parameters:
    ///   - claims: as stored; they know no values until they are said again.
    ///   - keys: of resources, those without claims included.
    package init(
        org: OrgID, claims stored: [Claim], keys: [Evidence: ResourceID],
        now: Timestamp
    ) {
        self.org = org
        self.keys = keys
        startedAt = now
        for (evidence, holder) in keys { held[holder, default: []].insert(evidence) }
        for claim in stored {
            enter(claim)
            if let mark = claim.said.key.firstIndex(of: "#"), claim.said.scope.isEmpty {
                let base = Claim.Place(claim.said.connection, String(claim.said.key[..<mark]))
                twins[base, default: []].append(claim.said.key)
            }
        }
    }

    // MARK: In

    /// - Returns: the resource that it is of.
    @discardableResult
    package mutating func take(_ observation: Observation, now: Timestamp) -> ResourceID {
        var said = observation
        said.samples = []
        // What was received before what is known says nothing new of the present.
        if let known = claims[Claim.Place(said.connection, said.key)], known.isHeard,
            known.said.receivedAt > said.receivedAt, known.said.receivedAt <= now + Self.clockDifference
        {
            claims[known.place]?.missed = 0
            return known.resource
        }
        let place = self.place(of: &said, now: now)
        guard let known = claims[place] else {
            let id = home(of: said, now: now)
            enter(Claim(said: said, resource: id, isHeard: true))
            note(id, claim: place)
            return id
        }
        said.inherit(from: known.said)
        let isSameThing =
            known.said.evidence == said.evidence && known.said.identity == said.identity
            && known.said.type == said.type
        if isSameThing && known.said.scope == said.scope {
            claims[place]?.hear(said)
            changes.resources.insert(known.resource)
            if known.said.isToldLike(said) == false { changes.claims.insert(place) }
            return known.resource
        }
        leave(place)
        let siblings = members[known.resource] ?? []
        let fits = siblings.allSatisfy { !contradict(said, $0, now: now) }
        var id = fits ? known.resource : home(of: said, now: now)
        // What it has learned of itself may be what another one was known by.
        if fits, let other = match(said, now: now), other != id {
            if mayUnite(id, other, now: now) { id = unite(id, other, now: now) }
        }
        enter(Claim(said: said, resource: id, isHeard: true))
        note(id, claim: place)
        if id != known.resource { changes.parted.insert(id) }
        if members[known.resource] == nil { dissolve(known.resource) }
        return id
    }

    /// Where a claim stands: where its connection and key say, unless it is of another thing than what stood there. A list
    /// then tells of a new thing under an old number; two machines that report under one name are kept apart by their
    /// network cards.
    private mutating func place(of said: inout Observation, now: Timestamp) -> Claim.Place {
        let place = Claim.Place(said.connection, said.key)
        guard let known = claims[place], !ClaimMatch.sharesCards(said, known.said) else { return place }
        if !said.scope.isEmpty || said.source != .agent && said.source != .docker {
            if ClaimMatch.isAnother(said, than: known.said) {
                drop(place)
                renewed = place
            }
            return place
        }
        for twin in twins[place] ?? [] {
            if let other = claims[Claim.Place(place.connection, twin)], ClaimMatch.sharesCards(said, other.said) {
                said.key = twin
                return other.place
            }
        }
        // One whose card was changed, unless there is a better home for it.
        let elsewhere = ClaimMatch.cards(of: said).flatMap { cards[$0] ?? [] }.contains { $0 != known.resource }
        guard elsewhere || ClaimMatch.isAnother(said, than: known.said) else { return place }
        said.key += "#" + (said.identity.macAddresses.first ?? "")
        twins[place, default: []].append(said.key)
        return Claim.Place(said.connection, said.key)
    }

    /// A complete list of a connection's scope has been told; what it left out for the third time is gone.
    package mutating func close(scope name: String, of connection: ConnectionID, told: Set<String>) {
        let scope = Scope(connection: connection, name: name)
        // What was told has begun to count anew when it was taken.
        for key in byScope[scope] ?? [] where !told.contains(key) {
            let place = Claim.Place(connection, key)
            claims[place]?.missed += 1
            if let missed = claims[place]?.missed, missed >= Self.missesUntilGone { drop(place) }
        }
    }

    /// Takes what people say about identity now; only the claims that it is about are looked at again.
    package mutating func apply(_ rules: IdentityRules, now: Timestamp) {
        let touched = rules.touched(since: self.rules)
        self.rules = rules
        // Whose key gave a resource its id stays with it; the others leave.
        let (founders, others) = (touched.filter(isFounder), touched.filter { !isFounder($0) })
        for place in others.sorted() + founders.sorted() { lookAgain(at: place, now: now) }
    }

    /// The resource's id is made of one of this claim's own keys.
    private func isFounder(_ place: Claim.Place) -> Bool {
        guard let claim = claims[place] else { return false }
        return ownIDs(of: claim.said).contains(claim.resource)
    }

    /// The ids that this claim would found a resource under, its strongest key's first.
    private func ownIDs(of said: Observation) -> [ResourceID] {
        (said.evidence + [said.claim]).map { ResourceMint.id(in: org, type: said.type, key: $0) }
    }

    /// A claim goes where it belongs by the rules and the evidence as they are now.
    private mutating func lookAgain(at place: Claim.Place, now: Timestamp) {
        guard let claim = claims[place] else { return }
        let others = (members[claim.resource] ?? []).filter { $0 != place }
        let belongs =
            others.isEmpty
            || others.allSatisfy { !rules.areDifferent(place, $0) }
                && others.contains { agree(claim.said, $0, now: now) }
        if !belongs {
            leave(place)
            let id = match(claim.said, now: now) ?? freeID(of: claim.said, leaving: claim.resource)
            takeKeys(of: claim, to: id)
            enter(Claim(said: claim.said, resource: id, isHeard: claim.isHeard))
            revive(id)
            note(id, claim: place)
            changes.parted.insert(id)
            if members[claim.resource] != nil { changes.resources.insert(claim.resource) }
        } else if let other = match(claim.said, now: now), other != claim.resource,
            mayUnite(claim.resource, other, now: now)
        {
            _ = unite(claim.resource, other, now: now)
        }
    }

    /// Where a claim goes that has to leave a resource and is of no other: to the id that it had before it was made one with
    /// others, if it had one, so that links and history of that time are its own again.
    private func freeID(of said: Observation, leaving id: ResourceID) -> ResourceID {
        ownIDs(of: said).first { $0 != id && members[$0] == nil }
            ?? ResourceMint.id(in: org, type: said.type, key: Evidence(.claim, said.claim.value + "#"))
    }

    /// What nobody of those that it leaves is known by.
    private mutating func takeKeys(of claim: Claim, to id: ResourceID) {
        let rest = claims(of: claim.resource)
        for evidence in claim.said.evidence where keys[evidence] == claim.resource {
            guard rest.allSatisfy({ !$0.said.evidence.contains(evidence) }) else { continue }
            held[claim.resource]?.remove(evidence)
            hold(evidence, id)
        }
    }

    /// An id that led to another leads to itself again.
    private mutating func revive(_ id: ResourceID) {
        changes.successions[id] = nil
        changes.revived.insert(id)
    }

    /// By evidence or by a rule.
    private func agree(_ said: Observation, _ place: Claim.Place, now: Timestamp) -> Bool {
        guard let other = claims[place] else { return false }
        if rules.areSame(Claim.Place(said.connection, said.key), place) { return true }
        return !contradict(said, place, now: now) && ClaimMatch.confidence(said, other.said) >= ClaimMatch.threshold
    }

    /// Connections that exist now; what others said is not said any more.
    package mutating func keepOnly(_ connections: Set<ConnectionID>) {
        for place in claims.keys where !connections.contains(place.connection) { drop(place) }
    }

    /// Marks what has fallen silent, and what speaks again.
    package mutating func observeSilence(at now: Timestamp) {
        for (place, claim) in claims {
            let isStale = claim.isSilent(at: now, since: startedAt, longerThan: claim.said.silence)
            guard isStale != claim.isStale else { continue }
            claims[place]?.isStale = isStale
            changes.resources.insert(claim.resource)
        }
    }

    // MARK: Out

    package func claims(of id: ResourceID) -> [Claim] { (members[id] ?? []).compactMap { claims[$0] } }

    /// Several claims are of it.
    package func isShared(_ id: ResourceID) -> Bool { (members[id]?.count ?? 0) > 1 }

    package func claim(at place: Claim.Place) -> Claim? { claims[place] }

    package func resource(of place: Claim.Place) -> ResourceID? { claims[place]?.resource }

    /// What has changed since the last call.
    package mutating func drain() -> RegistryChanges {
        defer { changes = RegistryChanges() }
        return changes
    }

    // MARK: Matching

    /// The resource of a claim that stands nowhere yet: one that is known, or a new one.
    private mutating func home(of said: Observation, now: Timestamp) -> ResourceID {
        defer { renewed = nil }
        if let known = match(said, now: now) { return known }
        // Another thing under an old number must not get the old one's id by it.
        if renewed == Claim.Place(said.connection, said.key) {
            let name = said.claim.value + "#" + (said.identity.macAddresses.first ?? "")
            return ResourceMint.id(in: org, type: said.type, key: Evidence(.claim, name))
        }
        // By the first key that nobody else holds; the same claim gives the same id after a crash.
        for evidence in said.evidence + [said.claim] {
            if let holder = keys[evidence] {
                // Known from before by a key, with no claim left that could contradict.
                if members[holder] == nil { return holder }
                continue
            }
            return ResourceMint.id(in: org, type: said.type, key: evidence)
        }
        return ResourceMint.id(in: org, type: said.type, key: said.claim)
    }

    /// The best of the resources that this claim may be of; several that agree are made one.
    private mutating func match(_ said: Observation, now: Timestamp) -> ResourceID? {
        var candidates = Set(said.evidence.compactMap { keys[$0] })
        for card in ClaimMatch.cards(of: said) { candidates.formUnion(cards[card] ?? []) }
        let own = Claim.Place(said.connection, said.key)
        let linked = rules.linked(to: own)
        candidates.formUnion(linked.compactMap { claims[$0]?.resource })
        var best: [(id: ResourceID, confidence: Double)] = []
        for id in candidates {
            let places = (members[id] ?? []).filter { $0 != own }
            if places.contains(where: linked.contains) {
                if places.allSatisfy({ !rules.areDifferent(own, $0) }) { best.append((id, 2)) }
                continue
            }
            guard !places.isEmpty, places.allSatisfy({ !contradict(said, $0, now: now) }) else { continue }
            let confidence =
                places.compactMap { claims[$0] }.map { ClaimMatch.confidence(said, $0.said) }.max() ?? 0
            if confidence >= ClaimMatch.threshold { best.append((id, confidence)) }
        }
        best.sort { ($1.confidence, $0.id) < ($0.confidence, $1.id) }
        guard let first = best.first else { return nil }
        var id = first.id
        for (other, _) in best.dropFirst() where mayUnite(id, other, now: now) { id = unite(id, other, now: now) }
        return id
    }

    private func contradict(_ said: Observation, _ place: Claim.Place, now: Timestamp) -> Bool {
        guard let claim = claims[place] else { return false }
        let own = Claim.Place(said.connection, said.key)
        if rules.areDifferent(own, place) { return true }
        if rules.areSame(own, place) { return false }
        if areInDifferentMachines(said, claim.said) { return true }
        return ClaimMatch.contradict(
            said, claim.said,
            isAbandoned: claim.isSilent(at: now, since: startedAt, longerThan: ClaimMatch.abandonedAfter))
    }

    /// Disks that show one number may be two all the same: makers repeat them, and a volume of a storage system is shown to
    /// several machines.
    private func areInDifferentMachines(_ left: Observation, _ right: Observation) -> Bool {
        guard left.type == .physicalDisk, right.type == .physicalDisk, let one = holder(of: left),
            let other = holder(of: right)
        else { return false }
        return one != other
    }

    private func holder(of said: Observation) -> ResourceID? {
        said.parent.flatMap { claims[Claim.Place(said.connection, $0)]?.resource }
    }

    private func mayUnite(_ first: ResourceID, _ second: ResourceID, now: Timestamp) -> Bool {
        let (left, right) = (claims(of: first), members[second] ?? [])
        // What people say makes one of them whatever else speaks against it, but for what people say.
        if left.contains(where: { claim in right.contains { rules.areSame(claim.place, $0) } }) {
            return !left.contains { claim in right.contains { rules.areDifferent(claim.place, $0) } }
        }
        return left.allSatisfy { claim in right.allSatisfy { !contradict(claim.said, $0, now: now) } }
    }

    /// Makes two resources one: the older id stays, because links and history hang on it.
    private mutating func unite(_ first: ResourceID, _ second: ResourceID, now: Timestamp) -> ResourceID {
        let kept = (members[first] ?? []).count >= (members[second] ?? []).count ? first : second
        let gone = kept == first ? second : first
        for place in members[gone] ?? [] {
            guard var claim = claims[place] else { continue }
            leave(place)
            claim.resource = kept
            enter(claim)
            changes.claims.insert(place)
        }
        for evidence in held.removeValue(forKey: gone) ?? [] { hold(evidence, kept) }
        members[gone] = nil
        changes.resources.remove(gone)
        changes.resources.insert(kept)
        changes.successions[gone] = kept
        changes.revived.remove(gone)
        return kept
    }

    // MARK: Bookkeeping

    private mutating func enter(_ claim: Claim) {
        claims[claim.place] = claim
        members[claim.resource, default: []].append(claim.place)
        if !claim.said.scope.isEmpty {
            byScope[Scope(connection: claim.said.connection, name: claim.said.scope), default: []]
                .insert(claim.said.key)
        }
        for card in ClaimMatch.cards(of: claim.said) { cards[card, default: []].insert(claim.resource) }
        for evidence in claim.said.evidence where keys[evidence] == nil { hold(evidence, claim.resource) }
    }

    private mutating func hold(_ evidence: Evidence, _ holder: ResourceID) {
        keys[evidence] = holder
        held[holder, default: []].insert(evidence)
        changes.keys[evidence] = holder
    }

    private mutating func leave(_ place: Claim.Place) {
        guard let claim = claims.removeValue(forKey: place) else { return }
        let rest = (members[claim.resource] ?? []).filter { $0 != place }
        members[claim.resource] = rest.isEmpty ? nil : rest
        let scope = Scope(connection: place.connection, name: claim.said.scope)
        byScope[scope]?.remove(place.key)
        if byScope[scope]?.isEmpty == true { byScope[scope] = nil }
        let others = Set(rest.compactMap { claims[$0] }.flatMap { ClaimMatch.cards(of: $0.said) })
        for card in ClaimMatch.cards(of: claim.said) where !others.contains(card) {
            cards[card]?.remove(claim.resource)
            if cards[card]?.isEmpty == true { cards[card] = nil }
        }
    }

    /// What is not said any more.
    private mutating func drop(_ place: Claim.Place) {
        guard let claim = claims[place] else { return }
        leave(place)
        changes.claims.remove(place)
        changes.goneClaims.insert(place)
        if members[claim.resource] == nil { dissolve(claim.resource) } else { changes.resources.insert(claim.resource) }
    }

    /// Nobody speaks of it any more.
    private mutating func dissolve(_ id: ResourceID) {
        guard changes.successions[id] == nil else { return }
        for evidence in held.removeValue(forKey: id) ?? [] {
            keys[evidence] = nil
            changes.keys[evidence] = nil
        }
        changes.resources.remove(id)
        changes.removed.insert(id)
    }

    private mutating func note(_ id: ResourceID, claim: Claim.Place) {
        changes.goneClaims.remove(claim)
        changes.claims.insert(claim)
        changes.removed.remove(id)
        changes.resources.insert(id)
    }
}
