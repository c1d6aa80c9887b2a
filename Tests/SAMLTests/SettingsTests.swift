import JSONKit
import Kernel
import Outbound
import SAMLKit
import SignedXML
import Testing

@testable import SAML

struct SettingsTests {
    private func fields() throws -> [String: JSONValue] {
        [
            "idpSsoUrl": "https://login.example.com/sso", "idpEntityId": .string(ResponseDraft.issuer),
            "idpCertificate": .string(try TestKeys.provider.certificate),
        ]
    }

    private func read(_ members: [String: JSONValue], keeping: SAMLSettings? = nil) throws -> SAMLSettings {
        try SAMLSettings(json: .object(members), keeping: keeping, policy: OutboundPolicy())
    }

    @Test("what is stored comes back, and the secret is never in it")
    func roundTrip() throws {
        var members = try fields()
        members["spPrivateKey"] = .string(try TestKeys.service.privateKey.reveal())
        members["spCertificate"] = .string(try TestKeys.service.certificate)
        members["signRequests"] = true
        members["requestBinding"] = "post"
        members["clockSkewSeconds"] = 90
        members["groupsAttr"] = " groups "
        let settings = try read(members)
        #expect(settings.groupsAttr == "groups" && settings.clockSkewSeconds == 90 && settings.requestBinding == .post)
        #expect(settings.json["spPrivateKey"] == nil && settings.json["spPrivateKeySet"] == true)
        let again = SAMLSettings(stored: settings.json, spPrivateKey: settings.spPrivateKey)
        #expect(again == settings)
    }

    @Test("what is not named stays, the secret too, and null takes it back")
    func keeping() throws {
        var members = try fields()
        members["spPrivateKey"] = .string(try TestKeys.service.privateKey.reveal())
        members["emailAttr"] = "mail"
        members["allowUnencrypted"] = false
        let first = try read(members)
        let second = try read(["usernameAttr": "uid"], keeping: first)
        #expect(second.spPrivateKey != nil && second.emailAttr == "mail" && !second.allowUnencrypted)
        let third = try read(["spPrivateKey": nil, "emailAttr": nil, "allowUnencrypted": nil], keeping: second)
        #expect(
            third.spPrivateKey == nil && third.emailAttr == nil && third.allowUnencrypted && third.usernameAttr == "uid"
        )
    }

    @Test("a certificate may come as metadata shows it, without its two lines")
    func bareCertificate() throws {
        var members = try fields()
        let lines = try TestKeys.provider.certificate.split(separator: "\n").filter { !$0.hasPrefix("-----") }
        members["idpCertificate"] = .string(lines.joined())
        let settings = try read(members)
        #expect(try SAMLIdentityProvider(fieldsOf: settings).keys == [try TestKeys.provider.pair.publicKey])
    }

    @Test("two certificates are two keys, so that one can be rolled over")
    func several() throws {
        var members = try fields()
        members["idpCertificate"] = .string(try TestKeys.provider.certificate + TestKeys.next.certificate)
        let settings = try read(members)
        var scene = try ServiceCase()
        scene.settings.idpCertificate = settings.idpCertificate
        for keys in [try TestKeys.provider, try TestKeys.next] {
            #expect(scene.refusal(try TestIdentityProvider(keys).post(ResponseDraft())) == nil)
        }
    }

    @Test("what does not fit is refused by its name")
    func refused() throws {
        let good = try fields()
        let foreign = try TestKeys.foreign.certificate
        let key = JSONValue.string(try TestKeys.service.privateKey.reveal())
        let cases: [([String: JSONValue], String)] = [
            (["idpSsoUrl": "http://login.example.com/sso"], "idpSsoUrl"),
            (["idpSsoUrl": "javascript:alert(1)"], "idpSsoUrl"),
            (["idpSloUrl": "ftp://x"], "idpSloUrl"), (["idpMetadataUrl": "http://x.example/m"], "idpMetadataUrl"),
            (["idpMetadataUrl": .string("https://x.example/" + String(repeating: "a", count: 2048))], "idpMetadataUrl"),
            (["idpMetadataXml": "<html/>"], "idpMetadataXml"), (["idpMetadataXml": 1], "idpMetadataXml"),
            (["idpCertificate": "nonsense!"], "idpCertificate"), (["idpCertificate": nil], "idpCertificate"),
            (["idpSsoUrl": nil], "idpMetadataUrl"), (["idpEntityId": nil], "idpEntityId"),
            (["idpEntityId": "a\nb"], "idpEntityId"),
            (["spPrivateKey": "nonsense"], "spPrivateKey"), (["signRequests": true], "spPrivateKey"),
            (["allowUnencrypted": false], "spPrivateKey"),
            (["spPrivateKey": key, "spCertificate": .string(foreign)], "spCertificate"),
            (["requestBinding": "soap"], "requestBinding"), (["clockSkewSeconds": 59], "clockSkewSeconds"),
            (["clockSkewSeconds": 181], "clockSkewSeconds"), (["forceAuthn": "yes"], "forceAuthn"),
            (["emailAttr": 5], "emailAttr"),
            (["groupsAttr": .string(String(repeating: "g", count: 257))], "groupsAttr"),
        ]
        for (change, field) in cases {
            let members = good.merging(change) { _, new in new }
            let problem = #expect(throws: Problem.self) { try read(members) }
            #expect(problem?.field == "saml.\(field)")
        }
    }

    @Test("every reason has its sentence, and no browser is told which it was")
    func sentences() {
        for reason in SAMLRefusal.Reason.allCases where reason != .failed {
            #expect(SAMLRefusal(reason).sentence != SAMLRefusal(.failed).sentence, "\(reason)")
        }
        #expect(SAMLRefusal(.decryptionFailed).code == SAMLRefusal(.signatureMismatch).code)
        #expect(SAMLRefusal(.statusRefused, String(repeating: "x\n", count: 300)).detail?.count == 200)
    }
}
