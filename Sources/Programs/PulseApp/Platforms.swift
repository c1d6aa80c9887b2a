import Inventory
import Kernel
import Outbound
import ProxmoxVE

extension PulseConfiguration {
    /// Collectors of all the platforms that this program can ask. The rooms that poll know them by their protocol only.
    func collectorMakers(_ time: any TimeSource) -> [any CollectorMaker] {
        let reach = OutboundReach(AddressGuard(outbound))
        return [ProxmoxVEMaker(reach, time: time)]
    }
}
