import Kernel
import SAMLKit
import SignedXML
import Testing

@testable import SAML

/// Responses as the providers of the field write them: prefixes, namespaces, places of the signature, line ends, names of
/// attributes. All are accepted, and say the same.
@Suite(.serialized) struct StyleTests {
    struct Style: Sendable, CustomTestStringConvertible {
        let name: String
        var signs = TestIdentityProvider.Signs.assertion
        var draft = ResponseDraft()
        var signature = SignatureDraft()
        /// `nil`: not sealed.
        var seal: SealDraft?
        /// Modulus and exponent without a certificate, in lines.
        var showsNumbers = false
        var showsNoKey = false
        var afterwards: @Sendable (String) -> String = { $0 }

        init(_ name: String, _ change: (inout Style) -> Void) {
            self.name = name
            change(&self)
        }

        var testDescription: String { name }
    }

    private static let nested = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
    private static let claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
    private static let groupClaim = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"

    static let all: [Style] = [
        Style("SimpleSAMLphp") {
            $0.signs = .both
            $0.draft.declaration = "<?xml version=\"1.0\"?>\n"
            $0.draft.attributes = [
                .init("mail", ["ana@nordwind.example"]), .init("displayName", ["Ana Lind"]),
                .init("groups", ["admins", "ops"]),
            ]
            $0.draft.sessionEnd = ResponseDraft.time(28_800)
        },
        Style("SimpleSAMLphp with a sealed assertion") {
            $0.signs = .both
            $0.seal = SealDraft()
            $0.seal?.cipher = .aes128CBC
        },
        Style("LemonLDAP with a bare key") {
            $0.signs = .both
            $0.showsNumbers = true
            $0.signature.prefix = ""
            $0.signature.isSpaced = true
            $0.draft.typesValues = false
        },
        Style("pysaml2") {
            $0.signs = .both
            $0.draft.messagePrefix = "ns0"
            $0.draft.assertionPrefix = "ns1"
            $0.signature.prefix = "ns2"
            $0.draft.declaration = "<?xml version='1.0' encoding='UTF-8'?>\n"
        },
        Style("Entra") {
            $0.draft.assertionPrefix = ""
            $0.signature.prefix = ""
            $0.draft.typesValues = false
            $0.draft.attributes = [
                .init(claims + "emailaddress", ["ana@nordwind.example"]), .init(groupClaim, ["admins", "ops"]),
                .init("http://schemas.microsoft.com/identity/claims/displayname", ["Ana Lind"]),
            ]
            $0.draft.assertionIssued = "2026-11-22T00:00:00.123Z"
        },
        Style("Entra with a sealed assertion") {
            $0.draft.assertionPrefix = ""
            $0.signature.prefix = ""
            $0.seal = SealDraft()
            $0.seal?.cipher = .aes256CBC
        },
        Style("Okta") {
            $0.signs = .both
            $0.draft.messagePrefix = "saml2p"
            $0.draft.assertionPrefix = "saml2"
            $0.draft.issuerFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
            $0.signature.rawTransforms = """
                <ds:Transforms><ds:Transform Algorithm="\(SignatureDraft.enveloped)"/><ds:Transform \
                Algorithm="\(SignatureDraft.exclusive)"><ec:InclusiveNamespaces xmlns:ec="\(SignatureDraft.exclusive)" \
                PrefixList="xs"/></ds:Transform></ds:Transforms>
                """
            $0.draft.declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
        },
        Style("ADFS") {
            $0.draft.assertionPrefix = ""
            $0.draft.responseIssued = "2026-11-22T00:00:00.1234567Z"
            $0.draft.issuerFormat = nil
            $0.draft.attributes = [
                .init(claims + "emailaddress", ["ana@nordwind.example"]),
                .init("http://schemas.xmlsoap.org/claims/Group", ["admins", "ops"]),
                .init(claims + "givenname", ["Ana"]), .init(claims + "surname", ["Lind"]),
            ]
        },
        Style("Keycloak") {
            $0.signs = .response
            $0.signature.prefix = "dsig"
            $0.draft.attributes = [
                .init("urn:oid:0.9.2342.19200300.100.1.3", ["ana@nordwind.example"], friendlyName: "email"),
                .init("urn:oid:2.5.4.42", ["Ana"], friendlyName: "givenName"),
                .init("urn:oid:2.5.4.4", ["Lind"], friendlyName: "surname"), .init("groups", ["admins", "ops"]),
            ]
        },
        Style("Keycloak with a sealed assertion") {
            $0.signs = .response
            $0.seal = SealDraft()
            $0.seal?.isSHA256 = true
            $0.seal?.isBeside = false
        },
        Style("Google") {
            $0.signs = .response
            $0.draft.messagePrefix = "saml2p"
            $0.draft.assertionPrefix = "saml2"
            $0.draft.declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>"
            $0.draft.validFrom = ResponseDraft.time(-300)
        },
        Style("Shibboleth with a sealed assertion") {
            $0.signs = .response
            $0.draft.messagePrefix = "saml2p"
            $0.draft.assertionPrefix = "saml2"
            $0.draft.attributes = [
                .init("urn:oid:0.9.2342.19200300.100.1.3", ["ana@nordwind.example"], friendlyName: "mail"),
                .init("urn:oid:2.16.840.1.113730.3.1.241", ["Ana Lind"], friendlyName: "displayName"),
                .init("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", ["admins", "ops"], friendlyName: "isMemberOf"),
            ]
            $0.seal = SealDraft()
            $0.seal?.cipher = .aes128GCM
            $0.seal?.isBeside = true
        },
        Style("the inclusive canonical form") {
            $0.signature.form = SignatureDraft.inclusive
            $0.signature.transforms = [SignatureDraft.enveloped, SignatureDraft.inclusive]
            $0.signs = .response
        },
        Style("no canonical form named for what is signed") {
            $0.signature.transforms = [SignatureDraft.enveloped]
            $0.signs = .response
        },
        Style("the canonical form that keeps comments") {
            $0.signature.form = SignatureDraft.exclusive + "WithComments"
            $0.signature.transforms = [SignatureDraft.enveloped, SignatureDraft.exclusive + "WithComments"]
        },
        Style("SHA-384") {
            $0.signature.algorithm = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
            $0.signature.digest = "http://www.w3.org/2001/04/xmldsig-more#sha384"
        },
        Style("SHA-512") {
            $0.signature.algorithm = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
            $0.signature.digest = "http://www.w3.org/2001/04/xmlenc#sha512"
        },
        Style("no key shown") { $0.showsNoKey = true },
        Style("no issuer and no destination in an unsigned response") {
            $0.draft.responseIssuer = nil
            $0.draft.destination = nil
        },
        Style("a time with an offset") { $0.draft.confirmationEnd = "2026-11-22T01:02:00+01:00" },
        Style("used once, and not passed on") {
            $0.draft.moreConditions = "<A:OneTimeUse/><A:ProxyRestriction Count=\"0\"/>"
        },
        Style("several audiences in one restriction") {
            $0.draft.audiences = [["https://other.example", ResponseDraft.audience]]
        },
        Style("a confirmation for a key before the one for browsers") {
            $0.draft.nameID? += "<A:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:holder-of-key\"/>"
        },
        Style("a byte order mark") { $0.afterwards = { "\u{FEFF}" + $0 } },
        Style("a line end behind it") { $0.afterwards = { $0 + "\n" } },
    ]

