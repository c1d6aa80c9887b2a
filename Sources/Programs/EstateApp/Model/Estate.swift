/// The whole estate as a value: cheap to copy, nothing in it is built before it is asked for.
package struct Estate: Hashable, Sendable {
    package let shape: EstateShape
    let seed: Seed

    package init(_ shape: EstateShape) {
        self.shape = shape
        seed = Seed(shape.seed)
    }

    package var clusterCount: Int { shape.organisations * shape.clusters }

    /// - Parameter index: 0..<clusterCount; an organisation's clusters follow one another.
    package func cluster(_ index: Int) -> ClusterPlan {
        let organisation = index / shape.clusters
        let number = index % shape.clusters
        return ClusterPlan(
            index: index, organisation: organisation, number: number,
            seed: seed.child(.organisation, organisation).child(.cluster, number), shape: shape)
    }

    package func nodeCount(ofCluster index: Int) -> Int {
        let organisation = index / shape.clusters
        return ClusterPlan.nodeCount(
            seed.child(.organisation, organisation).child(.cluster, index % shape.clusters), shape)
    }

    static func label(ofOrganisation organisation: Int) -> String {
        let digits = String(organisation + 1)
        return "org-" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
