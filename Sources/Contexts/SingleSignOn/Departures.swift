internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// Leaving for a provider from a page of somebody who is signed in: the page is told where to go.
struct Departures: Sendable {
    private let doors: Doors
    private let routes: ProviderRoutes

    init(_ context: SSOContext) {
        doors = Doors(context)
        routes = ProviderRoutes(context)
    }

    /// - Throws: 404 `sso-provider-not-found`; 502 `sso-unavailable` when the provider cannot be reached.
    func answer(
        _ beginner: Doors.Beginner, to id: String, returnTo: String?, from request: APIRequest
    ) async throws -> APIResponse {
        let org = try request.org()
        guard let provider = try await doors.store.one(id, in: org), provider.isEnabled || beginner.kind == .test else {
            throw Problem.providerNotFound
        }
        let slug = try await routes.slug(of: org)
        let place = Doors.Place(
            org: org, slug: slug, provider: provider,
            addresses: ProviderAddresses(publicURL: doors.context.publicURL, slug: slug, provider: provider))
        do {
            let (departure, cookies) = try await doors.begin(
                beginner, at: place, returnTo: LocalPath.checked(returnTo), from: request)
            return APIResponse.json { json in
                switch departure {
                case .redirect(let url): json.member("url", url)
                case .page(let html, _): json.member("page", html)
                }
            }.with(cookies: cookies)
        } catch let refusal as SSORefusal {
            throw Problem.providerAway(refusal.sentence)
        }
    }
}

extension Problem {
    static func providerAway(_ detail: String) -> Problem {
        Problem("sso-unavailable", status: 502, title: "The provider cannot be asked now", detail: detail)
    }
}
