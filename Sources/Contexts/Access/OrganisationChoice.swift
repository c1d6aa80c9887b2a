internal import FoundationEssentials
internal import HTTPKit
internal import Kernel

/// Which organisation a request names: the path of `/api/orgs/{id}`, else the header `X-Pulse-Org-ID`, else the cookie
/// `pulse_org_id`, else none.
struct OrganisationChoice: Sendable, Hashable {
    /// Named by path or header: it has to fit.
    let asked: OrgID?
    /// Named by the cookie: it has to fit where an organisation is needed.
    let remembered: OrgID?

    /// No organisation has this id. What is not an id becomes it, so that malformed, unknown and foreign take one path
    /// and one time.
    static let nowhere = OrgID(bytes: [UInt8](repeating: 0, count: 16))

    init(of request: APIRequest) {
        let named = Self.pathName(of: request) ?? request.headers["x-pulse-org-id"]?.trimmed
        asked = named.map { OrgID($0) ?? Self.nowhere }
        remembered = request.cookie(SessionCookies.organisation).flatMap { text in
            text.isEmpty ? nil : OrgID(text) ?? Self.nowhere
        }
    }

    private static func pathName(of request: APIRequest) -> String? {
        request.path.hasPrefix("/api/orgs/") ? request.parameters["id"] : nil
    }
}