    func posted(_ style: Style) throws -> String {
        var provider = TestIdentityProvider(try TestKeys.provider, signs: style.signs)
        provider.signature = style.signature
        if style.showsNumbers {
            let p = style.signature.prefix.isEmpty ? "" : style.signature.prefix + ":"
            let modulus = String(repeating: "q83vASNFZ4mrze8B\n", count: 16)
            provider.signature.keyInfo = .text(
                "<\(p)KeyValue><\(p)RSAKeyValue><\(p)Modulus>\n\(modulus)</\(p)Modulus><\(p)Exponent>AQAB</\(p)Exponent></\(p)RSAKeyValue></\(p)KeyValue>"
            )
        } else if !style.showsNoKey {
            provider.signature.keyInfo = .certificate(provider.keys.certificateBytes)
        }
        guard let seal = style.seal else {
            return TestIdentityProvider.post(style.afterwards(try provider.response(style.draft)))
        }
        let inner = style.signs == .response ? style.draft.assertion() : try provider.assertion(style.draft)
        let sealed = try seal.sealed(inner, for: try TestKeys.service)
        return TestIdentityProvider.post(try provider.response(style.draft, sealed))
    }

    @Test("is accepted and says the same as all the others", arguments: all)
    func accepted(style: Style) throws {
        let login = try ServiceCase(hasKey: true).read(try posted(style))
        #expect(login.subject.stable == "nameid \(ResponseDraft.email) ana@nordwind.example")
        #expect(login.email == "ana@nordwind.example" && login.displayName == "Ana Lind")
        #expect(login.groups == ["admins", "ops"])
    }

    @Test("a key of an elliptic curve signs as well", arguments: ECAlgorithm.allCases)
    func curves(algorithm: ECAlgorithm) throws {
        var scene = try ServiceCase()
        let signer = try ECSigner(algorithm)
        scene.settings.idpCertificate = signer.certificate
        #expect(scene.refusal(TestIdentityProvider.post(try signer.response(ResponseDraft()))) == nil)
        #expect(
            try ServiceCase().refusal(TestIdentityProvider.post(try signer.response(ResponseDraft())))
                == .signatureMismatch)
    }
}
