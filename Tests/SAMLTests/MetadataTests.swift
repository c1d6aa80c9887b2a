import JSONKit
import Kernel
import NIOConcurrencyHelpers
import SAMLKit
import SignedXML
import TestKit
import Testing

@testable import SAML

/// Metadata as a provider publishes it.
struct MetadataDraft: Sendable {
    var entityID = ResponseDraft.issuer
    var keys: [TestKeys.Pair] = []
    var attributes = ""
    var sso = "https://login.example.com/sso"
    var role = "IDPSSODescriptor"
    var moreKeys = ""

    init() throws { keys = [try TestKeys.provider] }

    var xml: String {
        let shown = keys.enumerated().map { index, pair in
            """
            <md:KeyDescriptor\(index == 0 ? " use=\"signing\"" : "")><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\
            <ds:X509Data><ds:X509Certificate>
            \(Base64Text.encode(pair.certificateBytes))
            </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
            """
        }
        return """
            <md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="\(entityID)"\(attributes)>\
            <!-- made by hand --><md:\(role) WantAuthnRequestsSigned="true" \
            protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol urn:oasis:names:tc:SAML:2.0:protocol">\
            \(shown.joined())\(moreKeys)\
            <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" \
            Location="https://login.example.com/slo" ResponseLocation="https://login.example.com/slo/done"/>\
            <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://login.example.com/soap"/>\
            <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="\(sso)"/>\
            <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="\(sso)"/>\
            </md:\(role)></md:EntityDescriptor>
            """
    }
}

struct MetadataTests {
    let now = ServiceCase.now

    @Test("tells who it is, where it signs in and out, and by which keys it is known")
    func one() throws {
        var draft = try MetadataDraft()
        draft.keys.append(try TestKeys.next)
        draft.attributes = " validUntil=\"2026-12-01T00:00:00Z\" cacheDuration=\"PT30M\""
        let provider = try SAMLIdentityProvider(xml: draft.xml, entityID: nil, at: now)
        #expect(provider.entityID == ResponseDraft.issuer && provider.wantsSignedRequests)
        #expect(provider.signsInAt.map(\.binding) == [.post, .redirect])
        #expect(provider.logsOutAt.map(\.responseLocation) == ["https://login.example.com/slo/done"])
        #expect(provider.keys == [try TestKeys.provider.pair.publicKey, try TestKeys.next.pair.publicKey])
        #expect(provider.cacheDuration == .seconds(1800))
        #expect(provider.preview["signingKeys"]?[0]?["bits"]?.int == 3072)
        #expect(provider.preview["validUntil"]?.string == "2026-12-01T00:00:00.000Z")
    }

    @Test("of several the first identity provider is taken, or the one that is named")
    func several() throws {
        var (service, first, second) = (try MetadataDraft(), try MetadataDraft(), try MetadataDraft())
        service.role = "SPSSODescriptor"
        service.entityID = "urn:service"
        first.entityID = "urn:first"
        second.entityID = "urn:second"
        let space = "xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\""
        let xml = """
            <md:EntitiesDescriptor \(space) validUntil="2026-12-01T00:00:00Z">\(service.xml)<md:EntitiesDescriptor>\
            \(first.xml)</md:EntitiesDescriptor>\(second.xml)</md:EntitiesDescriptor>
            """
        #expect(try SAMLIdentityProvider(xml: xml, entityID: nil, at: now).entityID == "urn:first")
        let named = try SAMLIdentityProvider(xml: xml, entityID: "urn:second", at: now)
        #expect(named.entityID == "urn:second" && named.validUntil != nil)
        #expect(throws: SAMLRefusal(.metadataInvalid, "There is no identity provider urn:service in it.")) {
            try SAMLIdentityProvider(xml: xml, entityID: "urn:service", at: now)
        }
    }

    @Test("a bare key is a key, and what is too weak or no key is passed over")
    func bareKeys() throws {
        var draft = try MetadataDraft()
        let modulus = Base64Text.encode([0xC5] + Randomness.system.bytes(254) + [1])
        let weak = Base64Text.encode([0xC5] + Randomness.system.bytes(126) + [1])
        let bare = { (modulus: String) in
            """
            <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:KeyValue>\
            <ds:RSAKeyValue><ds:Modulus>\(modulus)</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>\
            </ds:KeyInfo></md:KeyDescriptor>
            """
        }
        draft.keys = []
        draft.moreKeys = bare(weak) + bare("!") + bare(modulus) + bare(modulus)
        let provider = try SAMLIdentityProvider(xml: draft.xml, entityID: nil, at: now)
        #expect(provider.keys.map(\.bits) == [2048])
        draft.moreKeys = bare(weak)
        #expect(throws: SAMLRefusal(.noKeys)) { try SAMLIdentityProvider(xml: draft.xml, entityID: nil, at: now) }
    }

    @Test("a key that only encrypts signs nothing")
    func encryptionKeys() throws {
        var draft = try MetadataDraft()
        let good = draft.xml
        draft.keys = []
        draft.moreKeys = good.cut("<md:KeyDescriptor", "</md:KeyDescriptor>").replacing(
            first: "signing", with: "encryption")
        #expect(throws: SAMLRefusal(.noKeys)) { try SAMLIdentityProvider(xml: draft.xml, entityID: nil, at: now) }
    }

    @Test("metadata that is over, empty, of another kind or dangerous is refused")
    func refused() throws {
        var over = try MetadataDraft()
        over.attributes = " validUntil=\"2026-11-21T23:59:59Z\""
        var nowhere = try MetadataDraft()
        nowhere.sso = "javascript:alert(1)"
        let good = try MetadataDraft().xml
        let cases: [(String, SAMLRefusal.Reason)] = [
            (over.xml, .metadataExpired), (nowhere.xml, .noEndpoint), ("", .malformed), ("<html/>", .metadataInvalid),
            ("<!DOCTYPE a SYSTEM \"file:///etc/passwd\">" + good, .documentType),
            (good.replacing(first: "SAML:2.0:protocol", with: "SAML:3.0:protocol"), .metadataInvalid),
            (String(repeating: "<a>", count: 500), .tooDeep), (String(repeating: " ", count: 1_100_000), .tooLarge),
        ]
        for (xml, reason) in cases {
            let refusal = #expect(throws: SAMLRefusal.self) {
                try SAMLIdentityProvider(xml: xml, entityID: nil, at: now)
            }
            #expect(refusal?.reason == reason)
        }
    }

    @Test(
        "durations are read as they are written",
        arguments: [("PT1H", 3600), ("P1D", 86_400), ("PT1H30M", 5400), ("P1DT12H", 129_600), ("PT90S", 90)])
    func durations(text: String, seconds: Int64) { #expect(XMLDuration.read(text) == .seconds(seconds)) }

    @Test(
        "what is no duration is none", arguments: ["", "P", "PT", "1H", "PT1", "PTH", "P1Y", "-PT1H", "PT99999999999H"])
    func noDurations(text: String) { #expect(XMLDuration.read(text) == nil) }
}
