internal import CollectorKit
internal import Inventory
internal import JSONKit

/// One question beside the base, about the cluster, a node or a guest.
enum Detail: Hashable, Sendable {
    case version, tagStyle, storageConfig, ceph, cephUse
    case certificates(String), nodeStatus(String), nodeHistory(String), disks(String), zfs(String), updates(String)
    case tasks(String), replication(String)
    case smart(String, String), zfsPool(String, String), backups(String, String)
    case guestStatus(Int), guestConfig(Int), agentSystem(Int), agentVersion(Int), agentFiles(Int), agentNetwork(Int)
    case agentMemory(Int), interfaces(Int), snapshots(Int)

    /// How often it is asked at most.
    var interval: Duration {
        switch self {
        case .guestStatus, .nodeStatus: .seconds(10)
        case .nodeHistory: .seconds(30)
        case .agentMemory, .ceph, .cephUse, .replication: .seconds(60)
        case .agentFiles: .seconds(120)
        case .agentSystem, .agentVersion, .agentNetwork, .interfaces, .guestConfig, .disks, .zfs, .zfsPool,
            .storageConfig, .tagStyle:
            .seconds(300)
        case .snapshots, .tasks: .seconds(600)
        case .backups: .seconds(900)
        case .updates, .smart: .seconds(1800)
        case .version: .seconds(3600)
        case .certificates: .seconds(6 * 3600)
        }
    }

    /// After a failure.
    var pause: Duration {
        switch self {
        case .agentMemory: .seconds(300)
        // An agent that does not answer holds a lane until its time is over.
        case .agentSystem, .agentVersion, .agentFiles, .agentNetwork: interval
        case .certificates: .seconds(60)
        default: min(interval, .seconds(30))
        }
    }

    var timeout: Duration {
        switch self {
        case .nodeHistory: .seconds(2)
        case .agentMemory: .seconds(3)
        case .agentFiles, .ceph, .cephUse: .seconds(15)
        case .agentSystem, .agentVersion, .agentNetwork: .seconds(10)
        case .backups, .disks, .smart: .seconds(60)
        default: .seconds(30)
        }
    }

    /// Under which name its failure stands in the connection's health.
    var part: String {
        switch self {
        case .version: "version"
        case .tagStyle: "tag-style"
        case .storageConfig, .backups: "storage"
        case .ceph, .cephUse: "ceph"
        case .certificates: "certificates"
        case .nodeStatus, .nodeHistory: "node-status"
        case .disks, .smart: "disks"
        case .zfs, .zfsPool: "zfs"
        case .updates: "updates"
        case .tasks: "tasks"
        case .replication: "replication"
        case .guestStatus, .guestConfig, .interfaces: "guests"
        case .snapshots: "snapshots"
        case .agentSystem, .agentVersion, .agentFiles, .agentNetwork, .agentMemory: "guest-agent"
        }
    }

    var isAgents: Bool { part == "guest-agent" }

    /// The guest whose own trouble this may be.
    var vmid: Int? {
        switch self {
        case .guestStatus(let id), .guestConfig(let id), .agentSystem(let id), .agentVersion(let id),
            .agentFiles(let id), .agentNetwork(let id), .agentMemory(let id), .interfaces(let id), .snapshots(let id):
            id
        default: nil
        }
    }

    /// What has to be granted when it is refused.
    /// - Parameter major: of the release: the privilege for the guest agent got a name of its own with 9.
    func privilege(major: Int) -> String {
        switch self {
        case .agentSystem, .agentVersion, .agentFiles, .agentNetwork, .agentMemory:
            major == 8 || major == 7 ? "VM.Monitor on /vms" : "VM.GuestAgent.Audit on /vms"
        case .guestStatus, .guestConfig, .interfaces, .snapshots: "VM.Audit on /vms"
        case .storageConfig, .backups: "Datastore.Audit on /storage"
        default: "Sys.Audit on /"
        }
    }
}

/// What a detail told.
enum DetailAnswer: Sendable {
    case version(ProxmoxVersion), tagStyle(TagStyle), storageConfig([StorageConfig]), ceph(CephStatus), cephUse(CephUse)
    case certificates(NodeCertificates), nodeStatus(NodeStatus), nodeHistory(NodeHistory?), disks([NodeDisk])
    case zfs([ZFSPoolRow]), updates(Int), tasks([BackupTask]), replication([ReplicationJob])
    case smart(DiskSMART), zfsPool(ZFSPoolDetail), backups([StorageBackup])
    case guestStatus(GuestStatus), guestConfig(GuestConfig), agentSystem(AgentSystem), agentVersion(String?)
    case agentFiles([AgentFileSystem]), agentMemory(ProcMeminfo?), interfaces([GuestInterface])
    case snapshots(GuestSnapshots)
}

