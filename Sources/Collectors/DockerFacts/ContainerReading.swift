import AgentProtocol
import JSONKit
import Kernel

/// Containers as the engine's list and its look inside tell of them. Pure.
enum ContainerReading {
    typealias Container = HostReport.DockerContainer

    private static let labelLimit = 48
    private static let portLimit = 48
    private static let mountLimit = 16

    /// One element of `/containers/json`; nil for what has no id or name.
    static func container(_ json: JSONValue) -> Container? {
        guard let id = json.line("Id", limit: 128) else { return nil }
        var container = Container()
        container.id = id
        // A legacy link gives a container further names, which have a slash inside.
        let names = (json["Names"]?.array ?? []).compactMap(\.string).map {
            $0.hasPrefix("/") ? String($0.dropFirst()) : $0
        }
        let name = names.first { !$0.isEmpty && !$0.contains("/") } ?? names.first { !$0.isEmpty }
        container.name = (name ?? String(id.prefix(12))).asLine(limit: 256)
        container.image = json.line("Image")
        container.imageID = json.line("ImageID", limit: 128)
        container.createdAt = json.seconds("Created") ?? json.time("Created")
        container.state = json.line("State", limit: 32)?.lowercased()
        container.status = json.line("Status")
        container.health = health(in: container.status ?? "")
        container.exitCode = exitCode(in: container.status ?? "")
        container.labels = labels(json["Labels"])
        container.ports = ports(json["Ports"])
        container.networks = networks(json["NetworkSettings"]?["Networks"])
        container.mounts = mounts(json["Mounts"])
        return container
    }

    /// `Exited (137) 5 minutes ago`.
    static func exitCode(in status: String) -> Int64? {
        guard status.hasPrefix("Exited ("), let end = status.firstIndex(of: ")") else { return nil }
        return Int64(status[status.index(status.startIndex, offsetBy: 8)..<end])
    }

    /// `Up 5 minutes (healthy)`, `Up 2 seconds (health: starting)`.
    static func health(in status: String) -> String? {
        if status.hasSuffix("(healthy)") { return "healthy" }
        if status.hasSuffix("(unhealthy)") { return "unhealthy" }
        return status.hasSuffix("(health: starting)") || status.hasSuffix("(starting)") ? "starting" : nil
    }

    private static func labels(_ json: JSONValue?) -> [String: String] {
        // Who a container is stands in compose's labels: they are never among those that do not fit.
        let all = (json?.object ?? [:]).sorted { left, right in
            let (isLeft, isRight) = (left.key.contains("compose"), right.key.contains("compose"))
            return isLeft == isRight ? left.key < right.key : isLeft
        }
        var labels: [String: String] = [:]
        for (key, value) in all.prefix(labelLimit) where !key.isEmpty && key.utf8.count <= 128 {
            guard let text = value.string else { continue }
            labels[key.asLine(limit: 128)] = LabelSecrets.shown(text, of: key).asLine(limit: 256)
        }
        return labels
    }

    /// IPv4 and IPv6 tell of a port once each; in the order of numbers, since engines shuffle them.
    private static func ports(_ json: JSONValue?) -> [Container.Port] {
        var ports: [Container.Port] = []
        for told in json?.array ?? [] {
            var port = Container.Port()
            port.privatePort = told.count("PrivatePort").flatMap { $0 <= 65_535 ? $0 : nil }
            port.publicPort = told.count("PublicPort").flatMap { (1...65_535).contains($0) ? $0 : nil }
            port.protocolName = told.line("Type", limit: 16)
            port.ip = told.line("IP", limit: 64)
            if port.privatePort != nil, !ports.contains(port) { ports.append(port) }
            if ports.count == portLimit { break }
        }
        return ports.sorted { left, right in
            (left.privatePort ?? 0, left.publicPort ?? 0, left.protocolName ?? "", left.ip ?? "")
                < (right.privatePort ?? 0, right.publicPort ?? 0, right.protocolName ?? "", right.ip ?? "")
        }
    }

    private static func networks(_ json: JSONValue?) -> [Container.Attachment] {
        (json?.object ?? [:]).sorted { $0.key < $1.key }.prefix(32).compactMap { name, told in
            guard !name.isEmpty else { return nil }
            var network = Container.Attachment()
            network.name = name.asLine(limit: 128)
            network.ipv4 = told.line("IPAddress", limit: 64)
            network.ipv6 = told.line("GlobalIPv6Address", limit: 64)
            return network
        }
    }

    private static func mounts(_ json: JSONValue?) -> [Container.Mount] {
        let mounts = (json?.array ?? []).prefix(mountLimit).map { told in
            var mount = Container.Mount()
            mount.type = told.line("Type", limit: 32)
            mount.source = told.line("Name") ?? told.line("Source")
            mount.destination = told.line("Destination")
            mount.isWritable = told["RW"]?.bool
            return mount
        }
        return mounts.sorted { ($0.destination ?? "") < ($1.destination ?? "") }
    }
}

/// What only the look inside a container tells.
struct ContainerDetail: Hashable, Sendable {
    var restartCount: Int64?
    var exitCode: Int64?
    var oomKilled: Bool?
    var startedAt: Timestamp?
    var finishedAt: Timestamp?
    var health: String?

    init(_ json: JSONValue) {
        let state = json["State"]
        restartCount = json.count("RestartCount")
        oomKilled = state?["OOMKilled"]?.bool
        startedAt = state?.time("StartedAt")
        finishedAt = state?.time("FinishedAt")
        exitCode = finishedAt == nil ? nil : state?["ExitCode"]?.int.map(Int64.init)
        let told = state?["Health"]?.line("Status", limit: 32) ?? state?["Healthcheck"]?.line("Status", limit: 32)
        health = told == "none" ? nil : told
    }

    func fill(_ container: inout HostReport.DockerContainer) {
        container.restartCount = restartCount
        container.oomKilled = oomKilled
        container.startedAt = startedAt
        container.finishedAt = finishedAt
        container.health = container.health ?? (container.state == "running" ? health : nil)
        if container.state != "running" { container.exitCode = container.exitCode ?? exitCode }
    }
}
