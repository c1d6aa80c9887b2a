import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import VerifiedDomains

@Suite(.postgres) struct DomainKeeperTests {
    private static let name = "_pulse-challenge.example.com"
    let scene: DomainCase

    init() throws { scene = try DomainCase() }

    private func state(_ owner: DomainCase.Owner) async throws -> DomainClaim {
        try #require(
            try await DomainStore(database: TestDatabase.current.app).one("example.com", in: owner.org))
    }

    /// Lets time pass, with a round of the keeper every ten minutes.
    private func pass(_ span: Duration) async throws {
        var left = span
        while left > .zero {
            scene.door.time.advance(by: .seconds(600))
            left -= .seconds(600)
            while try await scene.keeper.round() > 0 {}
        }
    }

    @Test("a record that stays is looked for twice a day, and nothing changes") func stays() async throws {
        let owner = try await scene.owner()
        try await scene.verified("example.com", by: owner)
        let before = scene.zone.asked
        try await pass(.seconds(48 * 3600))
        let state = try await state(owner)
        #expect(state.state == .verified && state.missingSince == nil)
        #expect((3...4).contains(scene.zone.asked - before), "\(scene.zone.asked - before)")
    }

    @Test("a record that is gone loses the domain within a day: enforcement ends, it is audited, owners are told")
    func lost() async throws {
        let owner = try await scene.owner(email: "ana@example.com")
        let second = try await scene.owner(email: "ben@other.example", of: owner.org)
        try await scene.enforced("example.com", by: owner)
        #expect(try await scene.mustSSO(owner.user, in: owner.org) == true)
        #expect(try await scene.mustSSO(second.user, in: owner.org) == false)
        scene.zone[Self.name] = .absent
        try await pass(.seconds(20 * 3600))
        #expect(try await state(owner).state == .verified, "a bad hour is no loss")
        #expect(try await state(owner).missingSince != nil)
        try await pass(.seconds(4 * 3600))
        let after = try await state(owner)
        #expect(after.state == .lost && !after.isEnforced && after.nextCheckAt == nil)
        #expect(try await scene.mustSSO(owner.user, in: owner.org) == false)
        #expect(try await scene.actions(in: owner.org).last == "domain.lose")
        for address in ["ana@example.com", "ben@other.example"] { #expect(scene.door.mail.count(to: address) == 1) }
        try await pass(.seconds(24 * 3600))
        #expect(scene.door.mail.all.count == 2, "and once is enough")
    }

    @Test("an hour of absence is an hour, however seldom somebody looked: three looks lose a domain, two do not")
    func seldomLooked() async throws {
        let owner = try await scene.owner()
        try await scene.verified("example.com", by: owner)
        for number in 1...3 {
            scene.door.time.advance(by: .seconds(1_000_000))
            let moment = scene.door.time.now
            let isLost = try await TestDatabase.current.app.first(
                in: owner.org, "SELECT note_domain_check('example.com', 'absent', 60, \(moment), \(moment))"
            ) { try $0.next(Bool.self) }
            #expect(isLost == (number == 3), "look \(number)")
        }
    }

    @Test("another record under the name is no proof; a record that is back is") func comesBack() async throws {
        let owner = try await scene.owner()
        try await scene.verified("example.com", by: owner)
        let good = try #require(scene.zone[Self.name])
        scene.zone[Self.name] = .found(["pulse-domain-verification=somebody-else"])
        try await pass(.seconds(20 * 3600))
        #expect(try await state(owner).missingSince != nil)
        scene.zone[Self.name] = good
        try await pass(.seconds(2 * 3600))
        let state = try await state(owner)
        #expect(state.state == .verified && state.missingSince == nil)
    }

    @Test("name servers that fail or are silent prove nothing, however long") func silence() async throws {
        let owner = try await scene.owner()
        try await scene.verified("example.com", by: owner)
        scene.zone[Self.name] = .unanswered
        try await pass(.seconds(72 * 3600))
        let state = try await state(owner)
        #expect(state.state == .verified && state.missingSince == nil)
        #expect(state.checkedAt == state.verifiedAt)
    }

    @Test("a lost domain is somebody else's to verify, and comes back only by a proof") func afterLoss() async throws {
        let (ours, theirs) = (try await scene.owner(), try await scene.owner())
        try await scene.verified("example.com", by: ours)
        scene.zone[Self.name] = .absent
        try await pass(.seconds(24 * 3600))
        #expect(try await state(ours).state == .lost)
        let again = try await scene.owner(of: theirs.org)
        try await scene.verified("example.com", by: again)
        let back = try await scene.owner(of: ours.org)
        scene.zone[Self.name] = .found([try await state(back).record.value])
        let refused = await back.browser.send(.post, "\(DomainCase.path)/example.com/verify")
        #expect(refused.slug == "domain-taken")
    }

    @Test("of two keepers one looks for a domain") func lent() async throws {
        let owner = try await scene.owner()
        try await scene.verified("example.com", by: owner)
        scene.door.time.advance(by: DomainKeeper.interval)
        let other = DomainKeeper(scene.context, workers: TestDatabase.current.worker)
        async let first = scene.keeper.round()
        async let second = other.round()
        #expect(try await first + second == 1)
    }
}
