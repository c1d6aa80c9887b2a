internal import HTTPKit
internal import JSONKit
internal import Kernel

/// Leaving for a provider from a page of somebody who is signed in: the page is told where to go.
extension Doors {
    /// - Throws: 404 `sso-provider-not-found`; 502 `sso-unavailable` when the provider cannot be reached.
    func departure(
        _ beginner: Beginner, to id: String, returnTo: String?, from request: APIRequest
    ) async throws -> APIResponse {
        guard let place = try await place(of: id, in: try request.org()),
            place.provider.isEnabled || beginner.kind == .test
        else { throw Problem.providerNotFound }
        do {
            let (departure, cookies) = try await begin(
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
