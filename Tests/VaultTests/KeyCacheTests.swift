import Kernel
import NIOConcurrencyHelpers
import TestKit
import Testing

@testable import Vault

@Suite struct KeyCacheTests {
    private let time = ManualTime()
    private let loads = NIOLockedValueBox(0)

    private func cache(bound: Int = 8) -> KeyCache<Int, Int> {
        KeyCache(lifetime: .seconds(40), refusalLifetime: .seconds(5), bound: bound, time: time)
    }

    private func counted(_ value: Int) -> Int {
        loads.withLockedValue { $0 += 1 }
        return value
    }

    @Test("a value is looked up once in its lifetime, which begins with the look-up and not with its answer")
    func lifetime() async throws {
        let cache = cache()
        // The provider takes 10 s to answer.
        _ = try await cache.value(1) {
            time.advance(by: .seconds(10))
            return counted(1)
        }
        time.advance(by: .seconds(29))
        #expect(try await cache.value(1) { counted(2) } == 1)
        time.advance(by: .seconds(1))
        #expect(try await cache.value(1) { counted(2) } == 2)
        #expect(loads.withLockedValue { $0 } == 2)
    }

    @Test("many who ask at once cause one look-up, and share its failure") func together() async throws {
        let cache = cache()
        let (gate, open) = AsyncStream<Void>.makeStream()
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    do {
                        _ = try await cache.value(1) {
                            for await _ in gate {}
                            _ = counted(1)
                            throw VaultError.keyDestroyed
                        }
                        return true
                    } catch { return false }
                }
            }
            while cache.waiting(for: 1) < 19 { await Task.yield() }
            open.finish()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes == [Bool](repeating: false, count: 20))
        #expect(loads.withLockedValue { $0 } == 1)
        // That a key is gone is found at once each time; nobody is spared anything by remembering it.
        #expect(try await cache.value(1) { counted(7) } == 7)
    }

    /// What a provider that does not answer makes of a look-up: 5 s, and nothing.
    private func silent() throws -> Int {
        time.advance(by: .seconds(5))
        _ = counted(0)
        throw VaultError.keyUnavailable(reason: .unreachable("no answer"))
    }

    @Test("a key that cannot be used is asked for once in five seconds, counted from the provider's silence")
    func unavailable() async throws {
        let cache = cache(bound: 2)
        let start = time.monotonic
        for _ in 0..<200 { await #expect(throws: VaultError.self) { try await cache.value(1) { try silent() } } }
        #expect(loads.withLockedValue { $0 } == 1 && time.monotonic - start == .seconds(5))
        // Others are not taken for it.
        #expect(try await cache.value(2) { counted(2) } == 2)
        time.advance(by: .milliseconds(4999))
        await #expect(throws: VaultError.self) { try await cache.value(1) { counted(1) } }
        time.advance(by: .milliseconds(1))
        #expect(try await cache.value(1) { counted(1) } == 1)
    }

    @Test("forgetting an owner forgets that its key could not be used") func forgotten() async throws {
        let cache = cache()
        await #expect(throws: VaultError.self) { try await cache.value(1) { try silent() } }
        cache.drop { $0 == 1 }
        #expect(try await cache.value(1) { counted(1) } == 1)
    }

    @Test("keys that cannot be used are remembered up to a bound, those that are over first forgotten")
    func unavailableBound() async throws {
        let cache = cache(bound: 4)
        func refuse(_ keys: Range<Int>) async {
            for key in keys {
                _ = try? await cache.value(key) { throw VaultError.keyUnavailable(reason: .refused("disabled")) }
            }
        }
        await refuse(0..<10)
        #expect(cache.refusals == 4)
        time.advance(by: .seconds(5))
        await refuse(20..<21)
        #expect(cache.refusals == 1)
    }

    @Test("who gives up waiting has learnt nothing of the key: the next one asks") func givenUp() async throws {
        let cache = cache()
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let first = Task { [time] in
            try await cache.value(1) {
                begin.finish()
                // As a client does that is cancelled: it ends, and calls that an error of its own.
                try? await time.sleep(for: .seconds(5))
                throw VaultError.keyUnavailable(reason: .unreachable("cancelled"))
            }
        }
        for await _ in begun {}
        let second = Task { try await cache.value(1) { counted(1) } }
        while cache.waiting(for: 1) < 1 { await Task.yield() }
        first.cancel()
        #expect(try await second.value == 1)
    }

    @Test("it never holds more than its bound, and what was used last stays") func bound() async throws {
        let cache = cache(bound: 8)
        for key in 0..<100 {
            _ = try await cache.value(key) { counted(key) }
            _ = try await cache.value(0) { counted(-1) }
            #expect(cache.count <= 8)
        }
        #expect(try await cache.value(0) { counted(-1) } == 0)
    }

    @Test("an answer that was under way when its key was dropped is not kept") func dropped() async throws {
        let cache = cache()
        let value = try await cache.value(1) {
            cache.drop { $0 == 1 }
            return counted(1)
        }
        #expect(value == 1)
        #expect(try await cache.value(1) { counted(2) } == 2)
    }
}
