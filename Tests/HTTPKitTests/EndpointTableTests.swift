import HTTPKit
import Kernel
import Testing

@Suite struct EndpointTableTests {
    private func endpoint(
        _ method: Endpoint.Method = .post, _ path: String = "/api/things", kind: Endpoint.Kind = .json,
        access: AccessRule = .session, audit: AuditRule = .entry(action: "thing.created"),
        idempotency: IdempotencyRule = .none, problems: [Problem] = [], request: Schema? = .object(["name": .string]),
        response: Schema = .object(["id": .uuid]), status: Int = 200, requestExample: String? = #"{"name":"x"}"#,
        responseExample: String = #"{"id":"0190"}"#
    ) -> Endpoint {
        Endpoint(
            method, path, summary: "Makes a thing", kind: kind, access: access, audit: audit, idempotency: idempotency,
            problems: problems, request: request, response: response, status: status, requestExample: requestExample,
            responseExample: responseExample
        ) { _ in .noContent }
    }

    @Test("a sound table is taken")
    func sound() throws {
        let read = endpoint(.get, "/api/things/{id}", audit: .none(reason: "reads"), request: nil, requestExample: nil)
        #expect(try EndpointTable([endpoint(), read]).endpoints.count == 2)
    }

    @Test("each fault is named with its endpoint")
    func faults() throws {
        let faulty: [(Endpoint, String)] = [
            (endpoint(.post, "api/things"), "the path must begin with a slash"),
            (endpoint(.post, "/api/things/"), "not end with one"),
            (endpoint(.post, "/api//things"), "no empty segment"),
            (endpoint(.post, "/api/Things"), "the path may hold a-z"),
            (endpoint(.post, "/api/{a b}"), "the path may hold a-z"),
            (endpoint(.post, "/api/{id}/x/{id}"), "stands twice"),
            (endpoint(access: .public(reason: "")), "public without a reason"),
            (endpoint(audit: .none(reason: "")), "neither an audit entry nor a reason"),
            (endpoint(audit: .entry(action: "created")), "is not noun.verb"),
            (endpoint(audit: .telemetry), "only agents hand in telemetry"),
            (endpoint(.put, idempotency: .key), "an idempotency key is for POST"),
            (endpoint(.head), "answered by the router"),
            (endpoint(.post, kind: .socket), "a socket is opened by GET"),
            (endpoint(requestExample: nil), "no request example"),
            (endpoint(responseExample: ""), "no response example"),
            (endpoint(response: .nothing), "status 200 instead of 204"),
            (endpoint(.get), "GET takes no body"),
            (endpoint(requestExample: "{"), "the request example is not JSON"),
            (endpoint(requestExample: "{}"), "the request example does not fit its schema: $.name is missing"),
            (
                endpoint(responseExample: #"{"id":1}"#),
                "the response example does not fit its schema: $.id is of the wrong type"
            ),
            (endpoint(responseExample: #"{"id":"a","x":1}"#), "$.x is not in the schema"),
        ]
        for (endpoint, expected) in faulty {
            let faults = EndpointTable.faults(in: [endpoint])
            #expect(faults.contains { $0.hasPrefix(endpoint.name) && $0.contains(expected) }, "\(expected): \(faults)")
        }
    }

    @Test("the same method and shape of path twice is refused, whatever the parameters are called")
    func duplicates() {
        let faults = EndpointTable.faults(in: [endpoint(.post, "/api/{a}"), endpoint(.post, "/api/{b}")])
        #expect(faults.count == 1 && faults[0].contains("declared 2 times"))
    }

    @Test("one slug has one status")
    func contradictions() {
        let faults = EndpointTable.faults(in: [
            endpoint(.post, "/a", problems: [Problem("taken", status: 409, title: "Taken")]),
            endpoint(.post, "/b", problems: [Problem("taken", status: 400, title: "Taken")]),
        ])
        #expect(faults == ["problem taken: told with different statuses or titles"])
    }

    @Test("a table with faults cannot be made")
    func refused() {
        #expect(throws: EndpointTableFaults.self) { try EndpointTable([endpoint(), endpoint()]) }
    }
}
