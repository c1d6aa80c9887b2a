/// What a check from outside asks of one place, and what of the answer is well.
package struct ProbeSettings: Sendable, Hashable {
    /// The raw values are the wire's.
    package enum Means: String, Sendable, Hashable, CaseIterable {
        case icmp, tcp, udp, http, https, dns
        /// The handshake and the certificate alone.
        case tls
    }

    package var means: Means
    /// http, https: path and query.
    package var path: String?
    /// dns: the name that is asked for, at the host as a name server.
    package var question: String?
    /// udp: what is sent.
    package var request: String?
    /// udp: what the answer holds; http, https: what the body holds.
    package var expected: String?
    /// udp: silence is no failure, since many services answer only what they understand.
    package var allowsSilence = false
    package var timeoutMilliseconds = 2000
    /// Failures in a row until it is down.
    package var failureThreshold = 2
    /// A certificate that ends within this many days is a warning.
    package var expiryWarningDays = 30

    package init(_ means: Means) { self.means = means }
}
