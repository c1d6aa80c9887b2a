package import Kernel

/// Asks one platform through one connection. Keeps between polls what it learned (endpoints, tickets, places in
/// rotations, counters); a changed connection gets a new one. Polls of one collector never overlap.
package protocol Collector: Sendable {
    /// Asks now. Failure is part of the report; what was learned before a failure is reported all the same.
    /// - Parameter now: when the answers are received; the poll ends before `budget` is used up.
    func poll(_ budget: PollBudget, at now: Timestamp) async -> PollReport

    /// Asks for a part of what the platform remembers from before it was watched. After a poll that succeeded, never
    /// beside one.
    /// - Parameter cursor: of the report before; empty at first.
    func past(_ budget: PollBudget, after cursor: String) async -> PastReport

    /// The same platform under other words: its name, its tags, how often it is asked. Between two polls.
    func follow(_ spec: ConnectionSpec) async

    /// Asks for just enough to tell whether the connection would work, and what it would show.
    func probe(_ budget: PollBudget) async -> Result<ConnectionProbe, ConnectionFault>
}

/// Makes collectors of one kind.
package protocol CollectorMaker: Sendable {
    var kind: ConnectionKind { get }
    /// What the cadence may be, and is when nobody says.
    var cadence: (least: Duration, normal: Duration, most: Duration) { get }
    func collector(for spec: ConnectionSpec) throws(ConnectionFault) -> any Collector
    /// The SHA-256 of the certificate that the host shows, for a person to confirm; nothing is sent to it.
    func certificate(of host: String, port: Int, route: OutboundRoute, timeout: Duration) async
        -> Result<ServerCertificate, ConnectionFault>
}

/// How much one poll may take.
package struct PollBudget: Sendable, Hashable {
    package var time: Duration
    package var requests: Int

    package init(time: Duration = .seconds(30), requests: Int = 60) {
        self.time = time
        self.requests = requests
    }
}

/// What a server shows of itself before anything is said to it.
package struct ServerCertificate: Sendable, Hashable {
    package let sha256: [UInt8]
    package let subject: String
    package let issuer: String
    package let notAfter: Timestamp
    /// Valid for the host by the system's authorities: no pin is needed.
    package let isTrusted: Bool

    package init(sha256: [UInt8], subject: String, issuer: String, notAfter: Timestamp, isTrusted: Bool) {
        self.sha256 = sha256
        self.subject = subject
        self.issuer = issuer
        self.notAfter = notAfter
        self.isTrusted = isTrusted
    }
}

/// What a test of a connection found.
package struct ConnectionProbe: Sendable, Hashable {
    /// Such as `8.4.1`.
    package var version: String?
    /// What the platform calls itself: a cluster's or a machine's name.
    package var instanceName: String?
    package var discovered: [ResourceType: Int]
    /// Parts that would be missing, and what would have to be granted.
    package var degraded: [DegradedPart]
    package var latency: Duration

    package init(
        version: String?, instanceName: String?, discovered: [ResourceType: Int] = [:], degraded: [DegradedPart] = [],
        latency: Duration
    ) {
        self.version = version
        self.instanceName = instanceName
        self.discovered = discovered
        self.degraded = degraded
        self.latency = latency
    }
}

/// A part of the platform that could not be read while the rest could.
package struct DegradedPart: Sendable, Hashable {
    /// Short and stable: `storage`, `ceph`, `guest-agent`, `updates` …
    package let part: String
    package let fault: ConnectionFault

    package init(_ part: String, _ fault: ConnectionFault) {
        self.part = part
        self.fault = fault
    }
}

/// The outcome of one poll.
package struct PollReport: Sendable {
    package var observations: [Observation]
    /// The scopes of which everything is in `observations`: what such a scope told before and does not now is going. A
    /// scope that was read in part, or not at all, is left out and what it told stays.
    package var complete: Set<String>
    /// Types of which there can be some and are none, as far as complete scopes tell.
    package var absent: Set<ResourceType>
    /// `nil` when the base could be read.
    package var fault: ConnectionFault?
    package var degraded: [DegradedPart]
    package var version: String?
    package var instanceName: String?
    /// Of the first request.
    package var latency: Duration?
    package var requests: Int

    package init(
        observations: [Observation] = [], complete: Set<String> = [], absent: Set<ResourceType> = [],
        fault: ConnectionFault? = nil,
        degraded: [DegradedPart] = [], version: String? = nil, instanceName: String? = nil, latency: Duration? = nil,
        requests: Int = 0
    ) {
        self.observations = observations
        self.complete = complete
        self.absent = absent
        self.fault = fault
        self.degraded = degraded
        self.version = version
        self.instanceName = instanceName
        self.latency = latency
        self.requests = requests
    }
}
