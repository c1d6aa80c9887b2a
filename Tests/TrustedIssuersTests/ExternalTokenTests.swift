import Crypto
import CryptoExtras
import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import NIOConcurrencyHelpers
import Postgres
import TestKit
import Testing

@testable import Access
@testable import TrustedIssuers

@Suite(.postgres) struct ExternalTokenTests {
    let scene: IssuerCase
    let smith = TokenSmith()

    init() throws { scene = try IssuerCase() }

    @Test("a token of a trusted issuer does what its mapped role does, as itself")
    func lettingIn() async throws {
        let (owner, org) = try await scene.owner()
        try await scene.trust(owner, keys: TokenSmith.set(smith))
        let answer = await scene.call(try smith.token(scene.claims()), in: org)
        #expect(answer.hasPrefix("external:") && answer.hasSuffix(" external:\(IssuerCase.issuer) viewer"), "\(answer)")
        #expect(!answer.contains("robot"), "its subject may be a person's address")
        #expect(answer == (await scene.call(try smith.token(scene.claims()), in: org)), "the same subject is the same")
        let other = await scene.call(try smith.token(scene.claims(["sub": "another"])), in: org)
        #expect(other.hasPrefix("external:") && other != answer)
    }

    @Test("RSA keys verify RS256, and a key too short to be trusted is none")
    func rsa() async throws {
        let (owner, org) = try await scene.owner()
        let rsa = try RSASmith("rsa-1")
        try await scene.trust(owner, keys: TokenSmith.text(["keys": [rsa.publicKey]]))
        let token = try smith.token(scene.claims(), header: ["alg": "RS256", "kid": "rsa-1"], signature: rsa.sign)
        #expect(await scene.call(token, in: org).hasPrefix("external:"))
        let weak = try RSASmith("rsa-2", bits: .init(bitCount: 1024))
        let body = IssuerCase.request(keys: TokenSmith.text(["keys": [weak.publicKey]]), ["audience": "weak"])
        let refused = await owner.send(.post, "/api/security/trusted-issuers", body)
        #expect(refused.status == 400 && refused.json["field"]?.string == "jwks", "\(refused.text)")
    }

    @Test("an algorithm that the trust does not name signs nothing, whatever keys are there")
    func algorithms() async throws {
        for (algorithm, isBelieved) in [("RS256", false), ("ES256", true)] {
            let (owner, org) = try await scene.owner()
            let trust: [String: JSONValue] = ["algorithms": [.string(algorithm)]]
            try await scene.trust(owner, keys: TokenSmith.set(smith), trust)
            let answer = await scene.call(try smith.token(scene.claims()), in: org)
            #expect(answer.hasPrefix("external:") == isBelieved, "\(answer)")
        }
    }

    @Test("its own times end a token, and so does the age that the trust allows, each with half a minute to spare")
    func times() throws {
        let now = scene.door.time.now.milliseconds / 1000
        for (issued, expires, notBefore, isCurrent) in [
            (0, 600, nil, true), (-700, -29, nil, true), (-700, -30, nil, false), (-3630, 600, nil, true),
            (-3631, 600, nil, false), (30, 600, nil, true), (31, 600, nil, false), (0, 600, 30, true),
            (0, 600, 31, false), (10, 10, nil, false),
        ] as [(Int64, Int64, Int64?, Bool)] {
            var claims = scene.claims(["iat": .integer(now + issued), "exp": .integer(now + expires)])
            claims["nbf"] = notBefore.map { .integer(now + $0) }
            let read = try #require(TokenClaims(try smith.token(claims)))
            let found = read.isCurrent(at: scene.door.time.now, maxAge: 3600)
            #expect(found == isCurrent, "\(issued) \(expires) \(notBefore ?? 0)")
        }
    }

