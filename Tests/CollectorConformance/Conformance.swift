import HostileKit
import Inventory
import JSONKit
import Kernel
import NIOConcurrencyHelpers

/// What every collector must do when its platform misbehaves. Each check returns what it found wrong; nothing is well.
package enum Conformance: String, CaseIterable, Sendable {
    case happy, silence, unauthorised, forbidden, failing, garbage, flood, endless, crumbs, drip, packed, deep,
        redirected
    case changedCertificate, half, hangUp, skewedClock, partial, recovers, budget, paging, limited, overloaded,
        followed,
        text

    /// - Returns: sentences; none when the collector conforms.
    package func check(_ one: CollectorCase) async throws -> [String] {
        let certificate = try TestCertificate()
        let server = try await HostileServer(certificate, one.well)
        let spec = one.spec(server, .pinned(certificate.sha256))
        let collector = try one.make(CollectorCase.reach).collector(for: spec)
        let found = try await check(one, server, collector, spec.trust)
        try await server.close()
        return found
    }

    private func check(
        _ one: CollectorCase, _ server: HostileServer, _ collector: any Collector, _ trust: ServerTrust
    ) async throws -> [String] {
        switch self {
        case .happy: return await happy(collector)
        case .followed: return await followed(one, server, collector)
        case .text: return try await text(one, server, trust)
        case .silence: return await failing(collector, server, .silence, [.timeout], time: .milliseconds(800))
        case .drip: return await failing(collector, server, .drip, [.timeout], time: .milliseconds(800))
        case .unauthorised:
            return await failing(collector, server, .json("{}", status: 401), [.authentication])
        case .forbidden: return await failing(collector, server, .json("{}", status: 403), [.permission])
        case .failing: return await failing(collector, server, .json("{}", status: 500), [.serverError])
        case .garbage: return await failing(collector, server, .answer(200, body: "<html>hello</html>"), [.badAnswer])
        case .flood:
            return await failing(collector, server, .flood(announced: 500_000_000), [.tooLarge])
                + (server.sentBytes > 64_000_000 ? ["took \(server.sentBytes) bytes"] : [])
        case .endless:
            return await failing(collector, server, .flood(announced: nil), [.tooLarge])
                + (server.sentBytes > 64_000_000 ? ["took \(server.sentBytes) bytes"] : [])
        case .crumbs: return await failing(collector, server, .crumbs, [.tooLarge])
        case .packed:
            let bomb = HostileServer.Reply.flood(announced: nil, headers: ["content-encoding": "gzip"])
            return await failing(collector, server, bomb, [.badAnswer])
        case .deep:
            let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
            return await failing(collector, server, .json("{\"data\":\(deep)}"), [.badAnswer])
        case .redirected:
            let away = HostileServer.Reply.answer(
                302, headers: ["location": "http://169.254.169.254/latest/meta-data/"], body: "")
            return await failing(collector, server, away, [.badAnswer, .forbiddenAddress])
        case .half: return await failing(collector, server, .half(of: "{\"data\":[]}"), [.badAnswer, .unreachable])
        case .hangUp: return await failing(collector, server, .hangUp, [.unreachable])
        case .changedCertificate: return try await changed(collector, server)
        case .skewedClock: return await skewed(one, collector, server)
        case .partial: return await partial(one, collector, server)
        case .recovers: return await recovers(one, collector, server)
        case .budget: return await budget(collector, server)
        case .limited: return await failing(collector, server, .json("{}", status: 429), [.rateLimited])
        case .overloaded: return await failing(collector, server, .json("{}", status: 503), [.serverError])
        case .paging:
            switch one.paging {
            case .never: return await whole(collector, server)
            case .pages(let pages): return await paging(pages, collector, server)
            }
        }
    }

    private func happy(_ collector: any Collector) async -> [String] {
        var wrong: [String] = []
        let report = await collector.poll(PollBudget(), at: CollectorCase.now)
        if let fault = report.fault { wrong.append("a well platform is at fault: \(fault)") }
        if report.observations.isEmpty { wrong.append("nothing is observed") }
        let keys = report.observations.map(\.key)
        if Set(keys).count != keys.count { wrong.append("a key stands twice") }
        for one in report.observations {
            if one.samples.map(\.metric) != one.samples.map(\.metric).sorted() { wrong.append("\(one.key): unsorted") }
            if one.samples.contains(where: { !$0.value.isFinite }) { wrong.append("\(one.key): a value is no number") }
            if let parent = one.parent, !keys.contains(parent) {
                wrong.append("\(one.key): parent \(parent) is not there")
            }
            let blocks = (one.facts + one.live).map(\.name)
            if Set(blocks).count != blocks.count { wrong.append("\(one.key): a block stands twice") }
        }
        if report.requests == 0 { wrong.append("no request was counted") }
        if report.latency == nil { wrong.append("no latency was taken") }
        if case .failure(let fault) = await collector.probe(PollBudget()) { wrong.append("the probe fails: \(fault)") }
        return wrong
    }

    /// The base cannot be had: a clear fault, nothing claimed to be complete, and an end in time.
    private func failing(
        _ collector: any Collector, _ server: HostileServer, _ reply: HostileServer.Reply,
        _ reasons: Set<ConnectionFault.Reason>, time: Duration = .seconds(20)
    ) async -> [String] {
        server.answer { _ in reply }
        let start = ContinuousClock.now
        let report = await collector.poll(PollBudget(time: time), at: CollectorCase.now)
        var wrong: [String] = []
        if let fault = report.fault {
            if !reasons.contains(fault.reason) { wrong.append("the reason is \(fault.reason): \(fault.detail)") }
            if fault.detail.isEmpty { wrong.append("the fault has nothing to say") }
        } else {
            wrong.append("there is no fault")
        }
        if !report.complete.isEmpty { wrong.append("\(report.complete) is called complete") }
        if ContinuousClock.now - start > time + .seconds(10) { wrong.append("it took too long") }
        guard case .failure = await collector.probe(PollBudget(time: time)) else {
            return wrong + ["the probe is well"]
        }
        return wrong
    }

    private func changed(_ collector: any Collector, _ server: HostileServer) async throws -> [String] {
        try server.show(try TestCertificate())
        let before = server.plainBytes
        let report = await collector.poll(PollBudget(), at: CollectorCase.now)
        var wrong: [String] = []
        if report.fault?.reason != .certificateChanged {
            wrong.append("the fault is \(String(describing: report.fault))")
        }
        if server.plainBytes != before { wrong.append("\(server.plainBytes - before) bytes went to a stranger") }
        return wrong
    }

    /// What the platform believes of the time moves nothing: freshness is ours to say.
    private func skewed(_ one: CollectorCase, _ collector: any Collector, _ server: HostileServer) async -> [String] {
        let well = one.well
        server.answer { request in
            guard case .answer(let status, var headers, let body) = well(request) else { return well(request) }
            headers["date"] = "Thu, 01 Jan 1970 00:00:00 GMT"
            return .answer(status, headers: headers, body: body)
        }
        let report = await collector.poll(PollBudget(), at: CollectorCase.now)
        guard report.fault == nil else { return ["a clock is a fault: \(String(describing: report.fault))"] }
        return report.observations.filter { $0.receivedAt != CollectorCase.now }.map {
            "\($0.key) was seen at another time"
        }
    }

    /// Everything after the first answer fails: the base stands, and what is missing has a name.
    /// Asked once an hour from now on, it must not be told to have fallen silent a minute later.
    private func followed(_ one: CollectorCase, _ server: HostileServer, _ collector: any Collector) async -> [String] {
        let before = await collector.poll(PollBudget(), at: CollectorCase.now)
        let old = one.spec(server, .system)
        var wrong = before.observations.isEmpty ? ["tells of nothing"] : []
        for (cadence, isAdaptive, pause) in [
            (Duration.seconds(3600), false, Duration.seconds(3600)), (.seconds(10), true, .seconds(300)),
        ] {
            await collector.follow(
                ConnectionSpec(
                    id: before.observations.first?.connection ?? old.id, org: old.org, kind: old.kind, name: "renamed",
                    host: old.host, port: old.port, trust: old.trust, credential: old.credential, cadence: cadence,
                    isAdaptive: isAdaptive))
            let after = await collector.poll(PollBudget(), at: CollectorCase.now + .seconds(20))
            wrong += after.observations.filter { $0.silence < pause * 2 }.map {
                "\($0.key) falls silent after \($0.silence)"
            }
            if after.observations.count < before.observations.count { wrong.append("has forgotten what it knew") }
        }
        return wrong
    }

    private func partial(_ one: CollectorCase, _ collector: any Collector, _ server: HostileServer) async -> [String] {
        let whole = await collector.poll(PollBudget(), at: CollectorCase.now)
        let before = Set(whole.observations.map(\.key))
        let base = server.requests.first?.path
        let well = one.well
        server.answer { request in
            request.path == base || request.method == "POST" ? well(request) : .json("{}", status: 403)
        }
        var report = PollReport()
        // Two hours are longer than any detail is believed without being asked again.
        for step in 1...40 {
            report = await collector.poll(PollBudget(), at: CollectorCase.now + .seconds(180 * step))
        }
        var wrong: [String] = []
        if let fault = report.fault { wrong.append("a missing detail fails the poll: \(fault)") }
        let lost = before.subtracting(report.observations.map(\.key))
        if !lost.isEmpty { wrong.append("lost \(lost.sorted())") }
        if report.degraded.isEmpty { wrong.append("nothing is said to be missing") }
        let again = await collector.poll(PollBudget(), at: CollectorCase.now + .seconds(180 * 40 + 10))
        if again.degraded != report.degraded { wrong.append("the same degradation is told in other words") }
        return wrong
    }

    private func recovers(_ one: CollectorCase, _ collector: any Collector, _ server: HostileServer) async -> [String] {
        server.answer { _ in .hangUp }
        _ = await collector.poll(PollBudget(time: .seconds(5)), at: CollectorCase.now)
        server.answer(one.well)
        let report = await collector.poll(PollBudget(), at: CollectorCase.now + .seconds(10))
        return report.fault.map { ["it did not come back: \($0)"] } ?? []
    }

    /// Of what comes whole, nothing is asked twice.
    private func whole(_ collector: any Collector, _ server: HostileServer) async -> [String] {
        _ = await collector.poll(PollBudget(), at: CollectorCase.now)
        let asked = Dictionary(grouping: server.requests.filter { $0.method == "GET" }) { $0.path }
        return asked.filter { $0.value.count > 1 }.keys.sorted().map { "\($0) was asked twice" }
    }

    /// A list in pages is read to its end, and a list without an end is left.
    private func paging(
        _ pages: CollectorCase.Pages, _ collector: any Collector, _ server: HostileServer
    ) async -> [String] {
        var wrong: [String] = []
        // Exactly full pages too: there the end shows only by an empty one.
        for (round, things) in [pages.size * 2 + pages.size / 2, pages.size * 2, 3].enumerated() {
            server.answer(pages.serving(things))
            var counted: Int?
            // Details take turns; two hours are longer than any waits.
            for step in 1...40 {
                let at = CollectorCase.now + .seconds(7200 * round + 180 * step)
                counted = pages.counted(await collector.poll(PollBudget(), at: at))
            }
            if counted != things {
                wrong.append("of \(things) things it tells of \(counted.map(String.init) ?? "none")")
            }
        }
        server.answer(pages.serving(nil))
        let before = server.requests.count(where: pages.isPage)
        var report = PollReport()
        for step in 1...40 {
            report = await collector.poll(PollBudget(), at: CollectorCase.now + .seconds(21_600 + 180 * step))
        }
        if let fault = report.fault { wrong.append("a list without an end fails the poll: \(fault)") }
        let asked = server.requests.count(where: pages.isPage) - before
        if asked == 0 || asked > 40 * 20 { wrong.append("it asked for \(asked) pages of a list without an end") }
        return wrong
    }

    /// Each text of each answer in turn, as nobody can store it: what is told of stays fit to be kept, and hangs together.
    private func text(
        _ one: CollectorCase, _ server: HostileServer, _ trust: ServerTrust
    ) async throws -> [String] {
        let names = NIOLockedValueBox<Set<String>>([])
        let well = one.well
        func polled(_ change: @escaping @Sendable (String, String) -> String) async throws -> PollReport {
            server.answer { request in
                guard case .answer(let status, let headers, let body) = well(request),
                    let json = try? JSONValue(json: Array(body.utf8))
                else { return well(request) }
                let changed = json.changing { name, text in
                    _ = names.withLockedValue { $0.insert(name) }
                    return change(name, text)
                }
                return .answer(status, headers: headers, body: String(decoding: changed.json, as: UTF8.self))
            }
            let collector = try one.make(CollectorCase.reach).collector(for: one.spec(server, trust))
            return await collector.poll(PollBudget(), at: CollectorCase.now)
        }
        _ = try await polled { $1 }
        let tail = "\0\u{1}\u{202E}" + String(repeating: "x", count: 3000)
        var wrong: [String] = []
        for name in names.withLockedValue({ $0.sorted() }) {
            let report = try await polled { $0 == name ? $1 + tail : $1 }
            var told = report.observations
            for index in told.indices { told[index].makePlain() }
            let keys = told.map(\.key)
            if Set(keys).count != keys.count { wrong.append("\(name): two become one") }
            for said in told {
                if let parent = said.parent, !keys.contains(parent) { wrong.append("\(name): a parent is lost") }
                let words = [said.key, said.name, said.scope, said.technology ?? ""] + said.tags
                if words.contains(where: { $0.utf8.count > 600 || !$0.isPlainLine }) {
                    wrong.append("\(name): \(said.key.prefix(40)) is not plain")
                }
                let blocks = (said.facts + said.live).map { String(decoding: $0.json, as: UTF8.self) }
                if blocks.contains(where: { $0.contains("\\u0000") }) {
                    wrong.append("\(name): a block has a zero byte")
                }
            }
        }
        return wrong
    }

    private func budget(_ collector: any Collector, _ server: HostileServer) async -> [String] {
        let report = await collector.poll(PollBudget(requests: 5), at: CollectorCase.now)
        var wrong: [String] = []
        if server.requests.count > 5 { wrong.append("\(server.requests.count) requests where 5 were allowed") }
        if report.requests != server.requests.count { wrong.append("it counted \(report.requests) requests") }
        if let fault = report.fault { wrong.append("a small budget fails the base: \(fault)") }
        return wrong
    }
}

extension JSONValue {
    /// Every text that is a member, or stands in a list that is one, anew.
    fileprivate func changing(_ name: String = "", _ change: (String, String) -> String) -> JSONValue {
        switch self {
        case .string(let text): .string(change(name, text))
        case .array(let list): .array(list.map { $0.changing(name, change) })
        case .object(let members):
            .object(Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value.changing($0.key, change)) }))
        default: self
        }
    }
}
