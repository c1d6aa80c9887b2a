package import Inventory
package import Kernel

/// Which claims are of one thing. Pure: the time comes in, and what has changed is asked for. Work is in proportion to
/// what was said anew, not to what is known.
package struct Registry {
    /// Complete reports in a row that leave something out, until it is gone: one short list proves nothing.
    static let missesUntilGone = 3
    /// Clocks of our own processes may differ by this. What is known from farther ahead is from before our clock was set back.
    private static let clockDifference: Duration = .seconds(5)
    /// Keys of one resource. A machine with a hundred disks has some two hundred.
    private static let mostKeys = 512

    let org: OrgID
    let startedAt: Timestamp
    private(set) var claims: [Claim.Place: Claim] = [:]
    private var members: [ResourceID: [Claim.Place]] = [:]
    /// Who holds a key. Of two that show the same one the first keeps it.
    private var keys: [Evidence: ResourceID]
    private var held: [ResourceID: Set<Evidence>] = [:]
    private var cards: [String: Set<ResourceID>] = [:]
    private var twins = Twins()
    /// Where something new stands under an old number, until it has found its resource.
    private var renewed: Claim.Place?
    private var byScope: [Scope: Set<String>] = [:]
    private var rules = IdentityRules()
    /// Whose rules are over and not gone from storage yet.
    private var outlived: Set<Claim.Place> = []
    /// What stood where people have spoken of something, when it was missed: another thing may come under its number.
    private var departed: [Claim.Place: Observation] = [:]
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
            if let first = Twins.first(of: claim) { twins.add(claim.said.key, to: first) }
        }
    }

    // MARK: In

    /// - Returns: the resource that it is of.
    @discardableResult
    package mutating func take(_ observation: Observation, now: Timestamp) -> ResourceID {
        var said = observation
        said.samples = []
        let standing = self.standing(for: said)
        if let standing, standing.isHeard, isOvertaken(said, by: standing, now: now) {
            claims[standing.place]?.missed = 0
            return standing.resource
        }
        let place = self.place(of: &said, standing, now: now)
        guard let known = claims[place] else {
            let id = home(of: said, now: now)
            enter(heard(said, of: id, now: now))
            note(id, claim: place)
            return id
        }
        said.inherit(from: known.said)
        let isSameThing =
            known.said.evidence == said.evidence && known.said.identity == said.identity
            && known.said.type == said.type
        if isSameThing && known.said.scope == said.scope {
            let isStale = isSilent(said, at: now)
            claims[place]?.hear(said, isStale: isStale)
            changes.resources.insert(known.resource)
            if known.said.isToldLike(said) == false { changes.claims.insert(place) }
            return known.resource
        }
        leave(place)
        let siblings = members[known.resource] ?? []
        let fits = siblings.allSatisfy { place in
            // Who was there before, not who has taken its place.
            let isOlder = claims[place].map { $0.said.receivedAt < known.said.receivedAt } == true
            return !contradict(said, place, after: isOlder ? known.said : nil, now: now)
        }
        var id = fits ? known.resource : home(of: said, now: now)
        // What it has learned of itself may be what another one was known by.
        if fits, let other = match(said, now: now), other != id {
            if mayUnite(id, other, now: now) { id = unite(id, other, now: now) }
        }
        enter(heard(said, of: id, now: now))
        releaseKeys(of: id)
        note(id, claim: place)
        if id != known.resource { changes.parted.insert(id) }
        if members[known.resource] == nil { dissolve(known.resource) }
        return id
    }

    private func heard(_ said: Observation, of id: ResourceID, now: Timestamp) -> Claim {
        var claim = Claim(said: said, resource: id, isHeard: true)
        claim.isStale = isSilent(said, at: now)
        return claim
    }

    /// What a platform shows again while it cannot ask has the time of old.
    private func isSilent(_ said: Observation, at now: Timestamp) -> Bool {
        now - max(said.receivedAt, startedAt) > said.silence
    }

    /// What was received before what is known says nothing new of the present, unless our clock was set back since.
    package func isOvertaken(_ said: Observation, by known: Claim, now: Timestamp) -> Bool {
        known.said.receivedAt > said.receivedAt && known.said.receivedAt <= now + Self.clockDifference
    }

    /// Whose next word this is: of what stands under its name, or of the one of several machines under that name that
    /// has its network card.
    /// - Returns: `nil` for something new.
    package func standing(for said: Observation) -> Claim? {
        let place = Claim.Place(said.connection, said.key)
        guard let known = claims[place] else { return nil }
        guard Twins.may(said), !ClaimMatch.sharesCards(said, known.said) else { return known }
        for twin in twins.all(of: place) {
            if let other = claims[Claim.Place(place.connection, twin)], ClaimMatch.sharesCards(said, other.said) {
                return other
            }
        }
        // One whose card was changed, unless there is a better home for it.
        let elsewhere = ClaimMatch.cards(of: said).flatMap { cards[$0] ?? [] }.contains { $0 != known.resource }
        return elsewhere || ClaimMatch.isAnother(said, than: known.said) ? nil : known
    }

    /// One machine more under a name that has as many as are shown, none of them silent for long.
    package func isCrowded(by said: Observation, now: Timestamp) -> Bool {
        let place = Claim.Place(said.connection, said.key)
        guard twins.isFull(of: place), standing(for: said) == nil, let longest = longestSilent(under: place) else {
            return false
        }
        return !longest.isSilent(at: now, since: startedAt, longerThan: Twins.yieldsAfter)
    }

    private func longestSilent(under place: Claim.Place) -> Claim? {
        twins.all(of: place).compactMap { claims[Claim.Place(place.connection, $0)] }
            .min { ($0.said.receivedAt, $0.place) < ($1.said.receivedAt, $1.place) }
    }

    /// Where a claim stands: where its connection and key say, unless it is of another thing than what stood there. A list
    /// then tells of a new thing under an old number; two machines that report under one name are kept apart by their
    /// network cards.
    private mutating func place(of said: inout Observation, _ standing: Claim?, now: Timestamp) -> Claim.Place {
        let place = Claim.Place(said.connection, said.key)
        guard Twins.may(said) else {
            if isRenewed(place, by: said) { renew(place, now: now) }
            return place
        }
        if let standing {
            said.key = standing.said.key
            return standing.place
        }
        guard claims[place] != nil else { return place }
        while twins.isFull(of: place), let longest = longestSilent(under: place) { drop(longest.place) }
        said.key += "#" + (ClaimMatch.cards(of: said).min() ?? "")
        twins.add(said.key, to: place)
        return Claim.Place(said.connection, said.key)
    }

    /// Another thing than the one that stands there, or that people have spoken of there.
    private mutating func isRenewed(_ place: Claim.Place, by said: Observation) -> Bool {
        if !departed.isEmpty, let gone = departed[place], !ClaimMatch.cards(of: said).isEmpty {
            departed[place] = nil
            if ClaimMatch.isAnother(said, than: gone) { return true }
        }
        guard let known = claims[place], !ClaimMatch.sharesCards(said, known.said) else { return false }
        return ClaimMatch.isAnother(said, than: known.said)
    }

    /// Another thing stands there now: neither the resource nor the keys of the one before are its own, and what people have
    /// said was about that one.
    private mutating func renew(_ place: Claim.Place, now: Timestamp) {
        if let known = claims[place] {
            drop(place)
            release(Set(known.said.evidence).intersection(held[known.resource] ?? []), of: known.resource)
        }
        renewed = place
        guard rules.mentions(place) else { return }
        rules.forget(place)
        outlived.insert(place)
        changes.outlived[place] = now
    }

    /// What people have said of these places is gone from storage.
    package mutating func ended(_ places: some Sequence<Claim.Place>) { outlived.subtract(places) }

    /// A complete list of a connection's scope has been told; what it left out for the third time is gone.
    package mutating func close(scope name: String, of connection: ConnectionID, told: Set<String>) {
        let scope = Scope(connection: connection, name: name)
        // What was told has begun to count anew when it was taken.
        for key in byScope[scope] ?? [] where !told.contains(key) {
            let place = Claim.Place(connection, key)
            claims[place]?.missed += 1
            if let missed = claims[place]?.missed, missed >= Self.missesUntilGone { miss(place) }
        }
    }

    /// Gone, as far as anybody can tell; of what people have spoken it is kept what it was.
    private mutating func miss(_ place: Claim.Place) {
        if rules.mentions(place), let said = claims[place]?.said {
            departed[place] = said
            changes.missed[place] = said
        }
        drop(place)
    }

    /// Takes what people say about identity now; only the claims that it is about are looked at again.
    package mutating func apply(_ said: IdentityRules, now: Timestamp) {
        var rules = said
        for place in outlived { rules.forget(place) }
        let touched = rules.touched(since: self.rules)
        self.rules = rules
        for (place, said) in rules.missed where claims[place] == nil && departed[place] == nil {
            departed[place] = said
        }
        departed = departed.filter { rules.mentions($0.key) }
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
            var moved = claim
            moved.resource = id
            enter(moved)
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

    /// Two claims of one resource, by evidence or by a rule.
    private func agree(_ said: Observation, _ place: Claim.Place, now: Timestamp) -> Bool {
        guard let other = claims[place] else { return false }
        if rules.areSame(Claim.Place(said.connection, said.key), place) { return true }
        return !contradict(said, place, after: said, now: now)
            && ClaimMatch.confidence(said, other.said) >= ClaimMatch.threshold
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
        for (first, names) in twins.all {
            for name in names {
                let place = Claim.Place(first.connection, name)
                if claims[place]?.isSilent(at: now, since: startedAt, longerThan: Twins.forgottenAfter) == true {
                    drop(place)
                }
            }
            while twins.isOverfull(of: first), let longest = longestSilent(under: first) { drop(longest.place) }
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

    /// - Parameter before: what was said before this by one that stands in the same resource as `place`. What spoke against
    ///   that then was judged by the registry before this one, which had heard who was silent.
    private func contradict(
        _ said: Observation, _ place: Claim.Place, after before: Observation? = nil, now: Timestamp
    ) -> Bool {
        guard let claim = claims[place] else { return false }
        let own = Claim.Place(said.connection, said.key)
        if rules.areDifferent(own, place) { return true }
        if rules.areSame(own, place) { return false }
        if areInDifferentMachines(said, claim.said) { return true }
        let wasAbandoned =
            !claim.isHeard && before.map { ClaimMatch.contradict($0, claim.said, isAbandoned: false) } == true
        return ClaimMatch.contradict(
            said, claim.said,
            isAbandoned: wasAbandoned
                || claim.isSilent(at: now, since: startedAt, longerThan: ClaimMatch.abandonedAfter))
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

    /// What it was known by once and nobody tells of it now.
    private mutating func releaseKeys(of id: ResourceID) {
        guard let all = held[id], all.count > Self.mostKeys else { return }
        release(all, of: id)
    }

    private mutating func release(_ some: Set<Evidence>, of id: ResourceID) {
        let told = Set(claims(of: id).flatMap(\.said.evidence))
        for evidence in some.subtracting(told) {
            held[id]?.remove(evidence)
            keys[evidence] = nil
            changes.keys[evidence] = nil
            changes.goneKeys.insert(evidence)
        }
    }

    private mutating func hold(_ evidence: Evidence, _ holder: ResourceID) {
        keys[evidence] = holder
        held[holder, default: []].insert(evidence)
        changes.keys[evidence] = holder
        changes.goneKeys.remove(evidence)
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
        guard let first = Twins.first(of: claim) else { return }
        twins.remove(place.key, of: first)
        // Lists of what it holds are told by nobody else.
        let below = byScope.filter { $0.key.connection == place.connection && $0.key.name.hasPrefix(place.key + "/") }
        for key in below.values.joined() { drop(Claim.Place(place.connection, key)) }
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
