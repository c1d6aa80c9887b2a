/// What an agent that is a gateway and the server say to each other: one frame is one binary message of their WebSocket.
///
/// The agent says hello, the server welcomes it; from then on the server opens streams, numbered upwards from 1, and both
/// carry bytes in them as far as the other has granted credit; beside that the server asks questions, which are answered once.
/// Numbers are big-endian: type (1 byte), stream or question (4 bytes, not in hello, welcome, ping and pong), and what the
/// type has.
package enum GatewayFrame: Hashable, Sendable {
    case hello(GatewayHello)
    case welcome(GatewayWelcome)
    case open(UInt32, GatewayTarget)
    case opened(UInt32)
    case refused(UInt32, GatewayRefusal)
    case data(UInt32, [UInt8])
    /// So many bytes more may be sent in the stream; in stream 0: in all streams together.
    case window(UInt32, UInt32)
    /// Nothing more comes from this side.
    case close(UInt32)
    case reset(UInt32, StreamFailure)
    case ping(UInt64)
    case pong(UInt64)
    // From here on since version 2. Questions have numbers of their own, which rise from 1 as those of streams do.
    case ask(UInt32, GatewayQuestion)
    /// All that came back for it; with this or a refusal it is over.
    case answer(UInt32, [GatewayAnswer])
    case declined(UInt32, GatewayRefusal)
    /// Nobody waits for the answer any more, and none is wanted.
    case cancel(UInt32)
}

/// Where a stream leads, in the words of the connection: the agent resolves names itself.
package struct GatewayTarget: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What is asked without a stream: the agent resolves the name, asks one address, and tells what came back.
package struct GatewayQuestion: Hashable, Sendable, CustomStringConvertible {
    package enum Means: Hashable, Sendable {
        /// One datagram, at most `GatewayLimits.datagramBytes`.
        case datagram(port: Int, [UInt8])
        /// Pings, one after the other.
        case echo
    }

    package let host: String
    package let means: Means
    /// Answers that are waited for, or pings: 1...`GatewayLimits.answers`.
    package let most: Int
    /// For the answers to a datagram, for each ping: 1...`GatewayLimits.questionMilliseconds`.
    package let timeoutMilliseconds: UInt16

    package init(host: String, means: Means, most: Int, timeoutMilliseconds: UInt16) {
        (self.host, self.means, self.most) = (host, means, most)
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// How long the target may take, all in all.
    package var patience: Duration {
        .milliseconds(Int(timeoutMilliseconds) * (means == .echo ? most : 1))
    }

    /// As an allow-list would name it.
    package var description: String {
        let place = host.contains(":") ? "[\(host)]" : host
        return switch means {
        case .datagram(let port, _): "\(place):\(port)/udp"
        case .echo: "\(place):icmp"
        }
    }
}

/// One datagram that came back, or one ping.
package struct GatewayAnswer: Hashable, Sendable {
    /// Since it was asked, as measured where the agent stands.
    package let microseconds: UInt32
    /// Empty for a ping; at most `GatewayLimits.datagramBytes`.
    package let bytes: [UInt8]

    package init(microseconds: UInt32, bytes: [UInt8] = []) { (self.microseconds, self.bytes) = (microseconds, bytes) }
}

/// Why an agent did not open a stream or did not answer a question: a closed set, never renumbered.
package enum GatewayRefusal: UInt8, Hashable, Sendable, CaseIterable {
    /// Its administrator has not allowed the address or the port.
    case notAllowed = 1
    case unknownName = 2
    case unreachable = 3
    case timeout = 4
    case tooMany = 5
    /// The agent's system lends it no socket for pings. Of questions alone.
    case noEchoSocket = 6
}

/// Why an open stream ended otherwise than by both sides having said all: a closed set, never renumbered.
package enum StreamFailure: UInt8, Hashable, Sendable, CaseIterable {
    /// The connection behind it broke.
    case broken = 1
    /// Nobody said anything for too long.
    case idle = 2
    /// What had come was not taken for too long.
    case stalled = 3
    /// It carried more than one stream may.
    case tooLong = 4
    /// Whoever wanted it does so no more.
    case cancelled = 5
}

/// The agent's first word.
package struct GatewayHello: Hashable, Sendable {
    /// The newest it speaks.
    package var version: UInt8
    package var agentVersion: String
    /// What its administrator allowed, as it was written: for people to read. The agent alone decides.
    package var allows: [String]
    package var credit: GatewayCredit

    package init(version: UInt8 = GatewayLimits.version, agentVersion: String, allows: [String], credit: GatewayCredit)
    {
        self.version = version
        self.agentVersion = agentVersion
        self.allows = allows
        self.credit = credit
    }
}

/// The server's first word.
package struct GatewayWelcome: Hashable, Sendable {
    /// What is spoken from now on.
    package var version: UInt8
    /// Most streams at a time.
    package var streams: UInt16
    package var credit: GatewayCredit

    package init(version: UInt8 = GatewayLimits.version, streams: UInt16, credit: GatewayCredit) {
        self.version = version
        self.streams = streams
        self.credit = credit
    }
}

/// Bytes that one side is ready to hold for the other at the beginning.
package struct GatewayCredit: Hashable, Sendable {
    package var perStream: UInt32
    package var all: UInt32

    package init(perStream: UInt32, all: UInt32) {
        self.perStream = perStream
        self.all = all
    }
}

/// Bounds of the wire, which both sides keep and neither believes the other to keep.
package enum GatewayLimits {
    /// 1: streams. 2: questions as well.
    package static let version: UInt8 = 2
    package static let oldestVersion: UInt8 = 1
    package static let versionOfQuestions: UInt8 = 2
    /// Of one data frame: below the 64 KiB that the server takes in one message.
    package static let dataBytes = 32 * 1024
    package static let frameBytes = 64 * 1024
    package static let hostBytes = 255
    package static let rules = 128
    package static let ruleBytes = 300
    /// Of one gateway that wait for their answers.
    package static let questions = 64
    package static let answers = 8
    package static let datagramBytes = 2048
    package static let questionMilliseconds = 10_000
    /// No credit grows beyond, as in HTTP/2.
    package static let window: UInt32 = 0x7FFF_FFFF
}

/// The other side does not keep to the wire: the connection ends, whatever was on it.
package struct GatewayViolation: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
