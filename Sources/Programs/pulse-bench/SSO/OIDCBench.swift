import Cryptography
import HTTPKit
import JOSE
import JSONKit
import JWTKit
import Kernel
import OIDC
import Outbound
import ProviderKit

/// People who come back from a provider on this machine: what their way costs with all its requests, and what reading and
/// verifying one ID token costs against JWTKit with a key that it has already taken in.
struct OIDCBench {
    private static let redirectURL = "https://pulse.example.com/api/oidc/nordwind/main/callback"
    private let logins = 3000
    private let width = 32
    private let rounds = 15
    private let tokens = 300
    private let time = SystemTime()

    func measure(_ figures: inout Figures) async throws {
        try await measureTokens(&figures)
        // A provider that signs with a curve: with RSA its own signing would be most of what is measured.
        let provider = try await ScriptedProvider(time, key: .p256("bench"))
        let policy = OutboundPolicy(allowing: [NetworkRange("127.0.0.0/8")].compactMap(\.self))
        let settings = try OIDCSettings(
            json: ["issuerUrl": .string(provider.issuer), "clientId": "pulse", "groupsClaim": "groups"], policy: policy)
        let client = OIDCClient(GuardedClient(AddressGuard(policy)), policy: policy, time: time)
        var answers: [(OIDCAnswer, OIDCFlow)] = []
        for _ in 0..<logins {
            let departure = try await client.departure(to: settings, redirectURL: Self.redirectURL, at: time.now)
            let fields = try provider.signIn(at: departure.url).map { "\($0.0)=\($0.1)" }.joined(separator: "&")
            answers.append((OIDCAnswer(try Query(parsing: fields[...])), departure.flow))
        }
        let secret = provider.script.clientSecret.map { Secret($0) }
        let begun = time.monotonic
        let known = try await withThrowingTaskGroup(of: Int.self) { [answers] group in
            for lane in 0..<width {
                group.addTask {
                    var known = 0
                    for (answer, flow) in answers[lane...].striding(by: width) {
                        let login = try await client.arrival(
                            answer, of: flow, at: settings, secret: secret, now: time.now)
                        if login.groups.count == 2 { known += 1 }
                    }
                    return known
                }
            }
            return try await group.reduce(0, +)
        }
        let took = (time.monotonic - begun).inSeconds
        figures.require(known == logins, "everybody who came back is known with their groups")
        figures.line("oidc_callbacks_per_s", Double(logins) / took, "/s", atLeast: 200)
        try await provider.close()
    }

    private func measureTokens(_ figures: inout Figures) async throws {
        let key = ProviderKey.rsa("bench")
        let now = time.now.milliseconds / 1000
        let texts = try (0..<tokens).map { number in
            try ProviderScript.token(
                header: [:],
                claims: [
                    "iss": "https://login.example.com", "sub": .string("person-\(number)"), "aud": ["pulse"],
                    "iat": .integer(now), "exp": .integer(now + 600),
                    "nonce": "a nonce of forty-three characters or so",
                    "email": "person@nordwind.example", "groups": .array((0..<12).map { .string("group-\($0)") }),
                ], by: key)
        }
        let set = JSONValue.object(["keys": [.object(key.publicKey)]]).json
        let keys = PublicKeySet(String(decoding: set, as: UTF8.self))
        let library = JWTKeyCollection()
        try await library.add(
            jwksJSON: String(decoding: set, as: UTF8.self).replacing("\"kty\"", with: "\"alg\":\"RS256\",\"kty\""))
        var (ours, theirs): ([Double], [Double]) = ([], [])
        var (read, verified) = (0, 0)
        for _ in 0..<rounds {
            var begun = time.monotonic
            for text in texts {
                let token = try SignedToken(text)
                if let key = keys.key(token.keyID, for: token.algorithm), await token.isSigned(by: key) { read += 1 }
            }
            ours.append((time.monotonic - begun).inSeconds)
            begun = time.monotonic
            for text in texts where try await library.verify(text, as: Claims.self).aud == ["pulse"] { verified += 1 }
            theirs.append((time.monotonic - begun).inSeconds)
        }
        figures.require(read == rounds * tokens && verified == read, "every token is good to both")
        let (our, their) = (Double(tokens) / median(ours), Double(tokens) / median(theirs))
        figures.line("oidc_tokens_per_s_per_core", our, "/s")
        figures.line("oidc_jwtkit_per_s_per_core", their, "/s")
        figures.line("oidc_over_library", our / their, "times")
    }
}

private struct Claims: JWTPayload {
    let aud: [String]
    let sub: String
    let groups: [String]
    func verify(using algorithm: some JWTAlgorithm) {}
}

extension ArraySlice {
    /// Every so-many-th, from the first on.
    fileprivate func striding(by step: Int) -> [Element] {
        Swift.stride(from: startIndex, to: endIndex, by: step).map { self[$0] }
    }
}
