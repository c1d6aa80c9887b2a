internal import Access
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// What the sign-in page asks before anybody is known: which providers an address or an organisation has.
struct OfferRoutes: Sendable {
    private let context: SSOContext

    init(_ context: SSOContext) { self.context = context }

    var endpoints: [Endpoint] { [byAddress, bySlug] }

    private var byAddress: Endpoint {
        Endpoint(
            .post, "/api/public/sso/discover", summary: "The providers that the domain of an e-mail address has",
            access: .public(reason: "tells of domains that organisations have shown to be theirs, never of people"),
            audit: .none(reason: "reads only"), rate: .sso, request: .object(["email": .email]),
            response: Self.schema, requestExample: #"{"email":"ana@example.org"}"#, responseExample: Self.example
        ) { [self] request in
            let body = try request.json(JSONValue.self)
            // What is no address has no provider.
            let address = body["email"]?.string.flatMap { EmailAddress($0) }
            return try await offers(slug: "", address: address?.key ?? "")
        }
    }

    private var bySlug: Endpoint {
        Endpoint(
            .get, "/api/public/sso/{org}", summary: "The providers that an organisation has",
            access: .public(reason: "an organisation that is not there has none, and nothing else is told"),
            audit: .none(reason: "reads only"), rate: .sso, response: Self.schema, responseExample: Self.example
        ) { [self] request in
            try await offers(slug: request.parameters["org"] ?? "", address: "")
        }
    }

    private func offers(slug: String, address: String) async throws -> APIResponse {
        let found = try await context.database.rowsGlobally(
            """
            SELECT slug, id, type, display_name, icon_url, is_enforced FROM sso_offers(\(slug), mail_domain(\(address)))
            """
        ) { row in
            (
                slug: try row.next(String.self), id: try row.next(String.self), type: try row.next(String.self),
                name: try row.next(String.self), icon: try row.next(String?.self), isEnforced: try row.next(Bool.self)
            )
        }
        return .json { json in
            json.member("required", found.contains { $0.isEnforced })
            json.array("providers") { json in
                for one in found {
                    json.object { json in
                        json.member("organization", one.slug)
                        json.member("id", one.id)
                        json.member("type", one.type)
                        json.member("displayName", one.name)
                        json.member("iconUrl", one.icon)
                        json.member("loginUrl", "/api/\(one.type)/\(one.slug)/\(one.id)/login")
                    }
                }
            }
        }
    }

    private static let schema = Schema.object([
        "required": .boolean.described("People of this domain get in by one of these alone"),
        "providers": .array(
            .object([
                "organization": .string, "id": .string, "type": .enumeration(["oidc", "saml"]), "displayName": .string,
                "iconUrl": .string.optional, "loginUrl": .string.described("Where the browser goes; takes returnTo"),
            ]), maxItems: 20),
    ])
    private static let example = """
        {"required":true,"providers":[{"organization":"nordwind","id":"okta","type":"oidc",\
        "displayName":"Company sign-in","loginUrl":"/api/oidc/nordwind/okta/login"}]}
        """
}
