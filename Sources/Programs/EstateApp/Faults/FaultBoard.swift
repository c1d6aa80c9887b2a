/// All faults that are set: a node's before its cluster's before everybody's.
struct FaultBoard: Sendable {
    private var everywhere: Fault?
    private var clusters: [Int: Fault] = [:]
    private var nodes: [Int: [Int: Fault]] = [:]

    mutating func set(_ fault: Fault?, cluster: Int?, node: Int?) {
        guard let cluster else { return everywhere = fault }
        guard let node else { return clusters[cluster] = fault }
        nodes[cluster, default: [:]][node] = fault
    }

    mutating func removeAll() { self = FaultBoard() }

    func fault(cluster: Int, node: Int) -> Fault? {
        if !nodes.isEmpty, let fault = nodes[cluster]?[node] { return fault }
        return clusters[cluster] ?? everywhere
    }
}
