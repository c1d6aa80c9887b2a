/// Why a platform could not be asked, or not fully. Goes into the connection's health as it is.
package struct ConnectionFault: Error, Sendable, Hashable {
    /// A closed set: the wire's, never renamed; also the label of metrics.
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        /// It refuses the token or password. Not tried again until the configuration changes.
        case authentication
        /// It knows the caller, who lacks a privilege.
        case permission
        /// The name is not known, nobody listens, or the connection broke.
        case unreachable
        case timeout
        /// The certificate is not valid for the name, or signed by nobody we trust.
        case untrustedCertificate = "untrusted-certificate"
        /// Another certificate than the pinned one.
        case certificateChanged = "certificate-changed"
        /// The address is not one that this installation may reach.
        case forbiddenAddress = "forbidden-address"
        /// An answer that cannot be understood.
        case badAnswer = "bad-answer"
        /// More than one poll may hold.
        case tooLarge = "too-large"
        case rateLimited = "rate-limited"
        case serverError = "server-error"
        /// A platform or version that we do not speak with.
        case unsupported
        /// The connection's own settings cannot work.
        case misconfigured
        /// The gateway agent is not there or does not allow the target.
        case gateway
    }

    package let reason: Reason
    /// One plain sentence for a person; holds no secret and nothing of the answer's body.
    package let detail: String

    package init(_ reason: Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }

    /// Asking again soon may help.
    package var isWorthRetrying: Bool {
        switch reason {
        case .unreachable, .timeout, .rateLimited, .serverError, .gateway, .badAnswer: true
        case .authentication, .permission, .untrustedCertificate, .certificateChanged, .forbiddenAddress, .tooLarge,
            .unsupported, .misconfigured:
            false
        }
    }
}
