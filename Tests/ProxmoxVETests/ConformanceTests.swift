import CollectorConformance
import HostileKit
import Inventory
import JSONKit
import Kernel
import ProxmoxVE
import Testing

@Suite struct ConformanceTests {
    private static let pve = CollectorCase(
        .pve, credential: .token(id: "pulse@pve!monitor", secret: Secret("s3cret")), paging: .pages(tasks),
        make: { ProxmoxVEMaker($0, time: SystemTime()) }, well: SmallCluster.well)

    /// Backup tasks are the one list that comes in pages; all of these still run.
    private static let tasks = CollectorCase.Pages(
        of: 200,
        serving: { things in
            { request in
                guard request.path.hasSuffix("/nodes/pve1/tasks") else { return SmallCluster.well(request) }
                let parameters = Dictionary(
                    request.query.split(separator: "&").map { $0.split(separator: "=") }.map { ($0[0], $0[1]) }
                ) { first, _ in first }
                let start = parameters["start"].flatMap { Int($0) } ?? 0
                let limit = parameters["limit"].flatMap { Int($0) } ?? 50
                let rows = (start..<max(start, min(start + limit, things ?? .max))).map { number in
                    #"{"upid":"UPID:pve1:\#(number)","id":"101","starttime":\#(1_795_253_000 - number * 60)}"#
                }
                return .json("{\"data\":[\(rows.joined(separator: ","))]}")
            }
        },
        counted: { report in
            let node = report.observations.first { $0.key == "node/pve1" }
            guard let block = node?.live.first(where: { $0.name == "proxmoxStatus" }) else { return nil }
            var reader = JSONReader(block.json)
            return try? reader.decode(JSONValue.self)["backupTasks"]?["running"]?.int
        }, isPage: { $0.path.hasSuffix("/tasks") })

    @Test("Proxmox VE stands what every collector must stand", arguments: Conformance.allCases)
    func conforms(check: Conformance) async throws {
        let wrong = try await check.check(Self.pve)
        #expect(wrong == [])
    }
}
