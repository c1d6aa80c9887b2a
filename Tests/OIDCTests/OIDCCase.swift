import HTTPKit
import HostileKit
import JSONKit
import Kernel
import Outbound
import ProviderKit
import TestKit
import Testing

@testable import OIDC

/// A provider, an organisation's settings for it, and a person who signs in there.
struct OIDCCase: Sendable {
    static let redirectURL = "https://pulse.example.com/api/oidc/nordwind/keycloak/callback"

    let time = ManualTime()
    let provider: ScriptedProvider
    let client: OIDCClient
    var settings: OIDCSettings
    var secret: Secret<String>? = Secret("a secret: of +both")

    init(key: ProviderKey = .rsa("key-1"), timeouts: OIDCTimeouts = OIDCTimeouts()) async throws {
        provider = try await ScriptedProvider(time, key: key)
        client = Self.client(time, timeouts)
        settings = try OIDCSettings(
            json: [
                "issuerUrl": .string(provider.issuer), "clientId": "pulse", "groupsClaim": "groups",
            ], policy: Self.policy)
    }

    /// Loopback is what the operator of this test allows; nothing else that is private.
    static let policy = OutboundPolicy(allowing: [NetworkRange("127.0.0.0/8")].compactMap(\.self))

    static func client(_ time: ManualTime, _ timeouts: OIDCTimeouts = OIDCTimeouts()) -> OIDCClient {
        let guarded = GuardedClient(
            AddressGuard(
                policy,
                resolver: Resolver { name, _ in
                    guard name.hasSuffix(".example") else { throw OutboundError.unreachable }
                    return [name.hasPrefix("public") ? "192.0.2.1" : "10.0.0.7"]
                }))
        return OIDCClient(guarded, policy: policy, time: time, timeouts: timeouts)
    }

    var now: Timestamp { time.now }
    var seconds: Int64 { now.milliseconds / 1000 }

    /// As a token writes it: whole seconds from now, or a fraction of one.
    func after(_ step: Int64, scale: Int64 = 1) -> JSONValue { .integer((seconds + step) * scale) }
    func moment(_ step: Double) -> JSONValue { .double(Double(seconds) + step) }

    func departure(_ wishes: OIDCWishes = OIDCWishes()) async throws(OIDCRefusal) -> OIDCDeparture {
        try await client.departure(to: settings, redirectURL: Self.redirectURL, asking: wishes, at: now)
    }

    func arrival(_ query: [(String, String)], of flow: OIDCFlow) async throws(OIDCRefusal) -> OIDCLogin {
        let text = query.map { "\(FormBody.escaped($0.0))=\(FormBody.escaped($0.1))" }.joined(separator: "&")
        guard let query = try? Query(parsing: text[...]) else { throw OIDCRefusal(.codeMissing) }
        return try await client.arrival(OIDCAnswer(query), of: flow, at: settings, secret: secret, now: now)
    }

    /// There and back.
    func login(_ wishes: OIDCWishes = OIDCWishes()) async throws -> OIDCLogin {
        let departure = try await departure(wishes)
        return try await arrival(try provider.signIn(at: departure.url), of: departure.flow)
    }

    /// Why somebody was turned away; `nil` for who was let in.
    func refusal(_ work: () async throws -> Void) async -> OIDCRefusal.Reason? {
        do {
            try await work()
            return nil
        } catch let refusal as OIDCRefusal {
            #expect(!refusal.sentence.isEmpty)
            #expect((refusal.detail ?? "").utf8.count <= 256 && (refusal.detail ?? "").isPlainLine)
            return refusal.reason
        } catch {
            Issue.record("not a refusal: \(error)")
            return nil
        }
    }
}

/// Something that must not get anybody in, and why it does not.
struct Attack: Sendable, CustomTestStringConvertible {
    let name: String
    let reason: OIDCRefusal.Reason
    /// Makes the provider, or whoever stands between, do it.
    let prepare: @Sendable (OIDCCase) throws -> Void
    /// What the browser brings back instead of what it was given.
    let change: @Sendable ([(String, String)], OIDCCase) -> [(String, String)]
    let wishes: OIDCWishes
    /// Short where nobody ever answers.
    var isPatient = true

