package import Kernel

/// The way to the server. The live side speaks HTTP; the test side is whatever server the test needs.
package protocol Transport: Sendable {
    /// One POST, answered within 15 seconds. Redirects are answers like any other: the agent follows none.
    func post(_ post: Post) async throws(TransportError) -> Answer
}

package struct Post: Sendable {
    /// Below the server's base path.
    package let path: String
    package let token: Secret<String>
    package let body: [UInt8]
    package let isGzipped: Bool

    package init(_ path: String, token: Secret<String>, body: [UInt8], isGzipped: Bool) {
        self.path = path
        self.token = token
        self.body = body
        self.isGzipped = isGzipped
    }
}

package struct Answer: Hashable, Sendable {
    package let status: Int
    /// At most 64 KiB; a longer answer is an error.
    package let body: [UInt8]
    package let retryAfterSeconds: Int?

    package init(status: Int, body: [UInt8] = [], retryAfterSeconds: Int? = nil) {
        self.status = status
        self.body = body
        self.retryAfterSeconds = retryAfterSeconds
    }
}

/// No answer came. Whether the server took the body is unknown: sending it again is safe, numbers tell.
package struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// The connection broke before an answer began: with a kept one that is the usual way to learn of its end.
        case connectionLost
        /// The server's certificate is not one that we accept; nothing was sent.
        case untrusted
        case other
    }
    package let description: String
    package let kind: Kind

    package init(_ description: String, _ kind: Kind = .other) {
        self.description = description
        self.kind = kind
    }
}
