/// `pulse-estate truth`.
package enum TruthExport {
    /// Every cluster's things as JSON lines, each with its line's end.
    package static func write(_ shape: EstateShape, at time: Double, to output: ([UInt8]) -> Void) {
        let estate = Estate(shape)
        for organisation in 0..<shape.organisations {
            let label = Estate.label(ofOrganisation: organisation)
            output(
                Array(#"{"trueId":"\#(Truth.id([label]))","kind":"organisation","organisation":"\#(label)"}"#.utf8) + [
                    0x0A
                ])
        }
        for cluster in 0..<estate.clusterCount {
            Truth(ClusterScene(estate.cluster(cluster), at: time)).write { output($0 + [0x0A]) }
        }
    }
}
