import AgentProtocol

/// By what a container is the same after it was made anew: compose's project, service and number, else its name. Both are
/// the host's; the id of a container is new every time.
struct ContainerIdentity: Sendable {
    let container: HostReport.DockerContainer
    /// `compose:PROJECT/SERVICE/NUMBER` or `name:NAME`.
    let anchor: String
    /// Another container of the host claims to be the same. Then neither is: what belongs to one must not be given to
    /// the other.
    let isAmbiguous: Bool

    /// What it is called within its host: the anchor, or the id while that is ambiguous.
    var key: String { isAmbiguous ? "id:\(container.id)" : anchor }

    static func all(of containers: [HostReport.DockerContainer]) -> [ContainerIdentity] {
        var seen: [String: Int] = [:]
        let anchors = containers.map(anchor)
        for anchor in anchors { seen[anchor, default: 0] += 1 }
        return zip(containers, anchors).map { container, anchor in
            ContainerIdentity(container: container, anchor: anchor, isAmbiguous: seen[anchor] != 1)
        }
    }

    static func anchor(of container: HostReport.DockerContainer) -> String {
        guard let (project, service) = compose(container) else { return "name:\(container.name)" }
        // A slash in a part would read as the next part.
        let parts = [project, service, number(of: container)].map { $0.split(separator: "/").joined(separator: "%2F") }
        return "compose:" + parts.joined(separator: "/")
    }

    static func compose(_ container: HostReport.DockerContainer) -> (project: String, service: String)? {
        let labels = container.labels
        // `compose run` makes containers beside the service's own, which have its labels too.
        guard labels["com.docker.compose.oneoff"]?.lowercased() != "true" else { return nil }
        let project = labels["com.docker.compose.project"] ?? labels["io.podman.compose.project"]
        let service = labels["com.docker.compose.service"] ?? labels["io.podman.compose.service"]
        guard let project, let service, !project.isEmpty, !service.isEmpty else { return nil }
        return (project, service)
    }

    static func number(of container: HostReport.DockerContainer) -> String {
        container.labels["com.docker.compose.container-number"] ?? "1"
    }
}
