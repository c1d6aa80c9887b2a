import HTTPKit
import Inventory
import JSONKit
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import History

@Suite("history over HTTP", .postgres) struct HistoryRoutesTests {
    let store = HistoryStore(TestDatabase.current.app, logger: Logger(label: "test"))
    /// Within an hour: at its very start the one step that may hold `now` has nothing in it.
    let now = Timestamp(milliseconds: SystemTime().now.milliseconds.floored(to: 3_600_000) + 2_700_000)
    let org: OrgID
    let resource: ResourceID
    let routes: HistoryRoutes

    init() async throws {
        let (now, org) = (now, OrgID.new(at: SystemTime().now))
        let resource = ResourceID.new(at: now)
        self.org = org
        self.resource = resource
        routes = HistoryRoutes(store, time: ManualTime(now: now)) { id, asking, _ in
            id == resource && asking == org ? HistoryRoutes.Known(id: id, type: "agent") : nil
        }
        try await HistoryKeeper.prepare(around: now, workers: TestDatabase.current.worker)
        var buffer = HeadBuffer()
        for minute in 0..<30 {
            let samples: [(metric: MetricName, value: Double)] = [
                (metric: MetricName(.cpu), value: Double(minute) + 0.25), (metric: MetricName(.netIn), value: 1e6),
            ]
            let at = now - .seconds(Int64(minute) * 60 + 1)
            buffer.add(samples, of: resource, measuredAt: at, now: now)
        }
        try await store.append(buffer.checkpoint(at: now), in: org)
    }

    private func ask(_ path: String, _ query: Query, in org: OrgID? = nil, id: String? = nil) async throws -> JSONValue
    {
        let endpoint = try #require(routes.endpoints.first { $0.path == path })
        let principal = Principal.user(UserID.new(at: now), session: SessionID.new(at: now))
        let caller = Caller(principal: principal, org: org ?? self.org, role: .viewer)
        let request = APIRequest(
            path: path, parameters: ["id": id ?? resource.description], query: query, admitted: caller)
        guard case .bytes(let bytes) = try await endpoint.handler(request).body else {
            throw Problem.notFound
        }
        var reader = JSONReader(bytes)
        return try reader.decode(JSONValue.self)
    }

    private let byID = "/api/resources/{id}/history"
    private let byType = "/api/metrics-store/history"

    @Test("one metric is points with value, min and max, its unit and its step")
    func oneMetric() async throws {
        let answer = try await ask(byID, ["metric": "cpu", "range": "1h", "maxPoints": "60"])
        #expect(answer["resourceType"]?.string == "agent")
        #expect(answer["resourceId"] == .string(resource.description))
        #expect(answer["metric"]?.string == "cpu")
        #expect(answer["range"]?.string == "1h")
        #expect(answer["unit"]?.string == "percent")
        #expect(answer["source"]?.string == "store")
        #expect(answer["stepSeconds"]?.double == 60)
        #expect(answer["end"]?.double == Double(now.milliseconds))
        #expect(answer["start"]?.double == Double(now.milliseconds - 3_600_000))
        let points = try #require(answer["points"]?.array)
        #expect(points.count == 30)
        #expect(points.last?["value"]?.double == 0.25)
        #expect(points.first?["max"]?.double == 29.25)
        #expect(points.first?["timestamp"]?.double == Double((now - .seconds(1800)).milliseconds))
        #expect(answer["metrics"] == nil)
    }

    @Test("without a metric all of them come by name")
    func allMetrics() async throws {
        let answer = try await ask(byID, ["range": "1h"])
        #expect(answer["points"] == nil)
        #expect(answer["metric"] == nil)
        #expect(answer["metrics"]?["cpu"]?.array?.count == 30)
        #expect(answer["metrics"]?["netin"]?.array?.first?["value"]?.double == 1e6)
    }

    @Test("the path of the field gives the same answer", arguments: ["agent", "node"])
    func fieldPath(type: String) async throws {
        let one = try await ask(byID, ["metric": "cpu", "range": "1h"])
        let other = try await ask(
            byType, ["resourceType": type, "resourceId": resource.description, "metric": "cpu", "range": "1h"])
        #expect(other["points"] == one["points"])
        #expect(other["resourceType"] == .string(type))
    }

    @Test("a day is the default, also for a range that nobody can read", arguments: ["", "banana", "24h", "1d"])
    func ranges(range: String) async throws {
        let answer = try await ask(byID, ["metric": "cpu", "range": range])
        #expect(answer["start"]?.double == Double(now.milliseconds - 86_400_000))
        #expect(answer["stepSeconds"]?.double == 300)
    }

    @Test("points are clamped to 1...2000", arguments: [("0", 1), ("-5", 1), ("1", 1), ("9999999", 30)])
    func clamped(maxPoints: String, count: Int) async throws {
        let answer = try await ask(byID, ["metric": "cpu", "range": "1h", "maxPoints": maxPoints])
        #expect((1...count).contains(answer["points"]?.array?.count ?? 0))
    }

