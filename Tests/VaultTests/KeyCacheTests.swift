import Kernel
import NIOConcurrencyHelpers
import TestKit
import Testing

@testable import Vault

@Suite struct KeyCacheTests {
    private let time = ManualTime()
    private let loads = NIOLockedValueBox(0)

    private func cache(bound: Int = 8) -> KeyCache<Int, Int> {
        KeyCache(lifetime: .seconds(40), bound: bound, time: time)
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
        #expect(try await cache.value(1) { counted(7) } == 7)  // a failure is not remembered
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
