package import JSONKit
package import Kernel

/// What an engine keeps beside containers.
extension HostReport {
    package struct DockerImage: Hashable, Sendable {
        package var id = ""
        package var repoTags: [String] = []
        package var repoDigests: [String] = []
        package var sizeBytes: Int64?
        /// Told by the disk usage alone.
        package var sharedSizeBytes: Int64?
        /// How many use it; nil until the disk usage was read.
        package var containers: Int64?
        package var createdAt: Timestamp?

        package init() {}
    }

    package struct DockerVolume: Hashable, Sendable {
        package var name = ""
        package var driver: String?
        package var mountpoint: String?
        package var scope: String?
        package var createdAt: Timestamp?
        /// Told by the disk usage alone, and by drivers that can measure.
        package var sizeBytes: Int64?
        package var refCount: Int64?

        package init() {}
    }

    package struct DockerNetwork: Hashable, Sendable {
        package var id = ""
        package var name = ""
        package var driver: String?
        package var scope: String?
        package var isInternal: Bool?
        package var isAttachable: Bool?
        package var isIngress: Bool?
        package var enablesIPv6: Bool?
        package var subnets: [String] = []
        package var createdAt: Timestamp?

        package init() {}
    }
}

extension HostReport.DockerImage: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "id": try reader.decode(into: &id)
            case "repoTags": try reader.lax(&repoTags)
            case "repoDigests": try reader.lax(&repoDigests)
            case "sizeBytes": try reader.lax(&sizeBytes)
            case "sharedSizeBytes": try reader.lax(&sharedSizeBytes)
            case "containers": try reader.lax(&containers)
            case "createdAt": try reader.lax(&createdAt)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            if !repoTags.isEmpty { json.member("repoTags", repoTags) }
            if !repoDigests.isEmpty { json.member("repoDigests", repoDigests) }
            json.member("sizeBytes", sizeBytes)
            json.member("sharedSizeBytes", sharedSizeBytes)
            json.member("containers", containers)
            json.member("createdAt", createdAt)
        }
    }
}

extension HostReport.DockerVolume: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": try reader.decode(into: &name)
            case "driver": try reader.lax(&driver)
            case "mountpoint": try reader.lax(&mountpoint)
            case "scope": try reader.lax(&scope)
            case "createdAt": try reader.lax(&createdAt)
            case "sizeBytes": try reader.lax(&sizeBytes)
            case "refCount": try reader.lax(&refCount)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("name", name)
            json.member("driver", driver)
            json.member("mountpoint", mountpoint)
            json.member("scope", scope)
            json.member("createdAt", createdAt)
            json.member("sizeBytes", sizeBytes)
            json.member("refCount", refCount)
        }
    }
}

extension HostReport.DockerNetwork: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "id": try reader.decode(into: &id)
            case "name": try reader.decode(into: &name)
            case "driver": try reader.lax(&driver)
            case "scope": try reader.lax(&scope)
            case "internal": try reader.lax(&isInternal)
            case "attachable": try reader.lax(&isAttachable)
            case "ingress": try reader.lax(&isIngress)
            case "enableIpv6": try reader.lax(&enablesIPv6)
            case "subnets": try reader.lax(&subnets)
            case "createdAt": try reader.lax(&createdAt)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("name", name)
            json.member("driver", driver)
            json.member("scope", scope)
            json.member("internal", isInternal)
            json.member("attachable", isAttachable)
            json.member("ingress", isIngress)
            json.member("enableIpv6", enablesIPv6)
            if !subnets.isEmpty { json.member("subnets", subnets) }
            json.member("createdAt", createdAt)
        }
    }
}

extension HostReport {
    /// As `docker system df` shows it.
    package struct DockerStorageUsage: Hashable, Sendable {
        package var images = Bucket()
        package var containers = Bucket()
        package var volumes = Bucket()
        package var buildCache = Bucket()

        package init() {}

        package struct Bucket: Hashable, Sendable {
            package var totalCount: Int64?
            package var activeCount: Int64?
            package var totalSizeBytes: Int64?
            package var reclaimableBytes: Int64?

            package init() {}
        }
    }
}

extension HostReport.DockerStorageUsage: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "images": try reader.decode(into: &images)
            case "containers": try reader.decode(into: &containers)
            case "volumes": try reader.decode(into: &volumes)
            case "buildCache": try reader.decode(into: &buildCache)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("images", images)
            json.member("containers", containers)
            json.member("volumes", volumes)
            json.member("buildCache", buildCache)
        }
    }
}

extension HostReport.DockerStorageUsage.Bucket: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "totalCount": try reader.lax(&totalCount)
            case "activeCount": try reader.lax(&activeCount)
            case "totalSizeBytes": try reader.lax(&totalSizeBytes)
            case "reclaimableBytes": try reader.lax(&reclaimableBytes)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("totalCount", totalCount)
            json.member("activeCount", activeCount)
            json.member("totalSizeBytes", totalSizeBytes)
            json.member("reclaimableBytes", reclaimableBytes)
        }
    }
}
