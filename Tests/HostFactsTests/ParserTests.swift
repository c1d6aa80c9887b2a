import AgentProtocol
import Testing

@testable import HostFacts

@Suite struct CPUTimesTests {
    private let first = CPUTimes(
        procStat: """
            cpu  1000 50 250 8000 500 10 40 100 300 20
            cpu0 500 25 125 4000 250 5 20 50 150 10
            cpu1 500 25 125 4000 250 5 20 50 150 10
            intr 12345 0 9
            """)

    @Test("busy is everything but idle and iowait; guest time is not counted twice")
    func ticks() {
        #expect(first.all == CPUTicks(busy: 1450, total: 9950))
        #expect(first.cores[1] == CPUTicks(busy: 725, total: 4975))
    }

    @Test("usage is the busy share of the time between two readings")
    func usage() {
        let later = CPUTimes(
            procStat: """
                cpu  1200 50 250 8700 600 10 40 100 500 20
                cpu0 700 25 125 4300 250 5 20 50 350 10
                cpu1 500 25 125 4400 350 5 20 50 150 10
                """)
        #expect(later.all?.usage(since: CPUTicks(busy: 1450, total: 9950)) == 20)
        #expect(later.perCoreUsage(since: first) == [40, 0])
    }

    @Test(
        "no usage without time, or when counters went back",
        arguments: [
            (CPUTicks(busy: 5, total: 10), CPUTicks(busy: 5, total: 10), nil),
            (CPUTicks(busy: 5, total: 10), CPUTicks(busy: 1, total: 2), nil),
            (CPUTicks(busy: 5, total: 10), CPUTicks(busy: 4, total: 20), 0),
            (CPUTicks(busy: 5, total: 10), CPUTicks(busy: 25, total: 20), 100),
        ] as [(CPUTicks, CPUTicks, Double?)])
    func resets(earlier: CPUTicks, later: CPUTicks, usage: Double?) { #expect(later.usage(since: earlier) == usage) }

    @Test("a core that came online leaves the per-core list unknown, one that left shortens it")
    func hotplug() {
        let grown = CPUTimes(
            procStat: "cpu0 600 25 125 4100 250 5 20 50\ncpu1 600 25 125 4100 250 5 20 50\ncpu7 1 1 1 1")
        #expect(grown.perCoreUsage(since: first).isEmpty)
        #expect(CPUTimes(procStat: "cpu1 600 25 125 4100 250 5 20 50").perCoreUsage(since: first) == [50])
    }

    @Test("rubbish is no reading", arguments: ["", "cpu", "cpu a b c d", "cpu 1 2 3", "cpu 1 2 x 4 5", "cpux 1 2 3 4"])
    func rubbish(text: String) {
        let times = CPUTimes(procStat: text)
        #expect(times.all == nil && times.cores.isEmpty)
    }
}

@Suite struct MemoryFactsTests {
    private let meminfo = """
        MemTotal:       16000 kB
        MemFree:         2000 kB
        MemAvailable:   10000 kB
        Buffers:          500 kB
        Cached:          7000 kB
        SwapTotal:       4000 kB
        SwapFree:        3000 kB
        HugePages_Total:       0
        """

    @Test("used is total less available, cache is available less free")
    func available() throws {
        let memory = try #require(HostReport.Memory(meminfo: meminfo))
        #expect(memory.totalBytes == 16_384_000 && memory.availableBytes == 10_240_000)
        #expect(memory.usedBytes == 6_144_000 && memory.usage == 37.5)
        #expect(memory.freeBytes == 2_048_000 && memory.cacheBytes == 8_192_000)
        #expect(memory.swapTotalBytes == 4_096_000 && memory.swapUsedBytes == 1_024_000)
    }

    @Test("an old kernel without MemAvailable is estimated from its caches, less shared memory")
    func oldKernel() throws {
        let text =
            "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 300 kB\nSReclaimable: 20 kB\nShmem: 70 kB"
        let memory = try #require(HostReport.Memory(meminfo: text))
        #expect(memory.availableBytes == 400 * 1024 && memory.usage == 60)
        #expect(memory.swapTotalBytes == nil && memory.swapUsedBytes == nil, "unknown, not 0")
    }

