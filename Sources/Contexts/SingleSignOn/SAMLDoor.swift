internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres
internal import SAML
internal import SignOnKit
internal import Vault

/// The way through a SAML provider.
struct SAMLDoor: Sendable {
    static let mostBytes = 524_288

    let doors: Doors
    private var context: SSOContext { doors.context }

    /// What the provider made the browser post. Whoever's browser it is, it is told nothing but where to go on.
    func consume(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "saml"),
            case .saml(let settings) = place.provider.speech
        else { return doors.nowhere("saml") }
        var flow: Flow?
        do {
            let (incoming, requestID) = try request.samlResponse()
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
            let login = try await context.dialogue.login(
                incoming, settings, at: place.addresses, key: place.key, awaiting: requestID)
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
        let browser = FlowCookie.members.hash(of: request)
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
            try FlowCookie.members.require(found.browserHash, of: request)
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

    func metadata(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "saml"),
            case .saml(let settings) = place.provider.speech
        else { throw Problem.notFound }
        do {
            let xml = try SAMLServiceProvider.metadata(settings, place.addresses.saml, at: context.time.now)
            return .text(xml, type: "application/samlmetadata+xml")
        } catch { throw Problem.notFound }
    }
}
