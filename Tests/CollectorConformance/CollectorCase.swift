package import HostileKit
package import Inventory
package import Kernel
package import Outbound
import HTTPKit

/// One collector against one hostile server. A new platform gives its maker and a server that behaves; everything that
/// can go wrong on the way is the same for all of them.
package struct CollectorCase: Sendable {
    package typealias Make = @Sendable (OutboundReach) -> any CollectorMaker

    package let kind: ConnectionKind
    package let make: Make
    package let credential: PlatformCredential
    /// Answers as the platform does when all is well; of everything else 404.
    package let well: @Sendable (HostileServer.Request) -> HostileServer.Reply
    package let paging: Paging

    /// How the platform gives long lists.
    package enum Paging: Sendable {
        /// Whole.
        case never
        case pages(Pages)
    }

    /// A list that comes in pages.
    package struct Pages: Sendable {
        package let size: Int
        /// Answers as `well` does, with so many things in the list; `nil` things are without end.
        package let serving: @Sendable (_ things: Int?) -> @Sendable (HostileServer.Request) -> HostileServer.Reply
        /// How many of them a report tells of.
        package let counted: @Sendable (PollReport) -> Int?
        /// Whether a request asks for one of the pages.
        package let isPage: @Sendable (HostileServer.Request) -> Bool

        package init(
            of size: Int,
            serving: @escaping @Sendable (Int?) -> @Sendable (HostileServer.Request) -> HostileServer.Reply,
            counted: @escaping @Sendable (PollReport) -> Int?,
            isPage: @escaping @Sendable (HostileServer.Request) -> Bool
        ) {
            self.size = size
            self.serving = serving
            self.counted = counted
            self.isPage = isPage
        }
    }

    package init(
        _ kind: ConnectionKind, credential: PlatformCredential, paging: Paging = .never, make: @escaping Make,
        well: @escaping @Sendable (HostileServer.Request) -> HostileServer.Reply
    ) {
        self.kind = kind
        self.credential = credential
        self.paging = paging
        self.make = make
        self.well = well
    }

    package static let now = Timestamp(seconds: 1_795_253_400)

    /// Loopback is open, nothing else is.
    package static let reach = OutboundReach(
        AddressGuard(OutboundPolicy(allowing: ["127.0.0.0/8"].compactMap { NetworkRange($0) })))

    package func spec(_ server: HostileServer, _ trust: ServerTrust) -> ConnectionSpec {
        ConnectionSpec(
            id: ConnectionID.new(at: Self.now), org: OrgID.new(at: Self.now), kind: kind, name: "estate",
            host: "127.0.0.1", port: server.port, trust: trust, credential: credential, cadence: .seconds(10))
    }
}
