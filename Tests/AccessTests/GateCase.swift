import Access
import Cryptography
import HTTPKit
import Kernel
import Logging
import Postgres
import TestKit

/// A gate on the test's database, and requests to try it with.
struct GateCase {
    let time = ManualTime()
    let touches: SessionTouches
    let gate: AccessGate

    init() {
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        touches = SessionTouches(database: TestDatabase.current.app, time: time, logger: quiet)
        gate = AccessGate(database: TestDatabase.current.app, touches: touches, time: time)
    }

    static func endpoint(
        _ access: AccessRule, _ method: Endpoint.Method = .get, scope: Scope? = nil,
        openTo: Set<OrgCondition> = [.active], narrows: Bool = false
    ) -> Endpoint {
        Endpoint(
            method, "/api/try", summary: "Try", access: access, scope: scope, openTo: openTo, narrows: narrows,
            audit: .none(reason: "a test"), response: .nothing,
            responseExample: ""
        ) { _ in .noContent }
    }

    static func request(
        _ method: Endpoint.Method = .get, session: BearerToken? = nil, token: String? = nil, header: String? = nil,
        cookie: String? = nil, csrf: String? = nil, isSecure: Bool = false
    ) -> APIRequest {
        var headers = Headers()
        var cookies: [String] = []
        if let session { cookies.append("\(isSecure ? "__Host-" : "")pulse_session=\(session.text.reveal())") }
        if let cookie { cookies.append("pulse_org_id=\(cookie)") }
        if !cookies.isEmpty { headers["cookie"] = cookies.joined(separator: "; ") }
        if let token { headers["authorization"] = "Bearer \(token)" }
        if let header { headers["x-pulse-org-id"] = header }
        if let csrf { headers["x-csrf-token"] = csrf }
        return APIRequest(method: method, headers: headers, isSecure: isSecure)
    }

    /// The slug of the refusal, or `ok`, or `ok in <org>`.
    func outcome(_ request: APIRequest, _ access: AccessRule = .permission(.readMonitoring)) async throws -> String {
        try await outcome(request, at: Self.endpoint(access, request.method))
    }

    func outcome(_ request: APIRequest, at endpoint: Endpoint) async throws -> String {
        do {
            let caller = try await gate.admit(request, to: endpoint)
            return caller?.org.map { "ok in \($0)" } ?? "ok"
        } catch let problem as Problem {
            return "\(problem.status) \(problem.slug)"
        }
    }
}
