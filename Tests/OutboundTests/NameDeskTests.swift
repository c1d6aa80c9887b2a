import Foundation
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import Outbound

@Suite struct NameDeskTests {
    /// A DNS that answers when a test lets it.
    private final class Zone: Sendable {
        let asked = NIOLockedValueBox<[String: Int]>([:])
        let time = NIOLockedValueBox(NIODeadline.uptimeNanoseconds(1_000_000_000))
        let gate = DispatchSemaphore(value: 0)

        func count(_ name: String) -> Int { asked.withLockedValue { $0[name, default: 0] } }
        func advance(_ amount: TimeAmount) { time.withLockedValue { $0 = $0 + amount } }

        func desk(
            mostNames: Int = 8192, _ answer: @escaping @Sendable (String, Zone) -> NameDesk.Answer
        ) -> NameDesk {
            NameDesk(threads: 2, mostNames: mostNames) {
                self.time.withLockedValue { $0 }
            } lookUp: { name in
                self.asked.withLockedValue { $0[name, default: 0] += 1 }
                return answer(name, self)
            }
        }
    }

    @Test("many who ask for one name at once are one look-up, and what was said is kept for a minute")
    func together() async throws {
        let zone = Zone()
        let desk = zone.desk { name, zone in
            if name == "slow.test" { zone.gate.wait() }
            return .success(["203.0.113.1"])
        }
        try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<20 { group.addTask { try await desk.addresses(of: "slow.test", timeout: .seconds(60)) } }
            zone.gate.signal()
            for try await found in group { #expect(found == ["203.0.113.1"]) }
        }
        #expect(zone.count("slow.test") == 1)
        for _ in 0..<3 { _ = try await desk.addresses(of: "a.test", timeout: .milliseconds(900)) }
        #expect(zone.count("a.test") == 1)
        zone.advance(.seconds(61))
        _ = try await desk.addresses(of: "a.test", timeout: .milliseconds(900))
        #expect(zone.count("a.test") == 2)
    }

