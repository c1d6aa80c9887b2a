import JSONKit
import Kernel
import NIOConcurrencyHelpers
import Testing

@testable import HTTPKit

@Suite struct ResponderTests {
    private func answer(
        _ request: APIRequest = APIRequest(path: "/api/thing"), gate: any Gate = OpenGate(),
        access: AccessRule = .session,
        method: Endpoint.Method = .get, idempotency: IdempotencyRule = .none, store: (any IdempotencyStore)? = nil,
        _ handler: @escaping Endpoint.Handler = { _ in .json(Array("{}".utf8)) }
    ) async throws -> APIResponse {
        let endpoint = Given.endpoint(method, access: access, idempotency: idempotency, handler: handler)
        return try await Given.responder([endpoint], gate: gate, idempotency: store).respond(to: request)
    }

    private struct Odd: Error {}
    private struct Known: Explained {
        var problem: Problem { Problem("known", status: 409, title: "Known", field: "name", retryAfterSeconds: 7) }
    }

    @Test("an explained error is its problem, with the request id and the members agents know")
    func explained() async throws {
        let answer = try await answer { _ in throw Known() }
        #expect(answer.status == 409)
        #expect(answer.headers["content-type"] == "application/problem+json")
        #expect(answer.headers["retry-after"] == "7")
        let body = try JSONValue(json: Array(answer.text.utf8))
        #expect(body["type"]?.string == "urn:pulse:problem:known")
        #expect(body["code"]?.string == "known" && body["error"]?.string == "known")
        #expect(body["field"]?.string == "name")
        #expect(body["requestId"]?.string == "-")
        #expect(body["message"]?.string == "Known")
    }

    @Test("any other error is a bare 500 that says nothing of itself")
    func unexplained() async throws {
        let answer = try await answer { _ in throw Odd() }
        #expect(answer.status == 500)
        #expect(answer.text.contains("internal-error"))
        #expect(!answer.text.contains("Odd"))
    }

    @Test("a cancelled handler is a time-out")
    func cancelled() async throws {
        let answer = try await answer { _ in throw CancellationError() }
        #expect(answer.status == 503)
        #expect(answer.text.contains("request-timeout"))
    }

    @Test("what the gate throws is answered, and the handler is not asked")
    func refused() async throws {
        let answer = try await answer(gate: ScriptedGate { _ in throw Problem.forbidden }) { _ in
            Issue.record("the handler ran")
            return .noContent
        }
        #expect(answer.status == 403)
    }

    @Test("the handler sees whom the gate let in")
    func admitted() async throws {
        let caller = Caller(principal: .system(job: "x"), org: OrgID(bytes: Array(repeating: 7, count: 16)))
        let answer = try await answer(gate: ScriptedGate { _ in caller }) { request in
            .text("\(try request.caller().principal.label) \(try request.org())")
        }
        #expect(answer.text == "system:x 07070707-0707-0707-0707-070707070707")
    }

