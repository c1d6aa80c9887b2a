internal import Cryptography
package import HTTPKit
internal import Kernel

/// What the browser brings back from the provider. Anybody can write such an address, so nothing of it is believed.
package struct OIDCAnswer: Sendable {
    private let query: Query

    package init(_ query: Query) { self.query = query }

    /// Leads to the flow that somebody began.
    package var state: String? { query["state"].flatMap { (1...512).contains($0.utf8.count) ? $0 : nil } }

    /// - Throws: what is wrong with the answer for somebody who began this flow.
    func check(against flow: OIDCFlow, at now: Timestamp) throws(OIDCRefusal) {
        for name in ["state", "code", "iss", "error"] where query.all(name).count > 1 {
            throw OIDCRefusal(.parameterRepeated, detail: name)
        }
        guard let state else { throw OIDCRefusal(.stateMissing) }
        guard Digests.constantTimeEqual(Array(state.utf8), Array(flow.state.utf8)) else {
            throw OIDCRefusal(.stateUnknown)
        }
        guard now - flow.startedAt <= OIDCFlow.lifetime else { throw OIDCRefusal(.flowExpired) }
    }

    /// Which provider answers (RFC 9207): without it, a code of one provider could be carried to another.
    func check(from provider: ProviderMetadata) throws(OIDCRefusal) {
        guard let issuer = query["iss"] else {
            guard !provider.namesItself else { throw OIDCRefusal(.issuerParameterMissing) }
            return
        }
        guard issuer.utf8.elementsEqual(provider.issuer.utf8) else {
            throw OIDCRefusal(.issuerParameterMismatch, detail: issuer)
        }
    }

    /// - Throws: the provider's own refusal; `codeMissing`.
    func code() throws(OIDCRefusal) -> String {
        if let error = query["error"] { throw OIDCRefusal(.providerError, detail: error) }
        guard let code = query["code"], (1...4096).contains(code.utf8.count),
            code.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw OIDCRefusal(.codeMissing) }
        return code
    }
}
