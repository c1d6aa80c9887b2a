import Foundation
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Vault

/// The promises of every provider, tried on AWS KMS (moto, which checks signatures) and on Transit.
@Suite(.serialized, .enabled(if: KeyPeer.python != nil, KeyPeer.skipped)) struct ProviderTests {
    enum Server: String, CaseIterable, Sendable {
        case kms = "kms_server.py"
        case transit = "transit_server.py"

        func provider(_ peer: KeyPeer) throws -> any KeyProvider {
            switch self {
            case .kms: try peer.kms()
            case .transit: try peer.transit()
            }
        }
    }

    private let secret = Secret([UInt8](repeating: 7, count: 32))
    private let binding = WrapBinding(owner: .org(.new(at: Given.start)), key: .new(at: Given.start))

    private func made(_ provider: any KeyProvider) async throws -> WrappingKey {
        let id = WrappingKeyID.new(at: Given.start)
        let reference = try await provider.create(id, for: binding.owner)
        return WrappingKey(id: id, provider: provider.kind, reference: reference)
    }

    @Test("a wrapped key unwraps under its key and for its binding only", arguments: Server.allCases)
    func binding(server: Server) async throws {
        let peer = try await KeyPeer(server.rawValue)
        let provider = try server.provider(peer)
        let (ours, theirs) = (try await made(provider), try await made(provider))
        let wrapped = try await provider.wrap(secret, under: ours, for: binding)
        #expect(!wrapped.starts(with: secret.reveal()))
        #expect(try await provider.unwrap(wrapped, under: ours, for: binding).reveal() == secret.reveal())
        let elsewhere = WrapBinding(owner: .org(.new(at: Given.start)), key: binding.key)
        await #expect(throws: KeyProviderError.self) {
            try await provider.unwrap(wrapped, under: ours, for: elsewhere)
        }
        await #expect(throws: KeyProviderError.self) { try await provider.unwrap(wrapped, under: theirs, for: binding) }
    }

    @Test("a key asked for twice under one id is one key", arguments: Server.allCases)
    func repeated(server: Server) async throws {
        let peer = try await KeyPeer(server.rawValue)
        let (provider, id) = (try server.provider(peer), WrappingKeyID.new(at: Given.start))
        let first = try await provider.create(id, for: .instance)
        let wrapping = WrappingKey(id: id, provider: provider.kind, reference: first)
        let wrapped = try await provider.wrap(secret, under: wrapping, for: binding)
        #expect(try await provider.create(id, for: .instance) == first)
        #expect(try await provider.unwrap(wrapped, under: wrapping, for: binding).reveal() == secret.reveal())
    }

    @Test("a destroyed key opens nothing, and destroying it twice is fine", arguments: Server.allCases)
    func destroyed(server: Server) async throws {
        let peer = try await KeyPeer(server.rawValue)
        let provider = try server.provider(peer)
        let key = try await made(provider)
        let wrapped = try await provider.wrap(secret, under: key, for: binding)
        for _ in 0..<2 { try await provider.destroy(key) }
        guard server != .kms else {
            // moto keeps the state of a key and does not act on it; AWS refuses its use from here on.
            let state = try await peer.order("DescribeKey", ["KeyId": key.reference])["KeyMetadata"]?["KeyState"]
            #expect(state?.string == "PendingDeletion")
            return
        }
        await #expect(throws: KeyProviderError.self) { try await provider.unwrap(wrapped, under: key, for: binding) }
        await #expect(throws: KeyProviderError.self) { try await provider.wrap(secret, under: key, for: binding) }
    }

    @Test("a permission that is withdrawn at the provider is a refusal at once", arguments: Server.allCases)
    func revoked(server: Server) async throws {
        let peer = try await KeyPeer(server.rawValue)
        let provider = try server.provider(peer)
        let key = try await made(provider)
        let wrapped = try await provider.wrap(secret, under: key, for: binding)
        try await peer.order("revoke")
        let error = await #expect(throws: KeyProviderError.self) {
            try await provider.unwrap(wrapped, under: key, for: binding)
        }
        guard case .refused = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try await peer.order("restore")
        #expect(try await provider.unwrap(wrapped, under: key, for: binding).reveal() == secret.reveal())
    }

    @Test("a key rotated at the provider still opens what it wrapped before") func providersOwnRotation() async throws {
        let peer = try await KeyPeer(Server.transit.rawValue)
        let provider = try peer.transit()
        let key = try await made(provider)
        let wrapped = try await provider.wrap(secret, under: key, for: binding)
        try await peer.order("rotate", ["key": key.reference])
        #expect(try await provider.unwrap(wrapped, under: key, for: binding).reveal() == secret.reveal())
        let anew = try await provider.wrap(secret, under: key, for: binding)
        #expect(String(decoding: anew, as: UTF8.self).hasPrefix("vault:v2:"))
    }

    @Test("a wrong credential is refused, nobody listening is unreachable, and neither is told in the error")
    func failures() async throws {
        let (kms, transit) = (try await KeyPeer(Server.kms.rawValue), try await KeyPeer(Server.transit.rawValue))
        let key = try await made(kms.kms())
        for provider in [try kms.kms(secret: "canary-secret"), try transit.transit(token: "canary-secret")]
            as [any KeyProvider]
        {
            let error = await #expect(throws: KeyProviderError.self) {
                try await provider.wrap(secret, under: key, for: binding)
            }
            guard case .refused(let words) = try #require(error) else {
                if case .unfit = error { continue }
                Issue.record("\(provider.kind): \(String(describing: error))")
                continue
            }
            #expect(!words.contains("canary"))
        }
        let nobody = TransitProvider(url: "http://127.0.0.1:1", token: Secret("canary-secret"), http: KeyHTTP())
        let silence = await #expect(throws: KeyProviderError.self) { try await nobody.create(key.id, for: .instance) }
        guard case .unreachable(let words) = try #require(silence) else {
            Issue.record("\(String(describing: silence))")
            return
        }
        #expect(!words.contains("canary"))
        try await transit.order("seal")
        await #expect(throws: KeyProviderError.unreachable("Transit answers 503")) {
            try await transit.transit().create(key.id, for: .instance)
        }
    }

    @Test(
        "a reference that could reach something else is no reference",
        arguments: [
            "arn:aws:kms:evil.example.com/:123456789012:key/x", "arn:aws:s3:eu-central-1:123456789012:key/x",
            "arn:aws:kms:eu-central-1:1:key/x", "alias/pulse", "", "arn:aws:kms:eu-central-1:123456789012:key/x\n",
        ])
    func references(text: String) {
        #expect(!AWSKMSProvider.isReference(text))
        #expect(!TransitProvider.isReference(text))
    }

    @Test("references of either kind are taken") func goodReferences() {
        #expect(AWSKMSProvider.isReference("arn:aws:kms:eu-central-1:123456789012:key/0e837e05-9009"))
        #expect(TransitProvider.isReference("nordwind_key-1"))
        #expect(!TransitProvider.isReference("pulse-0e837e05"))
        #expect(!TransitProvider.isReference("../sys/seal"))
    }
}

/// The example of AWS's documentation of Signature Version 4 (IAM ListUsers).
@Suite struct SignatureV4Tests {
    @Test("a request is signed as AWS documents it") func documented() {
        let signer = SignatureV4(
            accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1", service: "iam")
        let header = signer.authorization(
            method: "GET", path: "/", query: "Action=ListUsers&Version=2010-05-08",
            headers: [
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"), ("host", "iam.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
            ], body: [], date: "20150830T123600Z")
        #expect(
            header == """
                AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                SignedHeaders=content-type;host;x-amz-date, \
                Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7
                """)
        #expect(Timestamp(rfc3339: "2015-08-30T12:36:00.123Z")?.amazonDate == "20150830T123600Z")
    }
}
