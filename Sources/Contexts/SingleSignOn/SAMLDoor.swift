internal import Audit
internal import Cryptography
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SAML
internal import Vault

/// The way through a SAML provider.
struct SAMLDoor: Sendable {
    static let mostBytes = 524_288

    let doors: Doors
    private var context: SSOContext { doors.context }

    /// - Throws: `SSORefusal`.
    func depart(
        _ beginner: Doors.Beginner, _ settings: SAMLSettings, at place: Doors.Place, _ browser: [UInt8],
        returnTo: String
    ) async throws -> Departure {
        let now = context.time.now
        let (state, id) = (Base64URL.encode(Randomness.system.bytes(32)), SAMLServiceProvider.newID(.system))
        let outgoing: SAMLOutgoing
        do throws(SAMLRefusal) {
            let other = try await context.saml.provider(settings, key: Self.key(place))
            outgoing = try SAMLServiceProvider(settings, place.addresses.saml, to: other).signIn(
                id: id, relayState: state, force: beginner.kind == .stepUp, at: now)
        } catch { throw SSORefusal(error) }
        let flow = Flow(
            stateHash: Digests.sha256(state), provider: place.provider.id, version: place.provider.version,
            kind: beginner.kind, browserHash: browser, returnTo: returnTo, user: beginner.user,
            session: beginner.session, createdAt: now, kept: nil)
        try await doors.insert(flow, request: Digests.sha256(id), in: place.org)
        return Self.departure(outgoing)
    }

