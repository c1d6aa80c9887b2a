/// Which cluster this machine is a node of, and under what name: from Corosync's configuration, which everybody may read.
struct ClusterPlace: Equatable {
    let cluster: String
    let node: String

    /// - Returns: `nil` without a cluster, or when none of its nodes is called like this machine.
    init?(corosync text: String, hostname: String) {
        var (cluster, nodes): (String?, [String]) = (nil, [])
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].trimmedLine
            switch parts[0].trimmedLine {
            case "cluster_name" where !value.isEmpty: cluster = value
            case "name" where !value.isEmpty: nodes.append(value)
            default: break
            }
        }
        let short = hostname.prefix { $0 != "." }.lowercased()
        guard let cluster, let node = nodes.first(where: { $0.lowercased() == short }) else { return nil }
        (self.cluster, self.node) = (cluster, node)
    }
}