    @Test("without a caller there is no organisation; with one but no organisation it must be named")
    func organisation() async throws {
        #expect(
            try await answer {
                _ = try $0.org(); return .noContent
            }.status == 401)
        let gate = ScriptedGate { _ in Caller(principal: .system(job: "x")) }
        #expect(
            try await answer(gate: gate) {
                _ = try $0.org(); return .noContent
            }.text.contains("organisation-required"))
    }

    @Test("an entity the caller has is not sent again")
    func conditional() async throws {
        for (sent, status) in [
            ("\"a\"", 304), ("W/\"a\"", 304), ("\"x\", \"a\"", 304), ("*", 304), ("\"b\"", 200), ("a", 200),
        ] {
            let request = APIRequest(path: "/api/thing", headers: ["if-none-match": sent])
            let answer = try await answer(request) { _ in .json([], headers: ["etag": "\"a\""]) }
            #expect(answer.status == status, "\(sent)")
        }
    }

    @Test("404, 405 and OPTIONS come from the table")
    func table() async throws {
        #expect(try await answer(APIRequest(path: "/api/none")).status == 404)
        let wrong = try await answer(APIRequest(method: .delete, path: "/api/thing"))
        #expect(wrong.status == 405)
        #expect(wrong.headers["allow"] == "GET, HEAD, OPTIONS")
        #expect(wrong.text.contains("method-not-allowed"))
        let options = try await answer(APIRequest(method: .options, path: "/api/thing"))
        #expect(options.status == 204)
        #expect(options.headers["allow"] == "GET, HEAD, OPTIONS")
    }

    @Test("pages come from the fallback, but nothing below /api does")
    func fallback() async throws {
        let responder = try Given.responder([]) { request in request.path == "/gone" ? nil : .text("page") }
        #expect(await responder.respond(to: APIRequest(path: "/infrastructure")).text == "page")
        #expect(await responder.respond(to: APIRequest(path: "/gone")).status == 404)
        #expect(await responder.respond(to: APIRequest(path: "/api/x")).status == 404)
        #expect(await responder.respond(to: APIRequest(method: .post, path: "/infrastructure")).status == 404)
    }

    // MARK: Idempotency

    /// Remembers everything for ever.
    private actor Memory: IdempotencyStore {
        private var answers: [String: (hash: [UInt8], answer: APIResponse)] = [:]

        func once(
            _ key: IdempotencyKey, by caller: Caller?, _ operation: @Sendable () async throws -> APIResponse
        ) async throws -> APIResponse {
            if let known = answers[key.value] {
                guard known.hash == key.bodyHash else { throw Problem.idempotencyKeyReused }
                return known.answer
            }
            let answer = try await operation()
            answers[key.value] = (key.bodyHash, answer)
            return answer
        }
    }

    @Test("a key makes a creation happen once; with another body it is refused")
    func idempotency() async throws {
        let store = Memory()
        let count = Counter()
        let send = { (key: String, body: String) in
            try await answer(
                APIRequest(
                    method: .post, path: "/api/thing", headers: ["idempotency-key": key], body: Array(body.utf8)),
                method: .post, idempotency: .key, store: store
            ) { _ in .text("\(count.next())") }
        }
        #expect(try await send("a", "{}").text == "1")
        #expect(try await send("a", "{}").text == "1")
        #expect(try await send("b", "{}").text == "2")
        #expect(try await send("a", "{ }").status == 422)
        for bad in ["", "ä", String(repeating: "x", count: 256), "a b"] {
            #expect(try await send(bad, "{}").text.contains("invalid-idempotency-key"), "\(bad)")
        }
    }

    // MARK: Cookies and bodies

    @Test("protected cookies have their prefix on https, and only that name counts there")
    func cookies() {
        let session = Cookie("pulse_session", Secret("s"), maxAge: .seconds(60), protected: true)
        let csrf = Cookie("pulse_csrf", Secret("c"), maxAge: nil, httpOnly: false)
        #expect(
            session.headerValue(isSecure: true)
                == "__Host-pulse_session=s; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax")
        #expect(session.headerValue(isSecure: false) == "pulse_session=s; Path=/; Max-Age=60; HttpOnly; SameSite=Lax")
        #expect(csrf.headerValue(isSecure: true) == "pulse_csrf=c; Path=/; Secure; SameSite=Lax")
        let sent: Headers = ["cookie": "x=1; pulse_session=plain; __Host-pulse_session=own"]
        #expect(APIRequest(headers: sent, isSecure: true).protectedCookie("pulse_session") == "own")
        #expect(APIRequest(headers: sent).protectedCookie("pulse_session") == "plain")
        #expect(APIRequest(headers: sent).cookie("session") == nil)
    }

    @Test("a body that says it is no JSON is not read as such")
    func mediaTypes() throws {
        let read = { (type: String?) in
            var request = APIRequest(body: Array("{\"a\":1}".utf8))
            request.headers["content-type"] = type
            let value: JSONValue = try request.json()
            return value["a"]?.int
        }
        for type in [nil, "application/json", "application/JSON; charset=utf-8", "application/merge-patch+json"] {
            #expect(try read(type) == 1)
        }
        for type in ["text/plain", "application/x-www-form-urlencoded", "text/json", ""] {
            #expect { try read(type) } throws: { ($0 as? Problem)?.status == 415 }
        }
    }

    @Test("values of secret parameters do not reach the access log")
    func redaction() {
        #expect(
            AccessLog.path("/a", query: "token=s1&page=2&Ticket=x&c%6fde=y") == "/a?token=…&page=2&Ticket=…&c%6fde=…")
        #expect(AccessLog.path("/a", query: "") == "/a")
        #expect(AccessLog.path(String(repeating: "x", count: 1000), query: "").count == 300)
    }
}

/// Counts calls.
final class Counter: Sendable {
    private let count = NIOLockedValueBox(0)
    func next() -> Int {
        count.withLockedValue {
            $0 += 1; return $0
        }
    }
    var value: Int { count.withLockedValue { $0 } }
}