    @Test("a node's place in its cluster is what Corosync says of a machine of this name")
    func cluster() {
        let text =
            "totem {\n  cluster_name: West\n}\nnodelist {\n  node {\n    name: pve1\n  }\n  node {\n    name: PVE2\n  }\n}\n"
        let place = ClusterPlace(corosync: text, hostname: "pve2.example.org")
        #expect(place?.cluster == "West" && place?.node == "PVE2")
        #expect(ClusterPlace(corosync: text, hostname: "pve3") == nil)
        #expect(ClusterPlace(corosync: "", hostname: "pve1") == nil)
        #expect(ClusterPlace(corosync: "name: pve1", hostname: "pve1") == nil)
    }

    @Test("fact 18: the ZFS cache gives way like page cache")
    func arc() throws {
        let kstat = "13 1 0x01 123 33456 1 2\nname type data\nhits 4 99\nsize 4 2048000\nc_max 4 1"
        let memory = try #require(HostReport.Memory(meminfo: meminfo, arcstats: kstat))
        #expect(memory.usedBytes == 4_096_000 && memory.availableBytes == 12_288_000)
    }

    @Test(
        "without total or free nothing is known",
        arguments: ["", "MemTotal: 0 kB\nMemFree: 0 kB", "MemTotal: 5 kB", "MemTotal: -5 kB\nMemFree: 1 kB"])
    func nothing(text: String) { #expect(HostReport.Memory(meminfo: text) == nil) }
}

@Suite struct MountTests {
    private func points(_ text: String) -> [String] { Mount.real(mountinfo: text).map(\.mountpoint) }

    @Test("real file systems once each: no pseudo ones, no bind mounts, no container layers")
    func filter() {
        let text = """
            22 27 0:21 / /proc rw,relatime - proc proc rw
            27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
            30 27 8:2 / /home rw - xfs /dev/sda2 rw
            31 27 8:2 /alice /srv/alice rw - xfs /dev/sda2 rw
            32 27 8:1 /var/log /mnt/logs rw - ext4 /dev/sda1 rw
            33 27 0:50 / /run rw - tmpfs tmpfs rw
            34 27 0:51 / /var/lib/docker/overlay2/abc/merged rw - overlay overlay rw
            35 27 8:1 /var/lib/docker /var/lib/docker rw - ext4 /dev/sda1 rw
            36 27 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
            37 27 0:60 / /mnt/nas\\040share rw - nfs4 nas:/export rw
            38 27 8:17 / /boot/efi rw - vfat /dev/sdb1 rw
            39 27 0:61 / /mnt/remote rw - fuse.sshfs me@host: rw
            40 27 0:62 / /run/user/1000/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw
            41 27 0:63 / /mnt/x rw - fuse.unknown x rw
            """
        #expect(points(text) == ["/", "/boot/efi", "/home", "/mnt/nas share", "/mnt/remote"])
    }

    @Test("a btrfs with several subvolumes is one file system, ZFS data sets are several")
    func subvolumes() {
        let text = """
            1 0 0:30 /@ / rw - btrfs /dev/sda2 rw
            2 1 0:30 /@home /home rw - btrfs /dev/sda2 rw
            3 1 0:40 / /tank rw - zfs tank rw
            4 1 0:41 / /tank/data rw - zfs tank/data rw
            """
        #expect(points(text) == ["/", "/tank", "/tank/data"])
    }

    @Test("of two mounts on one point the later one counts")
    func hidden() {
        let text =
            "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /mnt rw - ext4 /dev/sdb1 rw\n3 2 0:9 / /mnt rw - tmpfs t rw"
        #expect(points(text) == ["/"])
    }

    @Test("in a container the overlay at the root stands for the disk, files bound into it do not")
    func container() {
        let text = """
            500 400 0:99 / / rw - overlay overlay rw,lowerdir=/a
            501 500 0:100 / /proc rw - proc proc rw
            502 500 8:1 /var/lib/docker/containers/x/hostname /etc/hostname rw - ext4 /dev/sda1 rw
            503 500 8:1 /data /data rw - ext4 /dev/sda1 rw
            """
        #expect(points(text) == ["/", "/data"])
    }

