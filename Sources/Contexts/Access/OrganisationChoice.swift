internal import FoundationEssentials
internal import HTTPKit
internal import Kernel

/// Which organisation a request names: the header `X-Pulse-Org-ID`, else the cookie `pulse_org_id`, else none.
struct OrganisationChoice: Sendable {
    /// Named by the header: it has to fit.
    let asked: OrgID?
    /// Named by the cookie: it has to fit where an organisation is needed.
    let remembered: OrgID?

    /// No organisation has this id. What is not an id becomes it, so that malformed, unknown and foreign take one path
    /// and one time.
    static let nowhere = OrgID(bytes: [UInt8](repeating: 0, count: 16))

    init(of request: APIRequest) {
        asked = request.headers["x-pulse-org-id"].map { OrgID($0.trimmed) ?? Self.nowhere }
        remembered = request.cookie(SessionCookies.organisation).flatMap { text in
            text.isEmpty ? nil : OrgID(text) ?? Self.nowhere
        }
    }
}
