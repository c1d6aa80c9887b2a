// CollectorKit: what every collector of a polled platform needs, so that the next one is only its own platform.
// Owns: asking for JSON and saying in plain words why not, what one poll may spend, which member of a cluster is asked,
// whose details are due next, rates from counters, numbers however a platform writes them.
// Leaves to others: connections and trust (Outbound), when a poll is due (Monitoring), what a platform's answers mean.
// Tempting wrong step: treating what is absent as zero. Unknown stays unknown, or an idle guest and a silent one look alike.
package import Inventory
internal import Outbound

extension ConnectionFault {
    /// What a person is told when a host could not be asked.
    package init(_ error: any Error, reaching target: String) {
        switch error {
        case let fault as ConnectionFault: self = fault
        case is CancellationError: self.init(.timeout, "The poll was stopped before \(target) had answered.")
        case let error as OutboundError: self.init(outbound: error, target)
        default: self.init(.unreachable, "The connection to \(target) broke.")
        }
    }

    private init(outbound error: OutboundError, _ target: String) {
        switch error {
        case .refused: self.init(.forbiddenAddress, "\(target) leads to a network that this Pulse may not reach.")
        case .unreachable: self.init(.unreachable, "\(target) cannot be reached, or hung up.")
        case .untrusted:
            self.init(
                .untrustedCertificate, "The certificate of \(target) is not valid for it, or nobody we trust signed it."
            )
        case .certificateChanged:
            self.init(
                .certificateChanged, "\(target) shows another certificate than the confirmed one; nothing was sent.")
        case .timeout: self.init(.timeout, "\(target) did not answer in time.")
        case .badAnswer: self.init(.badAnswer, "\(target) gave an answer that cannot be understood.")
        case .tooLarge: self.init(.tooLarge, "\(target) answered more than one poll may hold.")
        case .noGateway: self.init(.gateway, "The gateway agent that leads to \(target) is not connected.")
        case .gatewayRefused:
            self.init(.gateway, "The gateway agent does not allow \(target); its own administrator can, with --allow.")
        case .gatewayBusy:
            self.init(.gateway, "The gateway agent that leads to \(target) carries as much as it may.")
        case .gatewayTooOld:
            self.init(
                .gateway,
                "The gateway agent that leads to \(target) is too old for pings and datagrams; install a newer one there."
            )
        case .misconfigured: self.init(.misconfigured, "The trusted certificates or the fingerprint cannot be used.")
        }
    }

    /// What an answer's status means where a platform has no meaning of its own; `nil` for success.
    package static func refusal(status: Int, by target: String) -> ConnectionFault? {
        switch status {
        case 200..<300: nil
        case 300..<400:
            ConnectionFault(.badAnswer, "\(target) sends us elsewhere, and collectors do not follow.")
        case 401: ConnectionFault(.authentication, "\(target) refuses the token or password.")
        case 403: ConnectionFault(.permission, "\(target) knows the account, which lacks a privilege.")
        case 404, 405, 501: ConnectionFault(.unsupported, "\(target) does not know this question (\(status)).")
        case 408, 504: ConnectionFault(.timeout, "\(target) gave up waiting (\(status)).")
        case 425, 429: ConnectionFault(.rateLimited, "\(target) wants to be asked less often.")
        case 500..<600: ConnectionFault(.serverError, "\(target) failed to answer (\(status)).")
        default: ConnectionFault(.badAnswer, "\(target) answered with status \(status).")
        }
    }
}
