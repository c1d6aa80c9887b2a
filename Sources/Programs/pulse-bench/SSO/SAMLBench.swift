import CPlainXMLSec
import Kernel
import SAML
import SignedXML

/// Responses of a provider read from base64 to a login, one after another on one core; and the same documents read and
/// verified by libxml2 and xmlsec1 alone, in turns, so that both see the same weather.
struct SAMLBench {
    private static let now = Timestamp(seconds: 1_795_305_600)
    private static let addresses = SAMLAddresses(base: "https://pulse.example.com/api/saml/nordwind/main")
    private static let issuer = "https://login.example.com/idp"
    private static let space = "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\""
    private let rounds = 15
    private let messages = 200

    func measure(_ figures: inout Figures) throws {
        let made = try XMLKeyPair.generate(
            name: "bench", from: Self.now - .seconds(60), to: Self.now + .seconds(86_400),
            serial: Randomness.system.bytes(16))
        let pair = try XMLKeyPair(privateKey: made.privateKey, certificate: made.certificate)
        let documents = try (0..<messages).map { try Self.response($0, signedBy: pair) }
        let posted = documents.map { Base64Text.encode(Array($0.utf8)) }
        let bytes = documents.map { Array($0.utf8) }
        let certificate = pair.certificate ?? []
        let service = try Self.service(made.certificate)

        var (ours, theirs): ([Double], [Double]) = ([], [])
        var (logins, verified) = (0, 0)
        for _ in 0..<rounds {
            ours.append(try seconds { for text in posted where try Self.reads(text, service) { logins += 1 } })
            theirs.append(
                seconds {
                    for text in bytes
                    where plain_xmlsec_verify(text, text.count, "Assertion", certificate, certificate.count) == 1 {
                        verified += 1
                    }
                })
        }
        figures.require(logins == rounds * messages, "every response is a login")
        figures.require(verified == rounds * messages, "the libraries verify every response")
        let (our, their) = (Double(messages) / median(ours), Double(messages) / median(theirs))
        figures.line("saml_bytes", Double(bytes[0].count), "B")
        figures.line("saml_responses_per_s_per_core", our, "/s", atLeast: 1500)
        figures.line("saml_library_per_s_per_core", their, "/s")
        figures.line("saml_over_library", our / their, "times", atLeast: 0.4)
    }

    private static func service(_ certificate: String) throws -> SAMLServiceProvider {
        var settings = SAMLSettings()
        settings.idpEntityId = issuer
        let metadata = """
            <md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="\(issuer)"><md:IDPSSODescriptor \
            protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor><ds:KeyInfo \
            xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>\
            \(certificate.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined())</ds:X509Certificate>\
            </ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService \
            Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://login.example.com/sso"/>\
            </md:IDPSSODescriptor></md:EntityDescriptor>
            """
        let provider = try SAMLIdentityProvider(xml: metadata, entityID: nil, at: now)
        return try SAMLServiceProvider(settings, addresses, to: provider)
    }

    @inline(never) private static func reads(_ posted: String, _ service: SAMLServiceProvider) throws -> Bool {
        let login = try service.read(try SAMLIncoming(post: posted), awaiting: "_request", at: now)
        return login.groups.count == 12
    }

    /// As large as those of providers are: a person with a name, a mail address and a dozen groups.
    private static func response(_ number: Int, signedBy pair: XMLKeyPair) throws -> String {
        let end = now + .seconds(300)
        func attribute(_ name: String, _ values: [String]) -> String {
            let written = values.map { value in
                """
                <saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" \
                xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">\(value)</saml:AttributeValue>
                """
            }
            return "<saml:Attribute Name=\"\(name)\">\(written.joined())</saml:Attribute>"
        }
        let told = [
            attribute("mail", ["person\(number)@nordwind.example"]), attribute("displayName", ["Person \(number)"]),
            attribute("groups", (0..<12).map { "group-\($0)" }),
        ]
        let id = "_assertion\(number)"
        let assertion = """
            <saml:Assertion \(space) ID="\(id)" Version="2.0" IssueInstant="\(now)"><saml:Issuer>\(issuer)</saml:Issuer>\
            \(XMLText.signatureTemplate(over: id, certificate: pair.certificate))\
            <saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">\
            person\(number)@nordwind.example</saml:NameID><saml:SubjectConfirmation \
            Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="_request" \
            NotOnOrAfter="\(end)" Recipient="\(addresses.acs)"/></saml:SubjectConfirmation></saml:Subject>\
            <saml:Conditions NotBefore="\(now)" NotOnOrAfter="\(end)"><saml:AudienceRestriction><saml:Audience>\
            \(addresses.metadata)</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
            <saml:AuthnStatement AuthnInstant="\(now)" SessionIndex="_s\(number)"><saml:AuthnContext>\
            <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport\
            </saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
            <saml:AttributeStatement>\(told.joined())</saml:AttributeStatement></saml:Assertion>
            """
        return """
            <samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" \(space) ID="_response\(number)" \
            Version="2.0" IssueInstant="\(now)" Destination="\(addresses.acs)" InResponseTo="_request">\
            <saml:Issuer>\(issuer)</saml:Issuer><samlp:Status><samlp:StatusCode \
            Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>\(try pair.signed(assertion, id: id))\
            </samlp:Response>
            """
    }
}
