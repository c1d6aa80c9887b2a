import CoreMetrics
import Kernel

extension Responder {
    /// Reads the head: request id, the caller's address, the endpoint, the budget of the address.
    func open(_ head: RequestHead) -> Opening {
        let caller = CallerAddress(
            peer: head.peer, isTLS: head.isTLS, headers: head.headers, trusted: settings.trustedProxies)
        var request = APIRequest(
            id: Self.requestID(from: head.headers["x-request-id"]), headers: head.headers,
            clientAddress: caller.address, isSecure: caller.isSecure, host: caller.host)
        request.isDirectLoopback = caller.isDirectLoopback
        let method = Endpoint.Method(rawValue: head.method)
        request.method = method ?? .get
        do throws(Problem) {
            try Self.check(head)
            let target = try RequestTarget(head.target)
            request.path = target.path
            request.query = target.query
            request.rawQuery = String(target.rawQuery)
            var opening = Opening(
                request: request, target: .fallback, methodText: head.method, rawQuery: String(target.rawQuery),
                isHead: method == .head)
            route(&opening, method: method, target.segments)
            return opening
        } catch {
            // As it came, for the log; it leads nowhere.
            request.path = String(
                decoding: head.target.utf8.prefix { $0 != UInt8(ascii: "?") }.prefix(200), as: UTF8.self)
            return Opening(
                request: request, target: .refused(error, headers: [:]), methodText: head.method, rawQuery: "",
                isHead: method == .head)
        }
    }

    func route(_ opening: inout Opening, method: Endpoint.Method?, _ segments: [String]) {
        switch table.router.match(method, segments) {
        case .found(let endpoint, let parameters):
            opening.request.parameters = parameters
            opening.matched = endpoint.path
            opening.target = .endpoint(endpoint)
            spendForAddress(endpoint, &opening)
        case .wrongMethod(let allowed):
            let list = allowed.map(\.rawValue).joined(separator: ", ")
            opening.target =
                method == .options
                ? .options(allowed: list) : .refused(.methodNotAllowed, headers: ["allow": list])
        case .none:
            let isPage =
                (method == .get || method == .head) && segments.first != "api"
                && table.dialect(of: opening.request.path) == nil
            opening.target = isPage ? .fallback : .refused(.notFound, headers: [:])
        }
    }

    /// Before the gate and before the body: a flood must not reach the database.
    private func spendForAddress(_ endpoint: Endpoint, _ opening: inout Opening) {
        let multiplier = rateMultiplier(for: opening.request)
        guard multiplier > 0 else { return }
        let known = settings.knownCaller?(opening.request).map { RateLimiter.Subject.principal("known:\($0)") }
        let subject = known ?? .address(Self.network(of: opening.request.clientAddress))
        let budget = endpoint.rate.budget.times(multiplier * Double(endpoint.rate.callersPerAddress))
        let verdict = limiter.take(endpoint.rate, subject, from: budget)
        opening.verdict = verdict
        guard !verdict.isAllowed else { return }
        metrics.rateLimited.increment()
        opening.target = .refused(.rateLimited(verdict), headers: [:])
    }

    /// One caller usually has a whole /64 of IPv6 addresses.
    private static func network(of address: String) -> String {
        guard address.contains(":"), let bytes = NetworkRange.bytes(of: address), bytes.count == 16 else {
            return address
        }
        return bytes[..<8].map { String($0, radix: 16) }.joined(separator: ".") + "/64"
    }

    /// What the parser lets through, but two readers could understand in two ways.
    private static func check(_ head: RequestHead) throws(Problem) {
        let hosts = head.headers.all("host")
        guard hosts.count == 1 || (!head.isHTTP11 && hosts.isEmpty) else {
            throw .malformedRequest.with(detail: "A request has exactly one Host header.")
        }
        let lengths = head.headers.all("content-length")
        guard lengths.count <= 1, lengths.isEmpty || head.headers["transfer-encoding"] == nil else {
            throw .malformedRequest.with(detail: "The length of the body is given twice.")
        }
    }

    /// The caller's own id when it is one word of 8 to 64 plain characters, else 32 random hex digits.
    private static func requestID(from sent: String?) -> String {
        if let sent, (8...64).contains(sent.utf8.count),
            sent.utf8.allSatisfy({
                (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || "-_.".utf8.contains($0)
            })
        {
            return sent
        }
        let digits = { (value: UInt64) in
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        return digits(.random(in: 0 ... .max)) + digits(.random(in: 0 ... .max))
    }
}