    @Test(
        "broken lines are passed over",
        arguments: ["", "1 2 3", "1 0 8:1 / / rw ext4 /dev/sda1 rw", "1 0 8:1 / / rw - ext4"])
    func broken(text: String) { #expect(points(text).isEmpty) }

    @Test("percent is used over used plus available, as df says")
    func percent() {
        #expect(FileSystemSpace(total: 100, used: 50, available: 45).usedPercent.map { Int($0 * 100) } == 5263)
        #expect(FileSystemSpace(total: 100, used: 0, available: 0).usedPercent == nil)
    }
}

@Suite struct BlockDeviceTests {
    private let diskstats = """
           7       0 loop0 5 0 40 1 0 0 0 0 0 4 1
           8       0 sda 100 5 2000 30 200 6 4000 70 0 90 100 1 2 3 4
           8       1 sda1 90 5 1900 30 200 6 4000 70 0 90 100
         259       0 nvme0n1 10 0 80 1 20 0 160 2 0 3 3
         259       1 nvme0n1p1 10 0 80 1 20 0 160 2 0 3 3
         253       0 dm-0 1 1 1 1 1 1 1 1 1 1 1
           9       0 md127 1 1 1 1 1 1 1 1 1 1 1
          11       0 sr0 1 1 1 1 1 1 1 1 1 1 1
         104       0 cciss/c0d0 1 0 8 1 1 0 8 1 0 1 1
        """

    @Test("whole disks only, sectors of 512 bytes")
    func wholeDisks() {
        let names: Set = ["loop0", "sda", "nvme0n1", "dm-0", "md127", "sr0", "cciss/c0d0"]
        let disks = DiskCounters.wholeDisks(diskstats: diskstats, blockDevices: names)
        #expect(disks.map(\.device) == ["cciss/c0d0", "nvme0n1", "sda"])
        #expect(disks[2].readBytes == 1_024_000 && disks[2].writeBytes == 2_048_000)
        #expect(disks[2].readOps == 100 && disks[2].writeOps == 200 && disks[2].ioTimeMs == 90)
    }

    @Test("without /sys/block names tell disks from partitions")
    func byName() {
        let text = ["sda", "sda1", "nvme0n1", "nvme0n1p2", "mmcblk0", "mmcblk0p1", "vda", "vda2", "xvdb"]
            .map { "8 0 \($0) 1 1 1 1 1 1 1 1 1 1 1" }.joined(separator: "\n")
        #expect(
            DiskCounters.wholeDisks(diskstats: text, blockDevices: []).map(\.device)
                == ["mmcblk0", "nvme0n1", "sda", "vda", "xvdb"])
    }

    @Test(
        "rates need an earlier, smaller reading and time",
        arguments: [
            (0, 1000, 10, 100), (1000, 1000, 10, 0), (1000, 999, 10, nil), (nil, 5, 10, nil), (0, 5, 0, nil),
            (UInt64.max - 1, UInt64.max, 1, 1),
        ] as [(UInt64?, UInt64, Double, Double?)])
    func rates(earlier: UInt64?, now: UInt64, seconds: Double, wanted: Double?) {
        #expect(rate(from: earlier, to: now, seconds: seconds) == wanted)
    }
}

@Suite struct InterfaceTests {
    @Test("counters are read with and without a blank after the colon")
    func counters() {
        let text = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
                lo:  850416    5833    0    0    0     0          0         0   850416    5833    0    0    0     0       0          0
              eth0:18446744073709551615 1 0 0 0 0 0 0 42 3125 0 0 0 0 0 0
              eth0:1: 7 1 0 0 0 0 0 0 8 1 0 0 0 0 0 0
            broken: 1 2
            """
        let interfaces = InterfaceCounters.all(netDev: text)
        #expect(interfaces.map(\.name) == ["lo", "eth0", "eth0:1"])
        #expect(interfaces[1].rxBytes == .max && interfaces[1].txBytes == 42)
    }

    @Test("this machine's loopback has its address")
    func addresses() { #expect(InterfaceAddresses.system()["lo"]?.contains("127.0.0.1/8") == true) }
}
