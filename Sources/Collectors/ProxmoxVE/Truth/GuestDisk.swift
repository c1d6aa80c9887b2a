internal import Kernel

/// How full a guest is, from the file systems that its agent lists. All stay listed; only the sum leaves out what is
/// not a disk of its own, and counts nothing twice.
struct GuestDisk: Sendable, Hashable {
    /// Why nothing is known. The raw values are the wire's.
    enum Reason: String, Sendable, Hashable {
        case agentNotRunning = "agent-not-running"
        case agentTimeout = "agent-timeout"
        case permissionDenied = "permission-denied"
        case agentDisabled = "agent-disabled"
        case noAgent = "no-agent"
        case noFileSystems = "no-filesystems"
        case noStatus = "no-status"
        case stopped = "vm-stopped"
        case agentError = "agent-error"

        /// What was known a moment ago is still the best guess.
        var keepsPrevious: Bool {
            switch self {
            case .stopped, .agentDisabled, .noAgent: false
            case .agentNotRunning, .agentTimeout, .permissionDenied, .noFileSystems, .noStatus, .agentError: true
            }
        }
    }

    var used: Int64
    var total: Int64

    var percent: Double { min(100, Double(used) / Double(total) * 100) }

    /// `nil` when none of them counts.
    init?(_ systems: [AgentFileSystem]) {
        var seen: Set<String> = []
        (used, total) = (0, 0)
        for system in systems where system.total > 0 && !Self.isLeftOut(system) {
            let key =
                system.device.isEmpty
                ? ["btrfs", "zfs"].contains(system.type.lowercased())
                    ? "\(system.type.lowercased())::\(system.total)" : "\(system.mountpoint)::\(system.total)"
                : "\(system.device):\(system.total)"
            guard seen.insert(key).inserted else { continue }
            used = used.addingClamped(min(max(0, system.used), system.total))
            total = total.addingClamped(system.total)
        }
        guard total > 0 else { return nil }
    }

    static func isLeftOut(_ system: AgentFileSystem) -> Bool {
        let type = system.type.lowercased()
        if readOnlyKinds.contains(where: type.contains) { return true }
        if type.hasPrefix("overlay"), system.used >= system.total { return true }
        if virtualKinds.contains(type) || networkKinds.contains(where: type.hasPrefix) { return true }
        if type == "fuse.sshfs" || system.mountpoint.contains("System Reserved") { return true }
        if system.name.contains("System Reserved") { return true }
        if exactMounts.contains(system.mountpoint) { return true }
        if type.hasPrefix("overlay"), system.mountpoint.contains("/containers/") { return true }
        return mountRoots.contains { system.mountpoint == $0 || system.mountpoint.hasPrefix($0 + "/") }
    }

    private static let readOnlyKinds = ["erofs", "squashfs", "iso9660", "cdfs", "udf", "cramfs", "romfs"]
    private static let virtualKinds: Set<String> = [
        "tmpfs", "devtmpfs", "proc", "sysfs", "devpts", "cgroup", "cgroup2", "pstore", "bpf", "tracefs", "debugfs",
        "securityfs", "configfs", "fusectl", "hugetlbfs", "mqueue", "autofs", "ramfs", "rpc_pipefs", "binfmt_misc",
        "efivarfs", "nsfs", "fdescfs", "devfs", "linprocfs", "procfs", "selinuxfs",
    ]
    private static let networkKinds = ["nfs", "cifs", "smb", "9p", "sshfs"]
    private static let exactMounts: Set<String> = ["/boot/efi", "/boot/firmware", "/etc/pve"]
    private static let mountRoots = [
        "/dev", "/proc", "/sys", "/run", "/var/run", "/var/lib/docker", "/var/lib/containers", "/snap",
        "/System/Volumes",
    ]
}

/// A guest's disk as it is shown, over times when the agent does not answer.
struct DiskMemory: Sendable, Hashable {
    private var last: (disk: GuestDisk, at: Timestamp)?

    init() {}

    static func == (left: Self, right: Self) -> Bool {
        left.last?.disk == right.last?.disk && left.last?.at == right.last?.at
    }

    func hash(into hasher: inout Hasher) { hasher.combine(last?.at) }

    mutating func read(_ disk: GuestDisk, at now: Timestamp) { last = (disk, now) }

    /// - Returns: what is known, and why not more; no disk is unknown, which is not 0.
    func settle(_ reason: GuestDisk.Reason?, at now: Timestamp) -> (disk: GuestDisk?, reason: String?) {
        guard let reason else { return (last?.disk, nil) }
        guard reason.keepsPrevious, let last, now - last.at <= .seconds(600) else { return (nil, reason.rawValue) }
        return (last.disk, "prev-\(reason.rawValue)")
    }
}
