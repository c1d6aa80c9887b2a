package import HTTPKit
package import Kernel
package import OIDC
package import SAML

// What providers answer, read and proved. Using it up is for whoever keeps what was begun.
extension ProviderDialogue {
    /// - Parameter kept: of the sign-in that this answer ends, which is used up.
    package func arrival(
        _ answer: OIDCAnswer, of kept: Secret<String>, at settings: OIDCSettings, secret: Secret<String>?
    ) async throws(SSORefusal) -> ProvenPerson {
        guard let flow = OIDCFlow(sealedText: kept.reveal()) else { throw .stateUnknown }
        let now = time.now
        do throws(OIDCRefusal) {
            return ProvenPerson(
                try await oidc.arrival(answer, of: flow, at: settings, secret: secret, now: now), at: now)
        } catch { throw SSORefusal(error) }
    }

    /// A key that is not known is asked for once more: providers change theirs.
    package func login(
        _ incoming: SAMLIncoming, _ settings: SAMLSettings, at addresses: ProviderAddresses, key: String,
        awaiting requestID: String?
    ) async throws(SSORefusal) -> SAMLLogin {
        let now = time.now
        return try await reading(settings, addresses, key) { own throws(SAMLRefusal) in
            try own.read(incoming, awaiting: requestID, at: now)
        }
    }

    /// - Returns: what the provider asks for, and we as it sees us, to answer it.
    package func logoutRequest(
        _ incoming: SAMLIncoming, _ settings: SAMLSettings, at addresses: ProviderAddresses, key: String
    ) async throws(SSORefusal) -> (SAMLLogoutRequest, SAMLServiceProvider) {
        let now = time.now
        return try await reading(settings, addresses, key) { own throws(SAMLRefusal) in
            (try own.readLogoutRequest(incoming, at: now), own)
        }
    }

    /// What the browser that brought such a request is led to when it was done.
    package func answer(
        to asked: SAMLLogoutRequest, by own: SAMLServiceProvider, _ relayState: String?
    ) throws(SSORefusal) -> APIResponse {
        do throws(SAMLRefusal) {
            let outgoing = try own.answer(
                asked, id: SAMLServiceProvider.newID(.system), relayState: relayState, succeeded: true, at: time.now)
            return outgoing.map { Departure($0).response } ?? .redirect(to: "/login?logout=success", status: 303)
        } catch { throw SSORefusal(error) }
    }

    private func reading<Read: Sendable>(
        _ settings: SAMLSettings, _ addresses: ProviderAddresses, _ key: String,
        _ read: (SAMLServiceProvider) throws(SAMLRefusal) -> Read
    ) async throws(SSORefusal) -> Read {
        do throws(SAMLRefusal) {
            let other = try await saml.provider(settings, key: key)
            do throws(SAMLRefusal) {
                return try read(try SAMLServiceProvider(settings, addresses.saml, to: other))
            } catch {
                guard error.reason == .signatureMismatch,
                    let newer = await saml.newer(than: other, settings, key: key)
                else { throw error }
                return try read(try SAMLServiceProvider(settings, addresses.saml, to: newer))
            }
        } catch { throw SSORefusal(error) }
    }

    /// What the provider's logout token says.
    package func logoutNotice(
        _ token: String, for settings: OIDCSettings
    ) async throws(SSORefusal) -> OIDCLogoutNotice {
        do throws(OIDCRefusal) { return try await oidc.logoutNotice(token, for: settings, now: time.now) } catch {
            throw SSORefusal(error)
        }
    }

    /// How the browser gets to where it is signed out over there, too.
    /// - Returns: `nil` where the provider does not want to be told, or is away.
    package func logout(
        at speech: ProviderSpeech, _ addresses: ProviderAddresses, key: String, _ note: LogoutNote?
    ) async -> Departure? {
        switch speech {
        case .oidc(let settings, _):
            return await oidc.logoutURL(
                at: settings, idToken: note?.idToken, returnURL: addresses.loggedOut, state: nil
            ).map { .redirect($0) }
        case .saml(let settings):
            guard let session = note?.samlSession, let other = try? await saml.provider(settings, key: key),
                let own = try? SAMLServiceProvider(settings, addresses.saml, to: other),
                let outgoing = try? own.logOut(
                    session, id: SAMLServiceProvider.newID(.system), relayState: nil, at: time.now)
            else { return nil }
            return Departure(outgoing)
        }
    }
}

extension APIRequest {
    /// The answer of a SAML provider in a form, and the request it names, which is believed in nothing but to find what was
    /// stored.
    package func samlResponse() throws(SSORefusal) -> (SAMLIncoming, requestID: String?) {
        guard let form = try? Query(parsing: Substring(decoding: body, as: UTF8.self)),
            let text = form["SAMLResponse"], form.all("SAMLResponse").count == 1
        else { throw SSORefusal(SAMLRefusal(.notAResponse)) }
        do throws(SAMLRefusal) {
            let incoming = try SAMLIncoming(post: text)
            guard incoming.kind == .response else { throw SAMLRefusal(.notAResponse) }
            return (incoming, incoming.inResponseTo)
        } catch { throw SSORefusal(error) }
    }

    /// A message of single logout, by a link or as a form.
    package func samlLogoutMessage() throws(SSORefusal) -> (SAMLIncoming, relayState: String?) {
        do throws(SAMLRefusal) {
            guard method == .post else {
                let incoming = try SAMLIncoming(redirect: rawQuery)
                return (incoming, incoming.relayState)
            }
            guard let form = try? Query(parsing: Substring(decoding: body, as: UTF8.self)),
                let text = form["SAMLRequest"] ?? form["SAMLResponse"],
                form.all("SAMLRequest").count + form.all("SAMLResponse").count == 1
            else { throw SAMLRefusal(.notAResponse) }
            return (try SAMLIncoming(post: text), form["RelayState"])
        } catch { throw SSORefusal(error) }
    }

    /// The token of a provider's back-channel logout.
    /// - Throws: 400 `logout-refused`.
    package func logoutToken() throws -> String {
        let form = try Query(parsing: Substring(decoding: body, as: UTF8.self))
        guard let token = form["logout_token"], form.all("logout_token").count == 1 else {
            throw Problem.logoutRefused("logout_token is wanted, once")
        }
        return token
    }
}

extension Problem {
    package static func logoutRefused(_ detail: String) -> Problem {
        Problem("logout-refused", status: 400, title: "This is no word of the provider", detail: detail)
    }

    package static func providerAway(_ detail: String) -> Problem {
        Problem("sso-unavailable", status: 502, title: "The provider cannot be asked now", detail: detail)
    }
}
