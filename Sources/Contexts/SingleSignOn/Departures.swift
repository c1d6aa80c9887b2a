internal import HTTPKit
internal import Kernel
internal import SignOnKit

/// Leaving for a provider from a page of somebody who is signed in: the page is told where to go, or what to post there.
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
            return departure.told.with(cookies: cookies)
        } catch let refusal as SSORefusal {
            throw Problem.providerAway(refusal.sentence)
        }
    }
}
