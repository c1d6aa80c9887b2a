import Kernel
import SAMLKit
import SignedXML
import Testing

@testable import SAML

/// One service provider as an organisation has set it up, with the provider of the tests on the other side.
struct ServiceCase {
    static let base = "https://pulse.example.com/api/saml/nordwind/main"
    static let now = ResponseDraft.now

    var settings: SAMLSettings
    let addresses = SAMLAddresses(base: Self.base)

    /// - Parameter hasKey: a key pair of ours, for encrypted assertions and signed requests.
    init(hasKey: Bool = false) throws {
        var settings = SAMLSettings()
        settings.idpEntityId = ResponseDraft.issuer
        settings.idpSsoUrl = "https://login.example.com/sso"
        settings.idpSloUrl = "https://login.example.com/slo"
        settings.idpCertificate = try TestKeys.provider.certificate
        if hasKey {
            settings.spPrivateKey = try TestKeys.service.privateKey
            settings.spCertificate = try TestKeys.service.certificate
        }
        self.settings = settings
    }

    func service() throws -> SAMLServiceProvider {
        try SAMLServiceProvider(settings, addresses, to: try SAMLIdentityProvider(fieldsOf: settings))
    }

    func read(
        _ posted: String, awaiting requestID: String? = ResponseDraft.requestID, freshSince: Timestamp? = nil
    ) throws -> SAMLLogin {
        try service().read(
            try SAMLIncoming(post: posted), awaiting: requestID, freshSince: freshSince, at: Self.now)
    }

    /// The reason of a refusal; `nil` when somebody was let in.
    func refusal(_ posted: String, awaiting requestID: String? = ResponseDraft.requestID) -> SAMLRefusal.Reason? {
        do {
            _ = try read(posted, awaiting: requestID)
            return nil
        } catch let refusal as SAMLRefusal {
            return refusal.reason
        } catch {
            Issue.record("not a refusal: \(error)")
            return nil
        }
    }
}