    /// What is wrong with a token, each by itself enough.
    enum Flaw: String, CaseIterable {
        case expired, notYet, fromTheFuture, tooOld, noExpiry, noAge, noSubject
        case wrongAudience, noAudience, wrongIssuer, issuerWithSlash
        case algNone, algNoneUnsigned, algHS, unlistedAlg, unknownKey, noKey, anothersKey, otherBytes, noSignature
        case critical, unencoded, twoParts
    }

    @Test("a token that is flawed in any way is refused alike", arguments: Flaw.allCases)
    func flaws(flaw: Flaw) async throws {
        let (owner, org) = try await scene.owner()
        try await scene.trust(owner, keys: TokenSmith.set(smith))
        #expect(await scene.call(try smith.token(scene.claims()), in: org).hasPrefix("external:"))
        #expect(await scene.call(try flawed(flaw), in: org) == "invalid-token")
    }

    private func flawed(_ flaw: Flaw) throws -> String {
        let now = scene.door.time.now.milliseconds / 1000
        let good = scene.claims()
        func token(_ more: [String: JSONValue], header: [String: JSONValue] = [:]) throws -> String {
            try smith.token(scene.claims(more), header: header)
        }
        return switch flaw {
        case .expired: try token(["iat": .integer(now - 700), "exp": .integer(now - 40)])
        case .notYet: try token(["nbf": .integer(now + 40)])
        case .fromTheFuture: try token(["iat": .integer(now + 40)])
        case .tooOld: try token(["iat": .integer(now - 3640)])
        case .noExpiry: try token(["exp": .null])
        case .noAge: try token(["iat": .null])
        case .noSubject: try token(["sub": .null])
        case .wrongAudience: try token(["aud": ["pulse-api-2", "pulse"]])
        case .noAudience: try token(["aud": .null])
        case .wrongIssuer: try token(["iss": "https://login.example.org"])
        case .issuerWithSlash: try token(["iss": "https://login.example.com/"])
        case .algNone: try token([:], header: ["alg": "none"])
        case .algNoneUnsigned: try smith.token(good, header: ["alg": "none"]) { _ in [] }
        case .algHS:
            try smith.token(good, header: ["alg": "HS256"]) {
                // The public key as everybody has it, for a secret.
                Digests.hmacSHA256($0, key: Secret(TokenSmith.set(smith).utf8.map { $0 }))
            }
        case .unlistedAlg: try token([:], header: ["alg": "ES384"])
        case .unknownKey: try token([:], header: ["kid": "key-2"])
        case .noKey: try token([:], header: ["kid": .null])
        case .anothersKey: try TokenSmith("key-1").token(good)
        case .otherBytes: try smith.token(good) { bytes in Array(Digests.sha256(bytes) + Digests.sha256(bytes)) }
        case .noSignature: try smith.token(good) { _ in [] }
        case .critical: try token([:], header: ["crit": ["exp"]])
        case .unencoded: try token([:], header: ["b64": false])
        case .twoParts: try smith.token(good).split(separator: ".").prefix(2).joined(separator: ".")
        }
    }