    init(
        _ name: String, _ reason: OIDCRefusal.Reason, wishes: OIDCWishes = OIDCWishes(),
        answer: (@Sendable ([(String, String)], OIDCCase) -> [(String, String)])?,
        prepare: @escaping @Sendable (OIDCCase) throws -> Void
    ) {
        (self.name, self.reason, self.wishes, self.prepare) = (name, reason, wishes, prepare)
        change = answer ?? { query, _ in query }
    }

    init(
        _ name: String, _ reason: OIDCRefusal.Reason, wishes: OIDCWishes = OIDCWishes(),
        _ prepare: @escaping @Sendable (OIDCCase) throws -> Void
    ) {
        self.init(name, reason, wishes: wishes, answer: nil, prepare: prepare)
    }

    /// The provider does nothing wrong.
    static func answer(
        _ name: String, _ reason: OIDCRefusal.Reason,
        _ answer: @escaping @Sendable ([(String, String)], OIDCCase) -> [(String, String)]
    ) -> Attack {
        Attack(name, reason, answer: answer) { _ in }
    }

    var testDescription: String { "\(name): \(reason.rawValue)" }

    /// Claims other than the good ones.
    static func claims(
        _ name: String, _ reason: OIDCRefusal.Reason, wishes: OIDCWishes = OIDCWishes(),
        _ claims: @escaping @Sendable (OIDCCase) -> [String: JSONValue]
    ) -> Attack {
        Attack(name, reason, wishes: wishes) { scene in scene.provider.script { $0.claims = claims(scene) } }
    }

    static func header(_ name: String, _ reason: OIDCRefusal.Reason, _ header: [String: JSONValue]) -> Attack {
        Attack(name, reason) { scene in scene.provider.script { $0.header = header } }
    }

    static func forged(
        _ name: String, _ reason: OIDCRefusal.Reason, _ forge: @escaping @Sendable (String) throws -> String
    ) -> Attack {
        Attack(name, reason) { scene in scene.provider.script { $0.forged = forge } }
    }

    static func discovery(
        _ name: String, _ reason: OIDCRefusal.Reason, _ members: @escaping @Sendable (OIDCCase) -> [String: JSONValue]
    ) -> Attack {
        Attack(name, reason) { scene in scene.provider.script { $0.discovery = members(scene) } }
    }

    static func reply(
        _ name: String, _ reason: OIDCRefusal.Reason, _ path: String, isPatient: Bool = true,
        _ reply: @escaping @Sendable (HostileServer.Request) -> HostileServer.Reply
    ) -> Attack {
        var attack = Attack(name, reason) { scene in scene.provider.script { $0.replies[path] = reply } }
        attack.isPatient = isPatient
        return attack
    }

    /// Once without and once with it: the first must get in, or the second would prove nothing.
    func run() async throws {
        let good = try await OIDCCase()
        #expect(try await good.login(wishes).subject == good.provider.script.subject)
        let scene = try await OIDCCase(timeouts: isPatient ? OIDCTimeouts() : Self.impatient)
        try prepare(scene)
        let started = ContinuousClock.now
        let found = await scene.refusal {
            let departure = try await scene.departure(wishes)
            let query = change(try scene.provider.signIn(at: departure.url), scene)
            let login = try await scene.arrival(query, of: departure.flow)
            Issue.record("let in as \(login.subject)")
        }
        #expect(found == reason, "\(found?.rawValue ?? "let in") after \(ContinuousClock.now - started)")
        try await scene.provider.close()
        try await good.provider.close()
    }

    private static let impatient: OIDCTimeouts = {
        var timeouts = OIDCTimeouts()
        timeouts.request = .milliseconds(300)
        return timeouts
    }()
}
