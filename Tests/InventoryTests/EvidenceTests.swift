import Inventory
import Testing

@Suite("What a disk says of its machine") struct EvidenceTests {
    @Test("the same number by whatever way it was read")
    func same() {
        #expect(Evidence.ofHost(diskSerial: " S3E9F1654FF ", wwn: nil) == [Evidence(.hostDisk, "s3e9f1654ff")])
        let told = ["0x50014ee2b9d6f3a1", "naa.50014ee2b9d6f3a1", "50014EE2B9D6F3A1"]
        #expect(
            Set(told.flatMap { Evidence.ofHost(diskSerial: nil, wwn: $0) }) == [Evidence(.hostDisk, "50014ee2b9d6f3a1")]
        )
    }

    @Test(
        "a number that many have says nothing",
        arguments: ["", "QM00001", "drive-scsi0", "unknown", "0000000000", "12345678", "0123456789ABCDEF", "x1"])
    func made(up: String) { #expect(Evidence.ofHost(diskSerial: up, wwn: up).isEmpty) }
}
