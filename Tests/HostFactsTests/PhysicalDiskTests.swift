import AgentProtocol
import Testing

@testable import HostFacts

@Suite("physical disks") struct PhysicalDiskTests {
    @Test("each kind of disk says its number where its driver puts it")
    func numbers() throws {
        let tree = try FixtureTree([
            "/sys/block/nvme0n1/device/serial": "S3E9F1654FF          \n",
            "/sys/block/nvme0n1/wwid": "eui.0025385391b2d1a7\n",
            "/sys/block/nvme0n1/device/model": "SAMSUNG MZVL21T0HCLR-00B00\n",
            "/sys/block/nvme0n1/size": "2000409264\n",
            "/sys/block/sda/device/vpd_pg80": "\u{0}\u{FFFD}\u{0}\u{8}WD-AB12 ",
            "/sys/block/sda/device/wwid": "naa.50014ee2b9d6f3a1\n",
            "/sys/block/vda/serial": "volume-7\n", "/sys/block/sdb/device/wwid": "t10.ATA QEMU HARDDISK QM00001\n",
            "/sys/block/sdc/size": "8\n",
        ])
        let disks = PhysicalDisks.read(["nvme0n1", "sda", "vda", "sdb", "sdc"], from: tree.root)
        #expect(disks.map(\.device) == ["/dev/nvme0n1", "/dev/sda", "/dev/vda"])
        #expect(disks[0].serial == "S3E9F1654FF")
        #expect(disks[0].wwn == "eui.0025385391b2d1a7")
        #expect(disks[0].sizeBytes == 1_024_209_543_168)
        #expect(disks[1].serial == "WD-AB12")
        #expect(disks[1].wwn == "naa.50014ee2b9d6f3a1")
        #expect(disks[2].serial == "volume-7")
    }

    @Test("a container says nothing of the disks of its host", arguments: ["/run/systemd/container", "/.dockerenv"])
    func contained(mark: String) throws {
        let tree = try FixtureTree(["/sys/block/vda/serial": "volume-7\n", mark: ""])
        #expect(PhysicalDisks.read(["vda"], from: tree.root).isEmpty)
    }

    @Test(
        "another page, and one that is cut off, says nothing",
        arguments: ["", "\u{0}\u{FFFD}\u{0}", "\u{0}\u{0}\u{0}\u{8}WD-AB12"])
    func noNumber(page: String) { #expect(PhysicalDisks.unitSerialNumber(page: page) == nil) }
}
