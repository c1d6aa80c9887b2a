import CollectorKit
import Kernel
import Testing

@Suite struct TimedCacheTests {
    private let start = Timestamp(seconds: 1_800_000_000)

    @Test("what was learned is believed for a while, and never more than is allowed is kept") func bounds() {
        var cache = TimedCache<Int, String>(most: 3)
        for key in 0..<10 { cache.set(key, "v\(key)", at: start + .seconds(key), for: .seconds(60)) }
        #expect(cache.count == 3)
        #expect(cache.value(9, at: start + .seconds(20)) == "v9")
        #expect(cache.value(0, at: start + .seconds(20)) == nil)
        #expect(cache.value(9, at: start + .seconds(69)) == nil)
        cache.forget { $0 == 9 }
        #expect(cache.count == 2)
    }
}
