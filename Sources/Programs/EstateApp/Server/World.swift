package import JSONKit
import Kernel
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL

/// What the doors of a running estate share: the plans, which never change, and what was forced and broken since.
final class World: Sendable {
    struct Counters: Sendable {
        var requests = 0
        var accepted = 0
        var open = 0
    }

    let options: EstateOptions
    let clock: EstateClock
    let plans: [ClusterPlan]
    let book: AddressBook
    private let accesses: [PVEAccess]
    private let events = NIOLockedValueBox<[Int: ForcedEvents]>([:])
    private let faults = NIOLockedValueBox(FaultBoard())
    private let certificates = NIOLockedValueBox<[CertificateKey: (SelfSigned, NIOSSLContext)]>([:])
    let counters = NIOLockedValueBox(Counters())
    let diary = NIOLockedValueBox(PollDiary())

    private struct CertificateKey: Hashable {
        /// -1: everybody's.
        let cluster: Int
        let number: Int
    }

    init(_ options: EstateOptions) throws(EstateError) {
        if let complaint = options.shape.complaint { throw EstateError(complaint) }
        let estate = Estate(options.shape)
        let plans = (0..<estate.clusterCount).map(estate.cluster)
        guard let book = AddressBook(first: options.addressBase, nodeCounts: plans.map(\.nodes.count)) else {
            throw EstateError(
                "--address-base is '\(options.addressBase)'; it wants the first of as many as there are nodes"
            )
        }
        self.options = options
        self.plans = plans
        self.book = book
        clock = EstateClock(options)
        accesses = plans.map { PVEAccess($0.seed) }
        for flag in options.faults { try set(flag.fault, at: Selector(flag.selector)) }
    }

    /// Seconds of a clock that only goes forward.
    static var uptime: Double { Double(NIODeadline.now().uptimeNanoseconds) / 1e9 }

    // MARK: What is so

    func scene(of cluster: Int, skew: Double = 0) -> ClusterScene {
        let forced = events.withLockedValue { $0.isEmpty ? nil : $0[cluster] } ?? ForcedEvents()
        return ClusterScene(plans[cluster], events: forced, at: clock.now + skew)
    }

    func face(cluster: Int, node: Int, fingerprint: String, skew: Double) -> PVEFace {
        let book = book
        return PVEFace(
            scene: scene(of: cluster, skew: skew), access: accesses[cluster], door: node, fingerprint: fingerprint
        ) { book.address(cluster: cluster, node: $0) }
    }

    func isUp(cluster: Int, node: Int) -> Bool {
        scene(of: cluster).nodes[node].isOnline
    }

    func fault(cluster: Int, node: Int) -> Fault? { faults.withLockedValue { $0.fault(cluster: cluster, node: node) } }

    func certificate(cluster: Int, number: Int) throws -> (SelfSigned, NIOSSLContext) {
        let isShared = options.certificates == .estate && number == 0
        let key = CertificateKey(cluster: isShared ? -1 : cluster, number: number)
        if let known = certificates.withLockedValue({ $0[key] }) { return known }
        let name = isShared ? "estate" : "\(plans[cluster].label)-\(number)"
        let made: SelfSigned
        if let directory = options.certificateDirectory {
            made = try SelfSigned(commonName: "pulse-estate", keptIn: directory, as: name)
        } else {
            made = try SelfSigned(commonName: "pulse-estate")
        }
        let context = try made.context()
        return certificates.withLockedValue { known in
            // Two doors may have made one at a time: the first stays.
            if let first = known[key] { return first }
            known[key] = (made, context)
            return (made, context)
        }
    }

    func connection(_ cluster: Int, port: Int, clusterPort: Int?) throws -> EstateConnection {
        let plan = plans[cluster]
        let number = faults.withLockedValue { $0.fault(cluster: cluster, node: 0)?.certificate ?? 0 }
        return EstateConnection(
            organisation: plan.organisationLabel, cluster: plan.label, name: plan.name, isStandalone: plan.isStandalone,
            host: book.address(cluster: cluster, node: 0), port: port, clusterPort: clusterPort,
            access: accesses[cluster],
            fingerprint: try certificate(cluster: cluster, number: number).0.fingerprint, version: plan.release.version,
            guests: plan.guests.count,
            nodes: scene(of: cluster).nodes.enumerated().map { index, node in
                .init(name: node.name, host: book.address(cluster: cluster, node: index))
            })
    }

    // MARK: What is made so

    func set(_ fault: Fault?, at selector: Selector) throws(EstateError) {
        guard let label = selector.cluster else {
            return faults.withLockedValue { $0.set(fault, cluster: nil, node: nil) }
        }
        let cluster = try index(of: label)
        var node: Int?
        if let name = selector.node { node = try index(ofNode: name, in: cluster) }
        faults.withLockedValue { $0.set(fault, cluster: cluster, node: node) }
    }

    func removeFaults() { faults.withLockedValue { $0.removeAll() } }

    func force(_ event: ForcedEvent, in cluster: Int) throws(EstateError) {
        let scene = scene(of: cluster)
        if let vmid = event.vmid, scene.guest(vmid) == nil {
            throw EstateError("\(plans[cluster].label) has no guest \(vmid)")
        }
        events.withLockedValue { $0[cluster, default: ForcedEvents()].add(event, at: scene.now) }
    }

    /// By its label, `o1c1`.
    func index(of label: String) throws(EstateError) -> Int {
        let parts = label.dropFirst().split(separator: "c", omittingEmptySubsequences: false)
        if label.hasPrefix("o"), parts.count == 2, let organisation = Int(parts[0]), let number = Int(parts[1]),
            (1...options.shape.organisations).contains(organisation), (1...options.shape.clusters).contains(number)
        {
            return (organisation - 1) * options.shape.clusters + number - 1
        }
        throw EstateError("there is no cluster '\(label)'")
    }

    /// By its present or its first name.
    func index(ofNode name: String, in cluster: Int) throws(EstateError) -> Int {
        if let index = scene(of: cluster).node(named: name) ?? plans[cluster].index(ofNode: name) { return index }
        throw EstateError("\(plans[cluster].label) has no node '\(name)'")
    }
}

package struct EstateError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// What somebody needs who wants to watch one cluster.
package struct EstateConnection: Sendable, JSONEncodable {
    package struct Node: Sendable {
        package let name: String
        package let host: String
    }

    package let organisation: String
    package let cluster: String
    package let name: String
    package let isStandalone: Bool
    package let host: String
    package let port: Int
    package let clusterPort: Int?
    package let access: PVEAccess
    package let fingerprint: String
    package let version: String
    package let guests: Int
    package let nodes: [Node]

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("kind", "connection")
            json.member("organisation", organisation)
            json.member("cluster", cluster)
            json.member("name", name)
            json.member("standalone", isStandalone)
            json.member("platform", "pve")
            json.member("host", host)
            json.member("port", port)
            json.member("clusterPort", clusterPort)
            json.member("user", access.user)
            json.member("password", access.password)
            json.member("tokenId", access.tokenID)
            json.member("secret", access.secret)
            json.member("limitedTokenId", access.limitedTokenID)
            json.member("limitedSecret", access.limitedSecret)
            json.member("fingerprint", fingerprint)
            json.member("version", version)
            json.member("guests", guests)
            json.array("nodes") { json in
                for node in nodes {
                    json.object { json in
                        json.member("name", node.name)
                        json.member("host", node.host)
                    }
                }
            }
        }
    }
}
