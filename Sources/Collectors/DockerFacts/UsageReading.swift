import AgentProtocol
import JSONKit
import Kernel

/// The disk usage, counted as `docker system df` counts. Pure.
struct UsageReading {
    var usage = HostReport.DockerStorageUsage()
    /// By id: how many containers use an image, and what it shares with others.
    var images: [String: HostReport.DockerImage] = [:]
    var volumes: [String: HostReport.DockerVolume] = [:]

    private static let most = 20_000

    init(_ bytes: [UInt8]) throws(EngineFault) {
        // The big lists one element at a time; of the rest only the total is wanted.
        let images = try EngineList.read(bytes, member: "Images", limit: Self.most, EngineReading.image).elements
        let volumes = try EngineList.read(bytes, member: "Volumes", limit: Self.most, EngineReading.volume).elements
        let containers = try EngineList.read(bytes, member: "Containers", limit: Self.most, Self.container).elements
        let caches = try EngineList.read(bytes, member: "BuildCache", limit: Self.most, Self.cache).elements
        usage.images = Self.images(images, total: try Self.layers(bytes))
        usage.containers = Self.bucket(containers)
        usage.volumes = Self.bucket(volumes.map { ($0.sizeBytes ?? 0, ($0.refCount ?? 0) > 0) })
        usage.buildCache = Self.bucket(caches)
        self.images = Dictionary(images.map { ($0.id, $0) }) { first, _ in first }
        self.volumes = Dictionary(volumes.map { ($0.name, $0) }) { first, _ in first }
    }

    private static func images(
        _ images: [HostReport.DockerImage], total: Int64?
    ) -> HostReport.DockerStorageUsage.Bucket {
        var bucket = HostReport.DockerStorageUsage.Bucket()
        bucket.totalCount = Int64(images.count)
        bucket.activeCount = Int64(images.count { ($0.containers ?? 0) > 0 })
        guard let total else { return bucket }
        let used = images.filter { $0.containers != 0 }.reduce(Int64(0)) { sum, image in
            guard let size = image.sizeBytes, let shared = image.sharedSizeBytes else { return sum }
            return sum.capped(adding: max(0, size - shared))
        }
        bucket.totalSizeBytes = total
        bucket.reclaimableBytes = max(0, total - used)
        return bucket
    }

    private static func bucket(_ parts: [(size: Int64, isActive: Bool)]) -> HostReport.DockerStorageUsage.Bucket {
        var bucket = HostReport.DockerStorageUsage.Bucket()
        bucket.totalCount = Int64(parts.count)
        bucket.activeCount = Int64(parts.count(where: \.isActive))
        bucket.totalSizeBytes = parts.reduce(0) { $0.capped(adding: $1.size) }
        bucket.reclaimableBytes = parts.filter { !$0.isActive }.reduce(0) { $0.capped(adding: $1.size) }
        return bucket
    }

    private static func container(_ json: JSONValue) -> (size: Int64, isActive: Bool)? {
        (json.count("SizeRw") ?? 0, ["running", "paused", "restarting"].contains(json["State"]?.string?.lowercased()))
    }

    private static func cache(_ json: JSONValue) -> (size: Int64, isActive: Bool)? {
        // The size of what is shared is counted where it belongs.
        (json["Shared"]?.bool == true ? 0 : json.count("Size") ?? 0, json["InUse"]?.bool == true)
    }

    private static func layers(_ bytes: [UInt8]) throws(EngineFault) -> Int64? {
        do {
            var reader = JSONReader(bytes)
            try reader.enterObject()
            while let key = try reader.nextKey() {
                guard key == "LayersSize" else {
                    try reader.skip()
                    continue
                }
                let value = try reader.decode(JSONValue.self)
                return JSONValue.object(["size": value]).count("size")
            }
            return nil
        } catch {
            throw EngineFault(.badAnswer, "the engine's answer cannot be read")
        }
    }
}

extension Int64 {
    /// Sizes that no disk can have end at what can be counted. Of numbers from 0.
    fileprivate func capped(adding other: Int64) -> Int64 {
        let (sum, isTooMuch) = addingReportingOverflow(other)
        return isTooMuch ? .max : sum
    }
}