    @Test("that a name is not known is kept for a moment") func unknown() async throws {
        let zone = Zone()
        let desk = zone.desk { _, _ in .failure(.unreachable) }
        for _ in 0..<3 {
            await #expect(throws: OutboundError.unreachable) {
                _ = try await desk.addresses(of: "no.test", timeout: .seconds(60))
            }
        }
        #expect(zone.count("no.test") == 1)
        zone.advance(.seconds(16))
        await #expect(throws: OutboundError.unreachable) {
            _ = try await desk.addresses(of: "no.test", timeout: .seconds(60))
        }
        #expect(zone.count("no.test") == 2)
    }

    @Test("names of a dead zone wait for each other, in front of nobody else's") func dead() async throws {
        let zone = Zone()
        let isStuck = NIOLockedValueBox(false)
        let (stuck, report) = AsyncStream.makeStream(of: String.self)
        let desk = zone.desk { name, zone in
            guard name.hasPrefix("dead") else { return .success(["203.0.113.1"]) }
            if isStuck.withLockedValue({ $0 }) {
                report.yield(name)
                zone.gate.wait()
            }
            zone.advance(.seconds(5))
            return .failure(.unreachable)
        }
        let dead = (0..<30).map { "dead\($0).test" }
        for name in dead {
            await #expect(throws: OutboundError.unreachable) {
                _ = try await desk.addresses(of: name, timeout: .seconds(60))
            }
        }
        zone.advance(.seconds(120))
        isStuck.withLockedValue { $0 = true }
        await withTaskGroup(of: Void.self) { group in
            for name in dead { group.addTask { _ = try? await desk.addresses(of: name, timeout: .seconds(60)) } }
            // Both threads for such names are held.
            for await _ in stuck.prefix(2) {}
            for number in 0..<10 {
                let found = try? await desk.addresses(of: "living\(number).test", timeout: .seconds(60))
                #expect(found == ["203.0.113.1"])
            }
            for _ in dead { zone.gate.signal() }
            await group.waitForAll()
        }
    }

    @Test("who has waited long enough goes without the answer, which the next one gets") func patience() async throws {
        let zone = Zone()
        let desk = zone.desk { _, zone in
            zone.gate.wait()
            return .success(["203.0.113.1"])
        }
        await #expect(throws: OutboundError.timeout) {
            _ = try await desk.addresses(of: "a.test", timeout: .milliseconds(50))
        }
        zone.gate.signal()
        #expect(try await desk.addresses(of: "a.test", timeout: .seconds(60)) == ["203.0.113.1"])
        #expect(zone.count("a.test") == 1)
    }

    @Test("new names of a zone that does not answer wait for each other, in front of no name that is known")
    func flood() async throws {
        let zone = Zone()
        let (stuck, report) = AsyncStream.makeStream(of: String.self)
        let desk = zone.desk { name, zone in
            guard name.hasSuffix("blackhole.test") else { return .success(["203.0.113.1"]) }
            report.yield(name)
            zone.gate.wait()
            return .failure(.unreachable)
        }
        let living = (0..<10).map { "living\($0).test" }
        for name in living { _ = try await desk.addresses(of: name, timeout: .seconds(60)) }
        zone.advance(.seconds(61))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<30 {
                group.addTask { _ = try? await desk.addresses(of: "\(number).blackhole.test", timeout: .seconds(60)) }
            }
            for await _ in stuck.prefix(2) {}
            for name in living {
                let found = try? await desk.addresses(of: name, timeout: .seconds(20))
                #expect(found == ["203.0.113.1"])
                #expect(zone.count(name) == 2, "it was looked up, not remembered")
                if found == nil { break }
            }
            for _ in 0..<30 { zone.gate.signal() }
            await group.waitForAll()
        }
    }

    @Test("while a name's servers are away it is what it was, for ten minutes and no longer") func stale() async throws
    {
        let zone = Zone()
        let isAway = NIOLockedValueBox(false)
        let (stuck, report) = AsyncStream.makeStream(of: String.self)
        let desk = zone.desk { name, zone in
            guard isAway.withLockedValue({ $0 }) else { return .success(["203.0.113.1"]) }
            report.yield(name)
            zone.gate.wait()
            return .success(["203.0.113.2"])
        }
        func ask() async throws -> [String] { try await desk.addresses(of: "a.test", timeout: .milliseconds(50)) }
        #expect(try await desk.addresses(of: "a.test", timeout: .seconds(60)) == ["203.0.113.1"])
        isAway.withLockedValue { $0 = true }
        zone.advance(.seconds(61))
        for _ in 0..<3 { #expect(try await ask() == ["203.0.113.1"]) }
        for await _ in stuck.prefix(1) {}
        #expect(zone.count("a.test") == 2, "one look-up goes on, however many went without it")
        zone.advance(.seconds(598))
        #expect(try await ask() == ["203.0.113.1"])
        zone.advance(.seconds(2))
        await #expect(throws: OutboundError.timeout) { _ = try await ask() }
        // What comes late counts all the same.
        zone.gate.signal()
        #expect(try await desk.addresses(of: "a.test", timeout: .seconds(60)) == ["203.0.113.2"])
        #expect(zone.count("a.test") == 2)
    }

    @Test("a look-up that ends without an answer after long leaves what was known; a quick no is believed")
    func failedLate() async throws {
        let zone = Zone()
        let late = NIOLockedValueBox(TimeAmount.zero)
        let desk = zone.desk { name, zone in
            guard zone.count(name) > 1 else { return .success(["203.0.113.1"]) }
            zone.advance(late.withLockedValue { $0 })
            return .failure(.unreachable)
        }
        _ = try await desk.addresses(of: "a.test", timeout: .seconds(60))
        zone.advance(.seconds(61))
        late.withLockedValue { $0 = .seconds(10) }
        #expect(try await desk.addresses(of: "a.test", timeout: .seconds(60)) == ["203.0.113.1"])
        // For a moment nobody asks again, then somebody does.
        _ = try await desk.addresses(of: "a.test", timeout: .seconds(60))
        #expect(zone.count("a.test") == 2)
        zone.advance(.seconds(16))
        late.withLockedValue { $0 = .zero }
        await #expect(throws: OutboundError.unreachable) {
            _ = try await desk.addresses(of: "a.test", timeout: .seconds(60))
        }
        #expect(zone.count("a.test") == 3)
    }

    @Test("an old answer is judged like a new one") func judged() async throws {
        let zone = Zone()
        let desk = zone.desk { name, zone in
            if zone.count(name) > 1 { zone.gate.wait() }
            return .success(["10.0.0.1"])
        }
        let guarded = AddressGuard(
            OutboundPolicy(), resolver: Resolver { try await desk.addresses(of: $0, timeout: $1) })
        for timeout in [Duration.seconds(60), .milliseconds(50)] {
            await #expect(throws: OutboundError.refused) {
                _ = try await guarded.address(of: "a.test", timeout: timeout)
            }
            zone.advance(.seconds(61))
        }
        #expect(zone.count("a.test") == 2)
        zone.gate.signal()
    }

    @Test("names that are made up go before those that are known to answer") func madeUp() async throws {
        let zone = Zone()
        let desk = zone.desk(mostNames: 100) { name, _ in
            name == "a.test" ? .success(["203.0.113.1"]) : .failure(.unreachable)
        }
        _ = try await desk.addresses(of: "a.test", timeout: .seconds(60))
        for number in 0..<300 { _ = try? await desk.addresses(of: "\(number).test", timeout: .seconds(60)) }
        _ = try await desk.addresses(of: "a.test", timeout: .seconds(60))
        #expect(zone.count("a.test") == 1)
    }
}
