package import HTTPKit
package import JSONKit
internal import Kernel
internal import OIDC
internal import SAML

/// Whether a provider answers as settings say, before people depend on it.
extension ProviderDialogue {
    package static let trialRequest = Schema.object([
        "type": .enumeration(["oidc", "saml"]), "oidc": OIDCSettings.schema.optional,
        "saml": SAMLSettings.schema.optional,
    ])
    package static let verdict = Schema.object([
        "success": .boolean, "error": .string.optional, "message": .string.optional, "details": .anything.optional,
    ])

    /// - Parameters:
    ///   - body: `type` and the settings under its name.
    ///   - name: nobody else's: what a SAML provider publishes is kept under it for no longer than this takes.
    /// - Throws: 400 `invalid-field`; what a provider answers is no error.
    package func trial(of body: JSONValue, named name: String) async throws -> APIResponse {
        do {
            switch try ProviderSpeech(new: body, policy: policy) {
            case .oidc(let settings, _):
                return Self.good(try JSONValue(json: try await oidc.description(of: settings).json))
            case .saml(let settings):
                let found = await published(settings, key: "test \(name)")
                await saml.forget(key: "test \(name)")
                return Self.good(try found.get().preview)
            }
        } catch let refusal as OIDCRefusal {
            return Self.bad(SSORefusal(refusal))
        } catch let refusal as SAMLRefusal {
            return Self.bad(SSORefusal(refusal))
        }
    }

    private func published(
        _ settings: SAMLSettings, key: String
    ) async -> Result<SAMLIdentityProvider, SAMLRefusal> {
        do throws(SAMLRefusal) { return .success(try await saml.provider(settings, key: key)) } catch {
            return .failure(error)
        }
    }

    package static func good(_ details: JSONValue) -> APIResponse {
        .json { json in
            json.member("success", true)
            json.key("details")
            details.encode(to: &json)
        }
    }

    package static func bad(_ refusal: SSORefusal) -> APIResponse {
        .json { json in
            json.member("success", false)
            json.member("error", refusal.reason)
            json.member("message", refusal.sentence)
        }
    }
}
