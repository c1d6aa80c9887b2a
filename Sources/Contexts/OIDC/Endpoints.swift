internal import Kernel
internal import Outbound

/// Which addresses of a provider are taken.
struct Endpoints: Sendable {
    let policy: OutboundPolicy
    /// The provider itself is reached over https, so nothing of it is reached without.
    let secureOnly: Bool

    /// - Throws: `endpointNotSecure`, `addressRefused`. Names are checked when they are resolved, numbers here already.
    func address(_ text: String) throws(OIDCRefusal) -> String {
        guard text.utf8.allSatisfy({ $0 < 0x7F }), !text.contains("#"), let target = OutboundTarget(text) else {
            throw OIDCRefusal(.endpointNotSecure, detail: text)
        }
        guard target.isSecure || (policy.hasExceptions && !secureOnly) else {
            throw OIDCRefusal(.endpointNotSecure, detail: text)
        }
        guard InternetAddress(target.host) == nil || policy.permits(target.host) else {
            throw OIDCRefusal(.addressRefused, detail: target.host)
        }
        return text
    }
}