    @Test(
        "what is wrong is named",
        arguments: [
            (["metric": "nonsense"] as [String: String], "metric"), (["metric": "netin:"], "metric"),
            (["maxPoints": "many"], "maxPoints"), (["resourceType": "toaster"], "resourceType"),
            (["resourceType": ""], "resourceType"), (["resourceId": ""], "resourceId"),
        ])
    func refusals(wrong: [String: String], field: String) async throws {
        var members = ["resourceType": "agent", "resourceId": resource.description, "metric": "cpu", "maxPoints": "10"]
        members.merge(wrong) { $1 }
        let query: Query = [
            "resourceType": members["resourceType"]!, "resourceId": members["resourceId"]!,
            "metric": members["metric"]!, "maxPoints": members["maxPoints"]!,
        ]
        let problem = await #expect(throws: Problem.self) { try await ask(byType, query) }
        #expect(problem?.status == 400)
        #expect(problem?.slug == "invalid-field")
        #expect(problem?.field == field)
    }

    @Test("unknown, malformed and foreign resources are one answer")
    func notFound() async throws {
        let foreign = OrgID.new(at: now)
        for (id, asking) in [(ResourceID.new(at: now).description, org), ("x", org), (resource.description, foreign)] {
            let one = await #expect(throws: Problem.self) { try await ask(byID, [:], in: asking, id: id) }
            let other = await #expect(throws: Problem.self) {
                try await ask(byType, ["resourceType": "agent", "resourceId": id], in: asking)
            }
            #expect(one == .notFound)
            #expect(other == .notFound)
        }
        await #expect(throws: Problem.notFound) {
            try await ask(byType, ["resourceType": "vm", "resourceId": resource.description])
        }
    }

    @Test("sparklines have one line a resource, with null where nothing was measured")
    func sparklines() async throws {
        let path = "/api/resources/sparklines"
        let answer = try await ask(path, ["metric": "cpu", "range": "1h", "points": "60"])
        let line = try #require(answer["data"]?[resource.description]?.array)
        #expect(line.count == 60)
        #expect(line.filter { $0.array?[1] == .null }.count == 30)
        #expect(answer["stepSeconds"]?.double == 60)
        #expect(try await ask(path, [:], in: OrgID.new(at: now))["data"] == .object([:]))
        let problem = await #expect(throws: Problem.self) { try await ask(path, ["ids": "1,2"]) }
        #expect(problem?.field == "ids")
    }

    @Test("whoever sees a part of the inventory gets the lines of that part, asked for by id or not")
    func sparklinesOfAPart() async throws {
        let superuser = TestDatabase.current.superuser
        let place = try await Given.organisation()
        var ids: [String: ResourceID] = [:]
        for tag in ["berlin", "bremen"] {
            let (agent, id) = (try await Given.agent(in: place).id, ResourceID.new(at: now))
            ids[tag] = id
            try await superuser.executeGlobally(
                "UPDATE pulse.agents SET tags = ARRAY[\(tag)::text] WHERE org_id = \(place) AND id = \(agent)")
            try await superuser.executeGlobally(
                """
                INSERT INTO pulse.resources VALUES (\(place), \(id), \(agent), 'agent', 'agent', \(tag), \(tag), 'online', '',
                                                    now(), now())
                """)
            var buffer = HeadBuffer()
            buffer.add([(metric: MetricName(.cpu), value: 5)], of: id, measuredAt: now - .seconds(30), now: now)
            try await store.append(buffer.checkpoint(at: now), in: place)
        }
        let all = try await lines(in: place, seenBy: nil, nil)
        #expect(Set(all) == Set(ids.values))
        let part = Visibility(text: #"{"any":[{"tags":["berlin"]}]}"#)
        let berlin = try #require(ids["berlin"])
        #expect(try await lines(in: place, seenBy: part, nil) == [berlin])
        #expect(try await lines(in: place, seenBy: part, Array(ids.values)) == [berlin])
    }

    private func lines(
        in place: OrgID, seenBy visibility: Visibility?, _ wanted: [ResourceID]?
    ) async throws -> [ResourceID] {
        let lines = try await store.sparklines(
            MetricName(.cpu), of: wanted, range: HistoryRange("1h"), points: 10, limit: 100, now: now, in: place,
            seenBy: visibility)
        return Array(lines.lines.keys)
    }

    @Test("every endpoint needs the right to read monitoring and leaves no trace")
    func rules() {
        for endpoint in routes.endpoints {
            #expect(endpoint.access == .permission(.readMonitoring))
            #expect(endpoint.scope == .monitoringRead)
            #expect(endpoint.method.isSafe)
        }
    }
}
