import Inventory
import Kernel
import Testing

@testable import ProxmoxVE

@Suite struct GuestDiskTests {
    private static let start = Timestamp(seconds: 1_800_000_000)

    private func system(
        _ mountpoint: String, _ type: String, total: Int64 = 100, used: Int64 = 10, device: String = "/dev/sda1"
    ) -> AgentFileSystem {
        var system = AgentFileSystem()
        (system.mountpoint, system.type, system.total, system.used) = (mountpoint, type, total, used)
        system.device = device
        return system
    }

    @Test(
        "what is no disk of its own does not count",
        arguments: [
            ("/x", "erofs"), ("/x", "squashfs"), ("/media", "iso9660"), ("/x", "udf"), ("/x", "tmpfs"),
            ("/x", "devtmpfs"),
            ("/mnt", "nfs4"), ("/mnt", "cifs"), ("/mnt", "9p"), ("/mnt", "fuse.sshfs"), ("/dev/x", "ext4"),
            ("/run/user/1", "ext4"), ("/var/lib/docker/overlay2/a/merged", "overlay"), ("/snap/core/1", "ext4"),
            ("/boot/efi", "vfat"), ("/etc/pve", "fuse"), ("System Reserved", "ntfs"),
        ])
    func leftOut(mountpoint: String, type: String) { #expect(GuestDisk([system(mountpoint, type)]) == nil) }

    @Test(
        "what is one counts",
        arguments: [
            ("/", "ext4"), ("/boot", "ext4"), ("/mnt/x", "fuse.mergerfs"), ("C:\\", "NTFS"), ("/var/run2", "xfs"),
            ("/", "overlay"),
        ])
    func counted(mountpoint: String, type: String) { #expect(GuestDisk([system(mountpoint, type)])?.total == 100) }

    @Test("case 51: subvolumes of one pool count once when nobody says where they lie") func subvolumes() {
        let pair = [system("/", "btrfs", device: ""), system("/home", "btrfs", device: "")]
        #expect(GuestDisk(pair)?.total == 100)
        let named = [system("/", "btrfs", device: "/"), system("/home", "btrfs", device: "/home")]
        #expect(GuestDisk(named)?.total == 200)
        let same = [system("/", "ext4"), system("/bind", "ext4"), system("/b", "ext4", device: "/dev/sdb")]
        #expect(GuestDisk(same)?.total == 200)
    }

    @Test("case 53: a moment without the agent keeps what was known, and says so") func timedOut() throws {
        var disks = DiskMemory()
        disks.read(try #require(GuestDisk([system("/", "ext4")])), at: Self.start)
        let kept = disks.settle(.agentTimeout, at: Self.start + .seconds(300))
        #expect((kept.disk?.used, kept.reason) == (10, "prev-agent-timeout"))
        let old = disks.settle(.agentTimeout, at: Self.start + .seconds(700))
        #expect((old.disk?.used, old.reason) == (nil, "agent-timeout"))
        for reason in [GuestDisk.Reason.agentDisabled, .stopped, .noAgent] {
            #expect(disks.settle(reason, at: Self.start + .seconds(10)).disk == nil)
        }
    }
}
