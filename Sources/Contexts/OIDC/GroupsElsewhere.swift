internal import JOSE
internal import JSONKit
internal import Kernel
internal import Outbound

/// Asks for the groups that are too many for a token, page by page (Microsoft Graph's `value` and `@odata.nextLink`).
///
/// Where to ask is a setting. The token names an address too, which for Entra ID is one that was switched off years ago,
/// and an access token goes to no address but the organisation's own choice.
struct GroupsElsewhere: Sendable {
    let calls: ProviderCalls
    let patience: Patience

    /// 20 pages of 999 are more than Entra ID lets a person be in.
    private static let mostPages = 20

    func groups(at url: String, with accessToken: Secret<String>) async throws(OIDCRefusal) -> [String] {
        var (names, next, pages): ([String], String?, Int) = ([], url, 0)
        while let page = next {
            guard pages < Self.mostPages else { throw OIDCRefusal(.groupsMalformed, detail: "too many pages") }
            pages += 1
            let answer = try await calls.send(
                to: page, headers: [("Authorization", "Bearer \(accessToken.reveal())")], within: try patience.next(),
                mostBytes: 1_048_576, unreadable: .groupsMalformed)
            guard answer.status == 200 else {
                throw OIDCRefusal(.userInfoRefused, detail: "groupsUrl answers \(answer.status)")
            }
            guard let said = ClaimSet(answer.body), let listed = said["value"]?.array else {
                throw OIDCRefusal(.groupsMalformed)
            }
            names += listed.compactMap { $0.string ?? $0["id"]?.string }
            next = try Self.next(said["@odata.nextLink"], after: url)
        }
        return GroupClaims.usable(names)
    }

    /// The next page is where the first one was.
    private static func next(_ value: JSONValue?, after first: String) throws(OIDCRefusal) -> String? {
        guard let value, value != .null else { return nil }
        guard let text = value.string, let next = OutboundTarget(text), let start = OutboundTarget(first),
            next.host == start.host, next.port == start.port, next.isSecure == start.isSecure
        else { throw OIDCRefusal(.groupsMalformed, detail: "the next page is elsewhere") }
        return text
    }
}
