import Kernel
import NIOConcurrencyHelpers
import SAMLKit
import SignedXML
import TestKit
import Testing

@testable import SAML

struct SAMLProvidersTests {
    private let time = ManualTime(now: ServiceCase.now)
    private let published = NIOLockedValueBox<String?>(nil)
    private let asked = NIOLockedValueBox(0)
    private let providers: SAMLProviders
    private var settings = SAMLSettings()

    init() throws {
        let (published, asked) = (published, asked)
        providers = SAMLProviders(time: time) { _ in
            asked.withLockedValue { $0 += 1 }
            return published.withLockedValue { $0 }
        }
        settings.idpMetadataUrl = "https://login.example.com/metadata"
        try publish([try TestKeys.provider])
    }

    private func publish(_ keys: [TestKeys.Pair], _ attributes: String = "") throws {
        var draft = try MetadataDraft()
        draft.keys = keys
        draft.attributes = attributes
        published.withLockedValue { $0 = draft.xml }
    }

    private var count: Int { asked.withLockedValue { $0 } }

    @Test("is fetched once for many logins, and again in an hour")
    func kept() async throws {
        for _ in 0..<5 { _ = try await providers.provider(settings, key: "a") }
        #expect(count == 1)
        time.advance(by: .seconds(3601))
        _ = try await providers.provider(settings, key: "a")
        #expect(count == 2)
    }

    @Test("is fetched as often as the provider says, within bounds")
    func cacheDuration() async throws {
        try publish([try TestKeys.provider], " cacheDuration=\"PT10M\"")
        _ = try await providers.provider(settings, key: "a")
        time.advance(by: .seconds(601))
        _ = try await providers.provider(settings, key: "a")
        #expect(count == 2)
        try publish([try TestKeys.provider], " cacheDuration=\"PT1S\"")
        _ = try await providers.provider(settings, key: "b")
        time.advance(by: .seconds(299))
        _ = try await providers.provider(settings, key: "b")
        #expect(count == 3)
    }

    @Test(
        "a key that is rolled over is found at the first message that it signed, and looked for once in half a minute")
    func rollOver() async throws {
        let old = try await providers.provider(settings, key: "a")
        try publish([try TestKeys.provider, try TestKeys.next])
        let newer = try #require(await providers.newer(than: old, settings, key: "a"))
        #expect(newer.keys == [try TestKeys.provider.pair.publicKey, try TestKeys.next.pair.publicKey])
        #expect(count == 2)
        #expect(try await providers.provider(settings, key: "a").keys == newer.keys)
        for _ in 0..<20 { #expect(await providers.newer(than: newer, settings, key: "a") == nil) }
        #expect(count == 2)
        #expect(await providers.newer(than: old, settings, key: "a") != nil, "who came late is told all the same")
        time.advance(by: .seconds(31))
        #expect(await providers.newer(than: newer, settings, key: "a") == nil)
        #expect(count == 3)
    }

    @Test("metadata that is away is believed for a day, and not at all before there was any")
    func away() async throws {
        published.withLockedValue { $0 = nil }
        await #expect(throws: SAMLRefusal(.metadataUnavailable)) { try await providers.provider(settings, key: "a") }
        try publish([try TestKeys.provider])
        await #expect(throws: SAMLRefusal(.metadataUnavailable), "it was tried a moment ago") {
            try await providers.provider(settings, key: "a")
        }
        time.advance(by: .seconds(31))
        _ = try await providers.provider(settings, key: "a")
        published.withLockedValue { $0 = "<html>gone</html>" }
        time.advance(by: .seconds(86_000))
        _ = try await providers.provider(settings, key: "a")
        time.advance(by: .seconds(500))
        await #expect(throws: SAMLRefusal.self) { try await providers.provider(settings, key: "a") }
    }

    @Test("nothing is believed beyond its own end")
    func validUntil() async throws {
        try publish([try TestKeys.provider], " validUntil=\"\(ResponseDraft.time(1000))\"")
        _ = try await providers.provider(settings, key: "a")
        published.withLockedValue { $0 = nil }
        time.advance(by: .seconds(1001))
        await #expect(throws: SAMLRefusal(.metadataUnavailable)) { try await providers.provider(settings, key: "a") }
    }

    @Test("no more than five hundred are held, and the one unused longest goes")
    func bound() async throws {
        for number in 0..<510 {
            _ = try await providers.provider(settings, key: "\(number)")
            time.advance(by: .milliseconds(1))
        }
        #expect(await providers.count == 500)
        _ = try await providers.provider(settings, key: "509")
        #expect(count == 510)
        _ = try await providers.provider(settings, key: "0")
        #expect(count == 511)
    }

    @Test("pasted metadata and single fields need no fetching")
    func fixed() async throws {
        var pasted = SAMLSettings()
        pasted.idpMetadataXml = try MetadataDraft().xml
        #expect(try await providers.provider(pasted, key: "p").entityID == ResponseDraft.issuer)
        let fields = try ServiceCase().settings
        #expect(try await providers.provider(fields, key: "f").signsInAt.count == 2)
        #expect(await providers.newer(than: try await providers.provider(fields, key: "f"), fields, key: "f") == nil)
        #expect(count == 0)
    }
}