extension ProxmoxClient {
    /// As a value. Written apart from the task that asks: optimised code of Swift 6.3 mixes up a tuple's first half when its
    /// second is made of a typed error thrown by an async call.
    func answer(
        to detail: Detail, place: String, within allowance: PollAllowance
    ) async -> Result<DetailAnswer, PlatformFailure> {
        do throws(PlatformFailure) {
            return .success(try await fetch(detail, place: place, within: allowance))
        } catch {
            return .failure(error)
        }
    }

    /// - Parameter place: of the guest, such as `/nodes/pve1/qemu/101`.
    func fetch(
        _ detail: Detail, place: String, within allowance: PollAllowance
    ) async throws(PlatformFailure) -> DetailAnswer {
        func node(_ name: String) -> String { "/nodes/" + Self.escaped(name) }
        func get<Value: Sendable>(
            _ path: String, _ read: (inout JSONReader) throws(JSONError) -> Value
        ) async throws(PlatformFailure) -> Value {
            try await self.get(path, timeout: detail.timeout, within: allowance, read)
        }
        switch detail {
        case .version: return .version(try await get("/version", ProxmoxVersion.read))
        case .tagStyle: return .tagStyle(try await get("/cluster/options", TagStyle.read))
        case .storageConfig: return .storageConfig(try await get("/storage", StorageConfig.read))
        case .ceph: return .ceph(try await get("/cluster/ceph/status", CephStatus.read))
        case .cephUse: return .cephUse(try await get("/cluster/ceph/df", CephUse.read))
        case .certificates(let name):
            return .certificates(try await get(node(name) + "/certificates/info", NodeCertificates.read))
        case .nodeStatus(let name): return .nodeStatus(try await get(node(name) + "/status", NodeStatus.read))
        // Never with `ds`: from release 9 on an unknown parameter is refused.
        case .nodeHistory(let name):
            return .nodeHistory(
                try await get(node(name) + "/rrddata?timeframe=hour&cf=AVERAGE", NodeHistory.newest))
        case .disks(let name): return .disks(try await get(node(name) + "/disks/list", NodeDisk.read))
        case .smart(let name, let device):
            return .smart(
                try await get(node(name) + "/disks/smart?disk=" + Self.escaped(device), DiskSMART.read))
        case .zfs(let name): return .zfs(try await get(node(name) + "/disks/zfs", ZFSPoolRow.read))
        case .zfsPool(let name, let pool):
            return .zfsPool(try await get(node(name) + "/disks/zfs/" + Self.escaped(pool), ZFSPoolDetail.read))
        case .updates(let name): return .updates(try await get(node(name) + "/apt/update", PendingUpdates.read))
        case .tasks(let name):
            return .tasks(
                try await BackupTask.pages { start throws(PlatformFailure) in
                    let from = start == 0 ? "" : "&start=\(start)"
                    return try await get(
                        node(name) + "/tasks?typefilter=vzdump&source=all&limit=\(BackupTask.pageSize)" + from,
                        BackupTask.read)
                })
        case .replication(let name):
            return .replication(try await get(node(name) + "/replication", ReplicationJob.read))
        case .backups(let name, let storage):
            return .backups(
                try await get(
                    node(name) + "/storage/\(Self.escaped(storage))/content?content=backup", StorageBackup.read))
        // Never with `full`: release 9 does not know it.
        case .guestStatus: return .guestStatus(try await get(place + "/status/current", GuestStatus.read))
        case .guestConfig: return .guestConfig(try await get(place + "/config", GuestConfig.read))
        case .agentSystem: return .agentSystem(try await get(place + "/agent/get-osinfo", AgentSystem.read))
        case .agentVersion: return .agentVersion(try await get(place + "/agent/info", AgentVersion.read))
        case .agentFiles: return .agentFiles(try await get(place + "/agent/get-fsinfo", AgentFileSystem.read))
        case .agentNetwork:
            return .interfaces(try await get(place + "/agent/network-get-interfaces", GuestInterface.readAgent))
        case .agentMemory:
            return .agentMemory(
                try await get(place + "/agent/file-read?file=%2Fproc%2Fmeminfo", ProcMeminfo.read))
        case .interfaces: return .interfaces(try await get(place + "/interfaces", GuestInterface.readContainer))
        case .snapshots: return .snapshots(try await get(place + "/snapshot", GuestSnapshots.read))
        }
    }
}
