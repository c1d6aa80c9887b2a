internal import Inventory
internal import Kernel
internal import Outbound
internal import Probes
internal import ProxmoxVE

extension PulseConfiguration {
    /// Collectors of all the platforms that this program can ask, by the way out that they are given. The rooms that poll
    /// know them by their protocol only.
    static func collectorMakers(_ time: any TimeSource) -> Composition.Makers {
        { reach in [ProxmoxVEMaker(reach, time: time), ProbesMaker(reach)] }
    }
}
