package import AgentProtocol
import Compression
import JSONKit

/// Makes the part fit into a report, whatever stands on the host: first what is nice to have goes, then the end of lists.
package enum DockerFit {
    /// Below this nothing can be too large packed.
    private static let harmlessBytes = 96 * 1024
    private static let plainBytes = 1_200_000
    private static let identity: Set<String> = [
        "com.docker.compose.project", "com.docker.compose.service", "com.docker.compose.container-number",
        "com.docker.compose.oneoff", "io.podman.compose.project", "io.podman.compose.service",
    ]

    package static func fit(_ part: HostReport.Docker) -> HostReport.Docker {
        var part = part
        var step = 0
        while !fits(part), step < 12 {
            shed(&part, step)
            step += 1
        }
        return part
    }

    private static func fits(_ part: HostReport.Docker) -> Bool {
        var writer = JSONWriter(capacity: harmlessBytes)
        part.encode(to: &writer)
        guard writer.bytes.count > harmlessBytes else { return true }
        guard writer.bytes.count <= plainBytes else { return false }
        return Gzip.compress(writer.bytes, level: 1).count <= ReportLimits.packedDockerBytes
    }

    private static func shed(_ part: inout HostReport.Docker, _ step: Int) {
        switch step {
        case 0:
            part.degraded.append(.init(part: "report", reason: "too-large", detail: "labels and mounts are left out"))
            part.containers = part.containers.map { $0.map(withoutExtras) }
        case 1:
            part.degraded.append(
                .init(part: "report", reason: "too-large", detail: "images, volumes and networks are left out"))
            (part.images, part.volumes, part.networks) = (nil, nil, nil)
        default:
            if !part.truncated.contains("containers") { part.truncated.append("containers") }
            if !part.truncated.contains("tasks"), part.tasks != nil { part.truncated.append("tasks") }
            part.containers = part.containers.map { Array($0.prefix($0.count / 2)) }
            part.tasks = part.tasks.map { Array($0.prefix($0.count / 2)) }
        }
    }

    private static func withoutExtras(_ container: HostReport.DockerContainer) -> HostReport.DockerContainer {
        var container = container
        container.labels = container.labels.filter { identity.contains($0.key) }
        container.mounts = []
        return container
    }
}
