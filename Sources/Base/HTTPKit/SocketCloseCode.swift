package import Kernel

/// Why a socket was closed (RFC 6455, 7.4, and ours from 4400 on, which echo HTTP's).
package struct SocketCloseCode: RawRepresentable, Sendable, Hashable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let normal = SocketCloseCode(rawValue: 1000)
    package static let goingAway = SocketCloseCode(rawValue: 1001)
    package static let protocolError = SocketCloseCode(rawValue: 1002)
    package static let invalidData = SocketCloseCode(rawValue: 1007)
    package static let messageTooBig = SocketCloseCode(rawValue: 1009)
    package static let internalError = SocketCloseCode(rawValue: 1011)
    /// The server restarts: come back after a jittered pause.
    package static let serviceRestart = SocketCloseCode(rawValue: 1012)
    package static let tryAgainLater = SocketCloseCode(rawValue: 1013)
    package static let notSignedIn = SocketCloseCode(rawValue: 4401)
    package static let noAccess = SocketCloseCode(rawValue: 4403)
    package static let slowReader = SocketCloseCode(rawValue: 4408)
    package static let tooMany = SocketCloseCode(rawValue: 4429)

    /// The code for a problem that HTTP would have told by its status.
    package init(for problem: Problem) {
        self =
            switch problem.status {
            case 401: .notSignedIn
            case 429: .tooMany
            case 503, 504: .tryAgainLater
            case 400..<500: .noAccess
            default: .internalError
            }
    }
}
