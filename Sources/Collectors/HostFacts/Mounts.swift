/// A mounted file system worth reporting.
struct Mount: Hashable, Sendable {
    let device: String
    let mountpoint: String
    let filesystem: String
    /// `major:minor`: the same for every place where one file system is mounted.
    let deviceNumber: String
    /// The directory of the file system that is mounted; not `/` for bind mounts and subvolumes.
    let root: String

    /// From /proc/self/mountinfo: real file systems only, each once, by mount point.
    static func real(mountinfo text: String) -> [Mount] {
        var visible: [String: Mount] = [:]
        for line in text.split(separator: "\n") {
            // A later mount on the same point hides the earlier one.
            if let mount = Mount(mountinfoLine: line) { visible[mount.mountpoint] = mount }
        }
        let hostRoot = visible["/"]
        var candidates = visible.values.filter(\.isReal)
        // In a container the root is an overlay: its space is that of the host's disk, better than no disk at all.
        if let hostRoot, hostRoot.filesystem == "overlay" { candidates.append(hostRoot) }
        var byDevice: [String: Mount] = [:]
        for mount in candidates {
            if let other = byDevice[mount.deviceNumber], !mount.isBetter(than: other) { continue }
            byDevice[mount.deviceNumber] = mount
        }
        return byDevice.values.sorted { $0.mountpoint < $1.mountpoint }
    }

    /// `36 35 98:0 /root /mount/point options [tags…] - type source options`, blanks escaped as octal.
    init?(mountinfoLine line: Substring) {
        let words = line.words
        guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 2 else { return nil }
        deviceNumber = String(words[2])
        root = words[3].withoutOctalEscapes
        mountpoint = words[4].withoutOctalEscapes
        filesystem = String(words[dash + 1])
        device = words[dash + 2].withoutOctalEscapes
    }

    /// Of several places of one file system, the whole one and then the shorter path speaks for it.
    private func isBetter(than other: Mount) -> Bool {
        if (root == "/") != (other.root == "/") { return root == "/" }
        let lengths = (mountpoint.utf8.count, other.mountpoint.utf8.count)
        return lengths.0 != lengths.1 ? lengths.0 < lengths.1 : mountpoint < other.mountpoint
    }

    private var isReal: Bool {
        let isFuse = filesystem.hasPrefix("fuse.")
        guard isFuse ? Self.realFuse.contains(filesystem) : !Self.virtualTypes.contains(filesystem) else {
            return false
        }
        return !Self.internalPlaces.contains { mountpoint == $0 || mountpoint.hasPrefix($0 + "/") }
    }

    private static let virtualTypes: Set<String> = [
        "autofs", "aufs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs",
        "ecryptfs", "efivarfs", "fusectl", "fuse", "hugetlbfs", "iso9660", "mqueue", "nfsd", "nsfs", "overlay", "proc",
        "pstore", "ramfs", "rootfs", "rpc_pipefs", "securityfs", "selinuxfs", "squashfs", "sysfs", "tmpfs", "tracefs",
        "udf", "erofs", "cramfs", "romfs",
    ]
    private static let realFuse: Set<String> = [
        "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.mergerfs", "fuse.ntfs-3g", "fuse.juicefs",
    ]
    /// Places that container runtimes and the system fill for themselves.
    private static let internalPlaces = [
        "/dev", "/proc", "/sys", "/run", "/var/run", "/snap", "/var/lib/docker", "/var/lib/containers",
        "/var/lib/containerd", "/var/lib/kubelet", "/var/snap", "/etc/pve", "/etc/hosts", "/etc/hostname",
        "/etc/resolv.conf",
    ]
}

extension Substring {
    /// The kernel writes blanks, tabs, newlines and backslashes in paths as `\040` and the like.
    var withoutOctalEscapes: String {
        guard contains("\\") else { return String(self) }
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3, let code = UInt8(String(Substring(digits)), radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
