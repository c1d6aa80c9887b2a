import CollectorKit
import Kernel
import Testing

@Suite struct CounterRateTests {
    private let start = Timestamp(seconds: 1_800_000_000)
    private typealias Counters = TrafficRates.Counters

    @Test("a first reading is unknown, the second a rate") func first() {
        var rate = CounterRate()
        #expect(rate.rate(1000, at: start) == nil)
        #expect(rate.rate(3000, at: start + .seconds(10)) == 200)
    }

    @Test("case 55: a counter that went down is 0 and begins anew there") func falling() {
        var rate = CounterRate()
        _ = rate.rate(1000, at: start)
        #expect(rate.rate(400, at: start + .seconds(10)) == 0)
        #expect(rate.rate(900, at: start + .seconds(20)) == 50)
    }

    @Test("a reading that is not newer says nothing and moves nothing") func older() {
        var rate = CounterRate()
        _ = rate.rate(1000, at: start)
        #expect(rate.rate(5000, at: start) == nil)
        #expect(rate.rate(5000, at: start - .seconds(1)) == nil)
        #expect(rate.rate(2000, at: start + .seconds(10)) == 100)
    }

    @Test("case 15: an absent counter is unknown alone, and its baseline waits") func absent() {
        var rates = TrafficRates()
        _ = rates.rates(of: Counters(netIn: 100, netOut: 100), uptime: 10, at: start)
        let one = rates.rates(of: Counters(netOut: 300), uptime: 20, at: start + .seconds(10))
        #expect(one == Counters(netOut: 20))
        let two = rates.rates(of: Counters(netIn: 300, netOut: 300), uptime: 30, at: start + .seconds(20))
        #expect(two == Counters(netIn: 10, netOut: 0))
    }

    @Test("case 55: an uptime that went back begins everything anew, larger counters too") func restarted() {
        var rates = TrafficRates()
        _ = rates.rates(of: Counters(netIn: 100), uptime: 1000, at: start)
        #expect(rates.rates(of: Counters(netIn: 900), uptime: 5, at: start + .seconds(10)) == Counters())
        #expect(rates.rates(of: Counters(netIn: 1000), uptime: 15, at: start + .seconds(20)) == Counters(netIn: 10))
    }

    @Test("the previous reading shown again keeps its rates, and the next is measured over both") func repeated() {
        var rates = TrafficRates()
        _ = rates.rates(of: Counters(netIn: 0), uptime: 10, at: start)
        #expect(rates.rates(of: Counters(netIn: 100), uptime: 20, at: start + .seconds(10)) == Counters(netIn: 10))
        #expect(rates.rates(of: Counters(netIn: 100), uptime: 20, at: start + .seconds(20)) == Counters(netIn: 10))
        #expect(rates.rates(of: Counters(netIn: 400), uptime: 40, at: start + .seconds(30)) == Counters(netIn: 15))
    }
}
