/// How a server listens and what it puts up with.
package struct HTTPSettings: Sendable {
    package struct TLSFiles: Sendable {
        package let certificateChain: String
        package let privateKey: String
        package init(certificateChain: String, privateKey: String) {
            self.certificateChain = certificateChain
            self.privateKey = privateKey
        }
    }

    /// Host and port; port 0 takes a free one, which `HTTPServer.port` tells.
    package var host = "127.0.0.1"
    package var port = 0
    package var tls: TLSFiles?
    /// Peers whose `X-Forwarded-…` headers are believed.
    package var trustedProxies: [NetworkRange] = []
    /// Origins (`https://pulse.example`) that may open sockets besides the host itself.
    package var allowedOrigins: [String] = []
    /// 1 is the budgets of `RateClass`; 0 switches rate limiting off.
    package var rateMultiplier = 1.0
    /// Replaces `rateMultiplier` for callers on this machine that came without a proxy.
    package var loopbackRateMultiplier: Double?
    /// Names a caller who can be told from their neighbours without the database, by something only we can have made;
    /// `nil`: cannot. Such a caller is counted by itself before the gate, so that nobody behind the same address uses
    /// up their budget.
    package var knownCaller: (@Sendable (APIRequest) -> String?)?

    package var maxConnections = 10_000
    /// Of one header field, the request line included.
    package var maxHeaderFieldBytes = 16 * 1024
    package var maxHeaderBytes = 64 * 1024
    package var maxHeaderCount = 100
    /// From the first byte of a request to the end of its head.
    package var headTimeout: Duration = .seconds(10)
    /// From the end of the head to the end of the body: 2 MiB at 35 kB/s.
    package var bodyTimeout: Duration = .seconds(60)
    package var idleTimeout: Duration = .seconds(75)
    /// How long a reader may take nothing while something waits to be sent.
    package var writeTimeout: Duration = .seconds(30)
    /// How long answers and downloads in progress may take after a shutdown has begun.
    package var drainTimeout: Duration = .seconds(10)
    package var socket = SocketLimits()

    package init(host: String = "127.0.0.1", port: Int = 0) {
        self.host = host
        self.port = port
    }
}

/// What a WebSocket puts up with.
package struct SocketLimits: Sendable {
    /// From the caller, after inflating; larger ones close the socket with 1009.
    package var maxMessageBytes = 64 * 1024
    /// Waiting to be sent; a reader that lets more pile up is closed with 4408 and may resume.
    package var maxQueuedBytes = 1024 * 1024
    package var maxQueuedFrames = 1024
    /// Between the upgrade and the gate's answer.
    package var authenticationTimeout: Duration = .seconds(5)
    /// Sockets of one address that the gate has not admitted yet.
    package var maxUnauthenticatedPerAddress = 20
    package var pingInterval: Duration = .seconds(30)
    /// Without a byte from the caller for this long the socket is closed.
    package var silenceTimeout: Duration = .seconds(90)
    package init() {}
}
