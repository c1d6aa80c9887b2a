/// How full a storage is, seen from a node.
struct StorageUse {
    let size: Int64
    let used: Int64

    init(_ storage: StoragePlan, _ node: Int, _ scene: ClusterScene) {
        size = storage.size
        used = Int64(Double(storage.size) * storage.use(onNode: node).value(at: scene.now))
    }

    var available: Int64 { size - used }
}
