package import Kernel
import NIOConcurrencyHelpers

/// One request, complete: the body is here, within the endpoint's limit.
package struct APIRequest: Sendable {
    /// `X-Request-ID`: taken over from the caller when sane, else made here.
    package var id: String
    package var method: Endpoint.Method
    /// Percent-decoded, without the query.
    package var path: String
    /// What the braces of the endpoint's path matched, decoded.
    package var parameters: [String: String]
    package var query: Query
    /// The query as it came, undecoded: some signatures are over just these bytes.
    package var rawQuery = ""
    package var headers: Headers
    package var body: [UInt8]
    /// The body of an endpoint that takes an upload; `body` is empty then.
    var arriving: Upload?
    /// The caller's own address, proxies we trust taken off.
    package var clientAddress: String
    /// The caller's side of the connection is https, by our own TLS or by what a trusted proxy says.
    package var isSecure: Bool
    /// `Host`, or what a trusted proxy says it was.
    package var host: String
    /// Filled by the gate before the handler runs; `nil` on public endpoints without a credential.
    package var admitted: Caller?
    /// Set on endpoints with the idempotency rule `key` when the caller sent `Idempotency-Key`.
    package var idempotencyKey: IdempotencyKey?
    /// Straight from this machine, no proxy in between.
    var isDirectLoopback = false

    package init(
        id: String = "-", method: Endpoint.Method = .get, path: String = "/", parameters: [String: String] = [:],
        query: Query = Query(), headers: Headers = [:], body: [UInt8] = [], clientAddress: String = "127.0.0.1",
        isSecure: Bool = false, host: String = "localhost", admitted: Caller? = nil
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.parameters = parameters
        self.query = query
        self.headers = headers
        self.body = body
        self.clientAddress = clientAddress
        self.isSecure = isSecure
        self.host = host
        self.admitted = admitted
    }

    /// - Throws: 401 `authentication-required` when the gate let nobody in.
    package func caller() throws(Problem) -> Caller {
        guard let admitted else { throw .unauthenticated }
        return admitted
    }

    /// The body piece by piece, for endpoints that take an upload.
    package var upload: Upload {
        if let arriving { return arriving }
        let rest = NIOLockedValueBox<[UInt8]?>(body)
        return Upload {
            rest.withLockedValue { rest in
                defer { rest = nil }; return rest
            }
        }
    }

    /// The organisation the gate found for this request.
    /// - Throws: 401 without a caller, 400 `organisation-required` when the caller stands in none.
    package func org() throws(Problem) -> OrgID {
        guard let org = try caller().org else { throw .organisationRequired }
        return org
    }

    /// - Throws: 404 `not-found` when the path's parameter is not an id: it cannot name anything.
    package func id<Subject>(_ parameter: String, of _: Subject.Type = Subject.self) throws(Problem) -> ID<Subject> {
        guard let id = parameters[parameter].flatMap({ ID<Subject>($0) }) else { throw .notFound }
        return id
    }

    /// The value of a cookie; of several with one name the first, as browsers send the most specific first.
    package func cookie(_ name: String) -> String? {
        for header in headers.all("cookie") {
            for pair in header.split(separator: ";") {
                let pair = pair.drop { $0 == " " }
                guard pair.hasPrefix(name), pair.dropFirst(name.count).first == "=" else { continue }
                return String(pair.dropFirst(name.count + 1))
            }
        }
        return nil
    }

    /// The cookie that `Cookie.protected` set: `__Host-` before its name on https, where only that name counts.
    package func protectedCookie(_ name: String) -> String? {
        cookie(Cookie.protectedName(name, isSecure: isSecure))
    }
}

extension Problem {
    package static let organisationRequired = Problem(
        "organisation-required", status: 400, title: "Say which organisation",
        detail: "You belong to none or to several; send X-Pulse-Org-ID.")
}
