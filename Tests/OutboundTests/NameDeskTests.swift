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

        func desk(_ answer: @escaping @Sendable (String, Zone) -> NameDesk.Answer) -> NameDesk {
            NameDesk(threads: 2) {
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
}