    /// What the provider made the browser post. Whoever's browser it is, it is told nothing but where to go on.
    func consume(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "saml"),
            case .saml(let settings) = place.provider.speech
        else { return doors.nowhere("saml") }
        var flow: Flow?
        do {
            let (incoming, requestID) = try Self.incoming(request)
            if let requestID {
                flow = try await context.database.asOrg(place.org) { transaction in
                    try await doors.flows.find(
                        request: Digests.sha256(requestID), of: place.provider.id, at: context.time.now, transaction)
                }
                guard flow != nil else { throw SSORefusal.unsolicited }
            } else if !settings.allowIdpInitiated {
                throw SSORefusal.unsolicited
            }
            guard place.provider.isEnabled || flow?.kind == .test else { throw SSORefusal.providerNotFound }
            guard flow.map({ $0.version == place.provider.version }) ?? true else { throw SSORefusal.changed }
            let login = try await read(incoming, settings, at: place, awaiting: requestID)
            return try await go(on: ProvenPerson(login), login, flow, at: place, from: request)
        } catch let refusal as SSORefusal {
            return doors.sent(
                try await doors.desk.refuse(refusal, at: place.provider, flow, in: place.org, from: request))
        }
    }

    /// Uses request and assertion up. The browser that began it goes on at once; one that brings no cookie, as browsers do
    /// with a form of another site, comes back with a ticket.
    private func go(
        on person: ProvenPerson, _ login: SAMLLogin, _ flow: Flow?, at place: Doors.Place, from request: APIRequest
    ) async throws -> APIResponse {
        let browser = FlowCookie.hash(of: request)
        if let flow, let browser, !Digests.constantTimeEqual(browser, flow.browserHash) {
            throw SSORefusal.otherBrowser
        }
        let ticket = Base64URL.encode(Randomness.system.bytes(32))
        try await context.database.asOrg(place.org) { transaction in
            let used = Digests.sha256("assertion\0\(login.assertionID)")
            let isNew = try await doors.flows.use(
                used, of: place.provider.id, until: login.expiresAt, in: place.org, transaction)
            guard isNew else { throw SSORefusal.replayed }
            guard let flow else { return }
            let now = context.time.now
            // Another answer to the same request may have come first.
            guard let requestID = login.inResponseTo,
                try await doors.flows.find(
                    request: Digests.sha256(requestID), of: place.provider.id, at: now, transaction) != nil
            else { throw SSORefusal.replayed }
            if browser == nil {
                let kept = try await context.vault.seal(person.text, for: .org(place.org), at: flow.place())
                try await doors.flows.keep(kept, for: Digests.sha256(ticket), of: flow, transaction)
            } else {
                try await doors.flows.drop(flow, transaction)
            }
        }
        if flow != nil, browser == nil {
            return .redirect(to: "\(place.addresses.base)/complete?ticket=\(ticket)", status: 303)
        }
        return doors.sent(
            try await doors.desk.finish(person, at: place.provider, flow, in: place.org, from: request))
    }

    /// The browser comes back by itself, with its cookie.
    func complete(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "saml") else { return doors.nowhere("saml") }
        var flow: Flow?
        do {
            let found = try await context.database.asOrg(place.org) { transaction in
                try await doors.flows.take(
                    ticket: Digests.sha256(request.query["ticket"] ?? ""), at: context.time.now, transaction)
            }
            guard let found, let kept = found.kept else { throw SSORefusal.stateUnknown }
            flow = found
            guard found.provider == place.provider.id else { throw SSORefusal.providerMismatch }
            guard let browser = FlowCookie.hash(of: request), Digests.constantTimeEqual(browser, found.browserHash)
            else {
                throw SSORefusal.otherBrowser
            }
            guard found.version == place.provider.version else { throw SSORefusal.changed }
            guard place.provider.isEnabled || found.kind == .test else { throw SSORefusal.providerNotFound }
            let text = try await context.vault.openText(kept, for: .org(place.org), at: found.place())
            guard let person = ProvenPerson(text: text) else { throw SSORefusal.stateUnknown }
            return doors.sent(
                try await doors.desk.finish(person, at: place.provider, found, in: place.org, from: request))
        } catch let refusal as SSORefusal {
            return doors.sent(
                try await doors.desk.refuse(refusal, at: place.provider, flow, in: place.org, from: request))
        }
    }

    /// - Throws: `SSORefusal`. A key that is not known is asked for once more: providers change theirs.
    private func read(
        _ incoming: SAMLIncoming, _ settings: SAMLSettings, at place: Doors.Place, awaiting requestID: String?
    ) async throws -> SAMLLogin {
        let now = context.time.now
        do throws(SAMLRefusal) {
            let other = try await context.saml.provider(settings, key: Self.key(place))
            do throws(SAMLRefusal) {
                return try SAMLServiceProvider(settings, place.addresses.saml, to: other).read(
                    incoming, awaiting: requestID, at: now)
            } catch {
                guard error.reason == .signatureMismatch,
                    let newer = await context.saml.newer(than: other, settings, key: Self.key(place))
                else { throw error }
                return try SAMLServiceProvider(settings, place.addresses.saml, to: newer).read(
                    incoming, awaiting: requestID, at: now)
            }
        } catch { throw SSORefusal(error) }
    }

    /// The message and the request it names, which is believed in nothing but to find what was stored.
    private static func incoming(_ request: APIRequest) throws -> (SAMLIncoming, String?) {
        guard let form = try? Query(parsing: Substring(decoding: request.body, as: UTF8.self)),
            let text = form["SAMLResponse"], form.all("SAMLResponse").count == 1
        else { throw SSORefusal(SAMLRefusal(.notAResponse)) }
        do throws(SAMLRefusal) {
            let incoming = try SAMLIncoming(post: text)
            guard incoming.kind == .response else { throw SAMLRefusal(.notAResponse) }
            return (incoming, incoming.inResponseTo)
        } catch { throw SSORefusal(error) }
    }

    func metadata(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "saml"),
            case .saml(let settings) = place.provider.speech
        else { throw Problem.notFound }
        do {
            let xml = try SAMLServiceProvider.metadata(settings, place.addresses.saml, at: context.time.now)
            return .text(xml, type: "application/samlmetadata+xml")
        } catch { throw Problem.notFound }
    }

    static func key(_ place: Doors.Place) -> String { "\(place.org) \(place.provider.id) \(place.provider.version)" }

    static func departure(_ outgoing: SAMLOutgoing) -> Departure {
        switch outgoing {
        case .redirect(let url): return .redirect(url)
        case .post:
            let nonce = Base64URL.encode(Randomness.system.bytes(16))
            return .page(outgoing.page(nonce: nonce) ?? "", nonce: nonce)
        }
    }
}
