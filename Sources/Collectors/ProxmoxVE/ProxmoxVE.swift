// ProxmoxVE: looks at Proxmox VE 8 and 9 through its API.
// Owns: asking (ProxmoxClient), reading (Payloads), which of several numbers is true (Truth), what the answers make of
// nodes, guests, storages, disks and Ceph (Mapping), and whose turn it is to be asked (ProxmoxPoller).
// Leaves to others: when a poll is due and what becomes of its report (Monitoring), whether two things are one (Resources).
// Tempting wrong step: asking for everything in every poll. One call shows all guests; the details go round.
internal import CollectorKit
package import Inventory
package import Kernel
package import Outbound

/// Makes collectors for Proxmox VE.
package struct ProxmoxVEMaker: CollectorMaker {
    private let reach: OutboundReach
    private let time: any TimeSource
    private let pace: ProxmoxPace

    package init(_ reach: OutboundReach, time: any TimeSource, pace: ProxmoxPace = ProxmoxPace()) {
        self.reach = reach
        self.time = time
        self.pace = pace
    }

    package var kind: ConnectionKind { .pve }
    package var cadence: (least: Duration, normal: Duration, most: Duration) {
        (.seconds(10), .seconds(10), .seconds(3600))
    }

    package func collector(for spec: ConnectionSpec) throws(ConnectionFault) -> any Collector {
        ProxmoxPoller(spec, try ProxmoxClient(spec, reach, time, width: pace.lanes), pace)
    }

    package func certificate(
        of host: String, port: Int, route: OutboundRoute, timeout: Duration
    ) async -> Result<ServerCertificate, ConnectionFault> {
        do {
            return .success(try await reach.certificate(of: host, port: port, route: route, timeout: timeout))
        } catch {
            return .failure(ConnectionFault(error, reaching: "\(host):\(port)"))
        }
    }
}

/// How much of the details one poll asks for.
package struct ProxmoxPace: Sendable, Hashable {
    /// Of up to four times as many guests; a bigger cluster is asked for a quarter of its guests.
    /// 12 x 200 polls a second (2,000 connections at 10 s) = 2,400 requests a second.
    package var detailsPerPoll: Int
    /// While there is something that was never asked: a new connection should be complete within a minute.
    package var firstDetailsPerPoll: Int
    /// Questions to one host at a time, and connections that are kept to it: 2 x 2,000 x about 40 KB = 160 MB.
    package var lanes: Int

    package init(detailsPerPoll: Int = 12, firstDetailsPerPoll: Int = 48, lanes: Int = 2) {
        self.detailsPerPoll = detailsPerPoll
        self.firstDetailsPerPoll = firstDetailsPerPoll
        self.lanes = lanes
    }

    /// - Parameter beats: how many times its usual cadence it was not asked.
    func details(guests: Int, beats: Int) -> Int {
        let most = max(detailsPerPoll, firstDetailsPerPoll)
        return min(most, min(most, max(detailsPerPoll, guests / 4)) * max(1, min(beats, most)))
    }
}
