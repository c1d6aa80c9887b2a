import Kernel
import TestKit
import Testing

@testable import HTTPKit

@Suite struct RateLimiterTests {
    private let clock = ManualTime()
    private let budget = RateLimiter.Budget(3, per: .seconds(60))

    @Test("a budget may be used at once and comes back evenly")
    func refill() {
        let limiter = RateLimiter(time: clock)
        let take = { limiter.take(.auth, .address("a"), from: budget) }
        #expect((0..<3).map { _ in take().isAllowed } == [true, true, true])
        let refused = take()
        #expect(!refused.isAllowed)
        #expect(refused.seconds == 20)
        clock.advance(by: .seconds(19))
        #expect(!take().isAllowed)
        clock.advance(by: .seconds(1))
        #expect(take().isAllowed)
        #expect(!take().isAllowed)
        clock.advance(by: .seconds(6000))
        #expect(take().remaining == 2)
    }

    @Test("callers and classes have budgets of their own")
    func separate() {
        let limiter = RateLimiter(time: clock)
        for _ in 0..<3 { _ = limiter.take(.auth, .address("a"), from: budget) }
        #expect(!limiter.take(.auth, .address("a"), from: budget).isAllowed)
        #expect(limiter.take(.auth, .address("b"), from: budget).isAllowed)
        #expect(limiter.take(.auth, .principal("a"), from: budget).isAllowed)
        #expect(limiter.take(.general, .address("a"), from: budget).isAllowed)
    }

    @Test("the table of buckets is bounded")
    func bounded() {
        let limiter = RateLimiter(time: clock, maxBuckets: 100)
        for index in 0..<1000 { _ = limiter.take(.general, .address("\(index)"), from: budget) }
        #expect(limiter.count <= 100)
    }

    @Test("a 429 says which limit, and when to come back")
    func problem() async throws {
        let responder = try Given.responder(
            [Given.endpoint(.post, "/api/login", rate: .auth)], limiter: RateLimiter(time: clock))
        var answers: [APIResponse] = []
        for _ in 0..<11 {
            answers.append(
                await responder.respond(
                    to: APIRequest(method: .post, path: "/api/login", clientAddress: "198.51.100.7")))
        }
        #expect(answers[..<10].allSatisfy { $0.status == 200 })
        #expect(answers[0].headers["ratelimit-policy"] == "\"auth\";q=10;w=60")
        #expect(answers[0].headers["ratelimit"] == "\"auth\";r=9;t=6")
        #expect(answers[10].status == 429)
        #expect(answers[10].headers["retry-after"] == "6")
        #expect(answers[10].text.contains("\"code\":\"rate_limit\""))
        let other = await responder.respond(
            to: APIRequest(method: .post, path: "/api/login", clientAddress: "198.51.100.8"))
        #expect(other.status == 200)
    }

    @Test("one IPv6 network is one caller")
    func networks() async throws {
        let responder = try Given.responder(
            [Given.endpoint(.post, "/api/login", rate: .auth)], limiter: RateLimiter(time: clock))
        for index in 0..<10 {
            _ = await responder.respond(
                to: APIRequest(method: .post, path: "/api/login", clientAddress: "2001:db8:1:2::\(index)"))
        }
        let inside = APIRequest(method: .post, path: "/api/login", clientAddress: "2001:db8:1:2:ffff::1")
        let outside = APIRequest(method: .post, path: "/api/login", clientAddress: "2001:db8:1:3::1")
        #expect(await responder.respond(to: inside).status == 429)
        #expect(await responder.respond(to: outside).status == 200)
    }

    @Test("a principal is slowed wherever it calls from")
    func principals() async throws {
        let caller = Caller(principal: .system(job: "test"))
        var settings = HTTPSettings()
        settings.rateMultiplier = 0.01
        let responder = try Given.responder(
            [Given.endpoint(access: .session)], gate: ScriptedGate { _ in caller }, settings: settings,
            limiter: RateLimiter(time: clock))
        var statuses: [Int] = []
        for index in 0..<7 {
            let request = APIRequest(path: "/api/thing", clientAddress: "198.51.100.\(index)")
            statuses.append(await responder.respond(to: request).status)
        }
        #expect(statuses == [200, 200, 200, 200, 200, 429, 429])
    }

    @Test("loopback has a multiplier of its own, and zero switches limits off")
    func multipliers() async throws {
        var settings = HTTPSettings()
        settings.rateMultiplier = 0
        let responder = try Given.responder(
            [Given.endpoint(.post, "/api/login", rate: .auth)], settings: settings, limiter: RateLimiter(time: clock))
        for _ in 0..<50 {
            #expect(await responder.respond(to: APIRequest(method: .post, path: "/api/login")).status == 200)
        }
        settings.rateMultiplier = 1
        settings.loopbackRateMultiplier = 5
        let generous = try Given.responder([], settings: settings)
        var direct = APIRequest()
        direct.isDirectLoopback = true
        #expect(generous.rateMultiplier(for: direct) == 5)
        #expect(generous.rateMultiplier(for: APIRequest()) == 1)
    }
}

extension APIResponse {
    /// The body as text; empty for streams and files.
    var text: String { if case .bytes(let bytes) = body { String(decoding: bytes, as: UTF8.self) } else { "" } }
}
