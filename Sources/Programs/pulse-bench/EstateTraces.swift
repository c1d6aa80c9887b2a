import EstateApp
import HTTPKit
import Foundation
import Inventory
import Kernel
import Outbound
import ProxmoxVE

/// What an estate's guests, nodes and storages measure as Pulse's own collector reads them over the real protocol: every
/// ten seconds of the estate's time for a little more than two hours.
enum EstateTraces {
    private static let polls = 750

    /// - Returns: one of each thing that measured something, guests, nodes and storages as they come.
    static func record() async throws -> [HistoryTrace] {
        var options = EstateOptions()
        options.shape.guests = 38
        options.shape.nodes = 3
        options.port = 0
        let begin = 1_795_253_400
        options.moment = { Double(begin) }
        let server = try await EstateServer.start(options)
        guard let one = server.connections.first else { throw ProbeFault("an estate without a cluster") }
        let pin = one.fingerprint.split(separator: ":").compactMap { UInt8($0, radix: 16) }
        let spec = ConnectionSpec(
            id: ConnectionID(UUID()), org: OrgID(UUID()), kind: .pve, name: "estate", host: one.host, port: one.port,
            trust: .pinned(pin), credential: .token(id: one.access.tokenID, secret: Secret(one.access.secret)),
            cadence: .seconds(10))
        let reach = OutboundReach(
            AddressGuard(OutboundPolicy(allowing: ["127.0.0.0/8"].compactMap { NetworkRange($0) })))
        let collector = try ProxmoxVEMaker(reach, time: SystemTime()).collector(for: spec)
        var told: [String: [Int: [String: Double]]] = [:]
        for poll in 0..<polls {
            let now = Timestamp(seconds: Int64(begin + poll * 10))
            let report = await collector.poll(PollBudget(), at: now)
            if let fault = report.fault { throw ProbeFault("the estate does not answer: \(fault.detail)") }
            for seen in report.observations where !seen.samples.isEmpty {
                told[seen.key, default: [:]][poll] = Dictionary(
                    seen.samples.map { ($0.metric.text, $0.value) }
                ) { first, _ in first }
            }
            server.advance(by: 10)
        }
        try await server.stop()
        let times = (0..<polls).map { Int64(begin + $0 * 10) * 1000 }
        return told.sorted { $0.key < $1.key }.map { _, rows in
            let metrics = Set(rows.values.flatMap(\.keys)).sorted().compactMap { MetricName($0) }
            return HistoryTrace(
                metrics: metrics, times: times,
                values: (0..<polls).map { poll in metrics.map { rows[poll]?[$0.text] } })
        }
    }
}
