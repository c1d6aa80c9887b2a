package import HTTPKit
package import Kernel

/// Which resources, in which order: the query of `GET /api/resources`.
package struct ResourceQuery: Sendable, Hashable {
    package enum Sort: String, Sendable, CaseIterable { case name, status, type, lastSeen }

    /// Empty: all.
    package var types: [String] = []
    package var sources: [String] = []
    package var statuses: [String] = []
    /// What it runs on or belongs to.
    package var parent: ResourceID?
    /// Any of these, lower case.
    package var tags: [String] = []
    /// The name or number of a cluster or swarm, lower case.
    package var cluster: String?
    /// A part of the name, lower case.
    package var text: String?
    package var sort: Sort = .name
    package var isDescending = false
    package var paging = Paging()

    package init() {}

    /// - Throws: 400 naming the parameter for an unknown type, sort or order, and a cursor that is not ours. Unknown
    ///   sources and statuses match nothing by themselves and are left out of the list, as agents of the field expect.
    package init(_ query: Query) throws(Problem) {
        for token in Self.list(query["type"]) {
            guard let type = Self.canonicalType(token) else {
                throw .invalidField("type", "“\(token.prefix(40))” is not a type of resource")
            }
            types.append(type)
        }
        sources = Self.list(query["source"]).map { $0 == "vmware-vsphere" ? "vmware" : $0 }
            .filter(Self.knownSources.contains)
        statuses = Self.list(query["status"]).filter(["online", "offline", "warning", "unknown"].contains)
        if let parent = query["parent"], !parent.isEmpty {
            guard let id = ResourceID(parent) else { throw .invalidField("parent", "not the id of a resource") }
            self.parent = id
        }
        tags = Array(Self.list(query["tags"]).prefix(Self.mostTags))
        if let cluster = query["cluster"]?.trimmed.lowercased(), !cluster.isEmpty {
            self.cluster = String(cluster.prefix(200))
        }
        if let text = query["q"]?.trimmed.lowercased(), !text.isEmpty { self.text = String(text.prefix(200)) }
        if let name = query["sort"] {
            guard let sort = Sort(rawValue: name) else {
                throw .invalidField("sort", "“\(name.prefix(40))” is none of name, status, type, lastSeen")
            }
            self.sort = sort
        }
        switch query["order"] {
        case nil, "asc": break
        case "desc": isDescending = true
        case .some(let order): throw .invalidField("order", "“\(order.prefix(40))” is neither asc nor desc")
        }
        paging = try query.paging()
        if let cursor = paging.cursor, ResourceCursor(cursor) == nil {
            throw .invalidField("cursor", "not a cursor of this list")
        }
    }

    private static let mostTags = 50

    private static func list(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map { $0.trimmed.lowercased() }.filter { !$0.isEmpty }
    }

    private static let knownSources: Set<String> = [
        "proxmox", "agent", "docker", "pbs", "pmg", "kubernetes", "truenas", "vmware", "availability",
    ]

    /// The types of the field, whether we have such resources yet or not.
    private static let knownTypes: Set<String> = [
        "agent", "vm", "system-container", "app-container", "docker-service", "docker-image", "docker-volume",
        "docker-network", "docker-task", "docker-swarm-node", "docker-secret", "docker-config", "k8s-cluster",
        "k8s-node", "k8s-deployment", "k8s-namespace", "k8s-service", "k8s-statefulset", "k8s-daemonset", "k8s-job",
        "k8s-cronjob", "pod", "storage", "network", "pbs", "pmg", "ceph", "physical_disk", "network-share",
        "network-endpoint",
    ]

    private static let aliases: [String: String] = [
        "node": "agent", "nodes": "agent", "agents": "agent", "host": "agent", "hosts": "agent", "vms": "vm",
        "oci-container": "system-container", "lxc": "system-container", "service": "docker-service",
        "docker-host": "agent", "pods": "pod", "disk": "physical_disk", "disks": "physical_disk",
    ]

    private static func canonicalType(_ token: String) -> String? {
        if knownTypes.contains(token) { return token }
        if let type = aliases[token] { return type }
        return token.hasSuffix("s") && knownTypes.contains(String(token.dropLast())) ? String(token.dropLast()) : nil
    }
}

/// The place in a sorted list after which to go on.
struct ResourceCursor: Hashable {
    let key: String
    let name: String
    let id: ResourceID

    init(key: String, name: String, id: ResourceID) {
        self.key = key
        self.name = name
        self.id = id
    }

    /// `id.key.name`, the latter two as hexadecimal UTF-8.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let id = ResourceID(String(parts[0])), let key = Self.unhex(parts[1]),
            let name = Self.unhex(parts[2])
        else { return nil }
        self.init(key: key, name: name, id: id)
    }

    var text: String { "\(id).\(Self.hex(key)).\(Self.hex(name))" }

    private static func hex(_ text: String) -> String {
        text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func unhex(_ text: Substring) -> String? {
        guard text.utf8.count % 2 == 0, text.utf8.count <= 2048 else { return nil }
        var bytes: [UInt8] = []
        var rest = text
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