    @Test("clocks may differ by half a minute, and a token that lives longer than is allowed ends by its age")
    func clocks() async throws {
        let (owner, org) = try await scene.owner()
        try await scene.trust(owner, keys: TokenSmith.set(smith), ["maxTokenAgeSeconds": 600])
        let now = scene.door.time.now.milliseconds / 1000
        for claims: [String: JSONValue] in [
            ["exp": .integer(now - 20), "iat": .integer(now - 300)], ["nbf": .integer(now + 20)],
            ["iat": .integer(now + 20)],
        ] { #expect(await scene.call(try smith.token(scene.claims(claims)), in: org).hasPrefix("external:")) }
        let long = try smith.token(scene.claims(["exp": .integer(now + 86_400)]))
        scene.door.time.advance(by: .seconds(600))
        #expect(await scene.call(long, in: org).hasPrefix("external:"))
        scene.door.time.advance(by: .seconds(40))
        #expect(await scene.call(long, in: org) == "invalid-token")
    }

    @Test("keys and addresses that a token brings along itself are not looked at")
    func embedded() async throws {
        let (owner, org) = try await scene.owner()
        try await scene.trust(owner, keys: TokenSmith.set(smith))
        let stranger = TokenSmith("key-1")
        for header: [String: JSONValue] in [
            ["jwk": stranger.publicKey], ["jku": "https://evil.example.com/jwks.json"],
            ["x5u": "https://evil.example.com/x5u"], ["x5c": ["MIIB"]], ["jwk": stranger.publicKey, "kid": .null],
        ] {
            #expect(await scene.call(try stranger.token(scene.claims(), header: header), in: org) == "invalid-token")
        }
        #expect(scene.publisher.asked.withLockedValue { $0 } == 0)
        #expect(
            await scene.call(try smith.token(scene.claims(), header: ["jku": "https://evil.example.com"]), in: org)
                .hasPrefix("external:"))
    }

    @Test("a public RSA key is no secret of HS256, whatever form it is taken in")
    func confusion() async throws {
        let (owner, org) = try await scene.owner()
        let rsa = try RSASmith("rsa-1")
        try await scene.trust(owner, keys: TokenSmith.text(["keys": [rsa.publicKey]]))
        for secret in [rsa.pem, Array((rsa.publicKey["n"]?.string ?? "").utf8), rsa.publicKey.json] {
            for name in ["HS256", "RS256", "ES256"] {
                let token = try smith.token(scene.claims(), header: ["alg": .string(name), "kid": "rsa-1"]) {
                    Digests.hmacSHA256($0, key: Secret(secret))
                }
                #expect(await scene.call(token, in: org) == "invalid-token")
            }
        }
    }

    @Test("another organisation's trust is nobody else's, even with the same issuer and audience")
    func isolation() async throws {
        let (ours, theirs) = (try await scene.owner(), try await scene.owner())
        let enemy = TokenSmith("key-1")
        let id = try await scene.trust(ours.browser, keys: TokenSmith.set(smith))
        #expect(await scene.call(try smith.token(scene.claims()), in: theirs.org) == "invalid-token")
        try await scene.trust(theirs.browser, keys: TokenSmith.set(enemy), role: "admin")
        #expect(await scene.call(try enemy.token(scene.claims()), in: ours.org) == "invalid-token")
        #expect(await scene.call(try smith.token(scene.claims()), in: theirs.org) == "invalid-token")
        #expect(await scene.call(try smith.token(scene.claims()), in: OrgID.new(at: Given.start)) == "invalid-token")
        #expect(await scene.call(try smith.token(scene.claims()), in: nil) == "organisation-required")
        for method in [Endpoint.Method.get, .patch, .delete] {
            let body: JSONValue? = method == .patch ? ["name": "Mine"] : nil
            let answer = await theirs.browser.send(method, "/api/security/trusted-issuers/\(id)", body)
            #expect(answer.slug == "trusted-issuer-not-found", "\(answer.text)")
        }
        #expect(await scene.call(try smith.token(scene.claims()), in: ours.org).hasPrefix("external:"))
    }

