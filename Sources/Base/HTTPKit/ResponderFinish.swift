import Kernel

extension Responder {
    /// Adds what every answer carries: request id, security headers, cookies, what is left of the budget; and answers
    /// 304 when the caller already has this entity.
    func finish(_ response: inout APIResponse, _ opening: Opening) {
        if response.status == 200, opening.request.method.isSafe, let etag = response.headers["etag"],
            Self.matches(opening.request.headers.all("if-none-match"), etag)
        {
            response.status = 304
            response.body = .empty
            response.headers["content-type"] = nil
        }
        response.headers["x-request-id"] = opening.request.id
        SecurityHeaders.add(to: &response.headers, for: opening.request)
        for cookie in response.cookies {
            response.headers.add("set-cookie", cookie.headerValue(isSecure: opening.request.isSecure))
        }
        if let verdict = opening.verdict {
            let name = verdict.rateClass.rawValue
            response.headers["ratelimit-policy"] =
                "\"\(name)\";q=\(verdict.budget.limit);w=\(verdict.budget.window.components.seconds)"
            response.headers["ratelimit"] = "\"\(name)\";r=\(verdict.remaining);t=\(verdict.seconds)"
        }
    }

    /// The weak comparison of RFC 9110, 8.8.3.2.
    private static func matches(_ headers: [String], _ etag: String) -> Bool {
        let strip = { (tag: String) in tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag }
        return headers.flatMap { $0.split(separator: ",") }.map(\.trimmedSpaces)
            .contains { $0 == "*" || strip($0) == strip(etag) }
    }
}
