import CollectorConformance
import Inventory
import Kernel
import ProxmoxVE
import Testing

@Suite struct ConformanceTests {
    private static let pve = CollectorCase(
        .pve, credential: .token(id: "pulse@pve!monitor", secret: Secret("s3cret")),
        make: { ProxmoxVEMaker($0, time: SystemTime()) }, well: SmallCluster.well)

    @Test("Proxmox VE stands what every collector must stand", arguments: Conformance.allCases)
    func conforms(check: Conformance) async throws {
        let wrong = try await check.check(Self.pve)
        #expect(wrong == [])
    }
}
