import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import NIOConcurrencyHelpers
import TestKit
import Testing

@testable import TrustedIssuers

@Suite(.postgres) struct FetchedKeysTests {
    let scene: IssuerCase
    let old = TokenSmith("old")
    let new = TokenSmith("new")

    init() throws { scene = try IssuerCase() }

    private var asked: Int { scene.publisher.asked.withLockedValue { $0 } }
    private func publish(_ text: String?) { scene.publisher.text.withLockedValue { $0 = text } }
    private func call(_ smith: TokenSmith, in org: OrgID) async throws -> Bool {
        await scene.call(try smith.token(scene.claims()), in: org).hasPrefix("external:")
    }

    @Test("keys are fetched once for many calls, and again when a token names one that is new")
    func rotation() async throws {
        let (owner, org) = try await scene.owner()
        try await scene.trust(owner, keys: nil)
        publish(TokenSmith.set(old))
        for _ in 0..<5 { #expect(try await call(old, in: org)) }
        #expect(asked == 1)
        publish(TokenSmith.set(new))
        #expect(try await call(new, in: org))
        #expect(asked == 2)
        #expect(try await !call(old, in: org), "a key that was taken back is none")
    }

    @Test("tokens that name keys nobody has make three fetches and then one in half a minute, however many they are")
    func flood() async throws {
        let (owner, org) = try await scene.owner()
        try await scene.trust(owner, keys: nil)
        publish(TokenSmith.set(old))
        for number in 0..<20 { #expect(try await !call(TokenSmith("made up \(number)"), in: org)) }
        #expect(asked == 3)
        #expect(try await call(old, in: org))
        scene.door.time.advance(by: .seconds(31))
        for number in 0..<20 { #expect(try await !call(TokenSmith("made up \(number)"), in: org)) }
        #expect(asked == 4)
    }

    @Test("an issuer that is away is believed for a day by what it said last, and not at all before it said anything")
    func away() async throws {
        let (owner, org) = try await scene.owner()
        try await scene.trust(owner, keys: nil)
        #expect(try await !call(old, in: org))
        publish(TokenSmith.set(old))
        #expect(try await !call(old, in: org), "it was tried a moment ago")
        scene.door.time.advance(by: .seconds(31))
        #expect(try await call(old, in: org))
        for nonsense in [nil, "", "<html>", #"{"keys":[]}"#, #"{"keys":"none"}"#] {
            publish(nonsense)
            scene.door.time.advance(by: .seconds(3600))
            #expect(try await call(old, in: org))
        }
        scene.door.time.advance(by: .seconds(86_400))
        #expect(try await !call(old, in: org))
    }

    @Test("changing where keys come from forgets those of before at once")
    func moved() async throws {
        let (owner, org) = try await scene.owner()
        let id = try await scene.trust(owner, keys: nil)
        publish(TokenSmith.set(old))
        #expect(try await call(old, in: org))
        publish(TokenSmith.set(new))
        let path = "/api/security/trusted-issuers/\(id)"
        #expect(await owner.send(.patch, path, ["jwksUrl": "https://other.example.com/keys"]).status == 200)
        #expect(try await !call(old, in: org))
        #expect(try await call(new, in: org))
    }
}