    @Test("a token opens what its role does and never what would outlast the trust", arguments: RoleMapping.roles)
    func matrix(role: Role) async throws {
        let (owner, org) = try await scene.owner()
        try await scene.trust(owner, keys: TokenSmith.set(smith), role: role.rawValue)
        let token = try smith.token(scene.claims())
        for permission in Permission.all {
            let answer = await scene.call(token, in: org, "/api/try/\(permission.action)/\(permission.resource)")
            let may = role.allows(permission) && !Permission.beyondProviders.contains(permission)
            #expect(
                may ? answer.hasSuffix(" \(role.rawValue)") : answer == "permission-denied", "\(permission): \(answer)")
        }
    }

    @Test("the first mapping that fits counts, a dotted claim leads into objects, and without any there is no way in")
    func mappings() async throws {
        let (owner, org) = try await scene.owner()
        let mappings: JSONValue = [["value": "ops", "role": "editor"], ["value": "pulse", "role": "viewer"]]
        try await scene.trust(
            owner, keys: TokenSmith.set(smith), ["roleClaim": "realm_access.roles", "roleMappings": mappings])
        func role(_ claims: [String: JSONValue]) async throws -> String {
            await scene.call(try smith.token(scene.claims(claims)), in: org).split(separator: " ").last.map(String.init)
                ?? ""
        }
        #expect(try await role(["realm_access": ["roles": ["pulse", "ops"]]]) == "editor")
        #expect(try await role(["realm_access": ["roles": "pulse"]]) == "viewer")
        #expect(try await role(["realm_access.roles": ["ops"]]) == "editor")
        #expect(try await role(["roles": ["ops"]]) == "permission-denied")
        #expect(try await role(["realm_access": ["roles": ["owner", "admin", "Ops"]]]) == "permission-denied")
    }

    @Test(
        "what an organisation may not do now, its issuers' tokens may not either", arguments: ["suspended", "deleted"])
    func standing(state: String) async throws {
        let (owner, org) = try await scene.owner()
        try await scene.trust(owner, keys: TokenSmith.set(smith))
        let token = try smith.token(scene.claims())
        try await TestDatabase.current.superuser.executeGlobally(
            """
            UPDATE pulse.orgs SET state = \(state), suspension = CASE WHEN \(state) = 'suspended' THEN 'abuse' END
            WHERE id = \(org)
            """)
        #expect(await scene.call(token, in: org) == (state == "suspended" ? "org-suspended" : "invalid-token"))
    }

    @Test("removing, stopping or changing a trust ends it with the next call, and on what is open in the next round")
    func ending() async throws {
        let (owner, org) = try await scene.owner()
        let watch = AdmissionWatch(gate: scene.door.gate, time: scene.door.time, logger: .silent)
        let endpoint = Endpoint(
            .get, "/api/try", summary: "Try", access: .permission(.readMonitoring), scope: .monitoringRead,
            narrows: true,
            audit: .none(reason: "a test"), response: .nothing, responseExample: ""
        ) { _ in .noContent }
        for ending in ["stop", "change", "age", "remove"] {
            let id = try await scene.trust(owner, keys: TokenSmith.set(smith))
            let path = "/api/security/trusted-issuers/\(id)"
            let token = try smith.token(scene.claims())
            var request = APIRequest(
                method: .get, headers: ["authorization": "Bearer \(token)", "x-pulse-org-id": "\(org)"])
            request.admitted = try await scene.door.gate.admit(request, to: endpoint)
            let view = Task { [request] in
                do { try await watch.stay(request, at: endpoint) } catch let problem as Problem { return problem.slug }
                return "?"
            }
            while watch.count == 0 { await Task.yield() }
            await watch.round()
            #expect(watch.count == 1, "a view that may be open stays open")
            switch ending {
            case "stop": #expect(await owner.send(.patch, path, ["enabled": false]).status == 200)
            case "change":
                #expect(
                    await owner.send(.patch, path, ["roleMappings": [["value": "x", "role": "viewer"]]]).status == 200)
            case "age": scene.door.time.advance(by: .seconds(640))
            default: #expect(await owner.send(.delete, path).status == 204)
            }
            await watch.round()
            view.cancel()
            #expect(try await view.value == "invalid-token", "\(ending)")
            let refused = await scene.call(token, in: org)
            #expect(refused == (ending == "change" ? "permission-denied" : "invalid-token"), "\(ending)")
            if ending == "age" { scene.door.time.advance(by: .seconds(-640)) }
            if ending != "remove" { #expect(await owner.send(.delete, path).status == 204) }
        }
    }
}
