/// A disk in a node.
struct DiskPlan: Sendable {
    enum Kind: String, Sendable { case nvme, ssd, hdd, usb }

    let device: String
    let kind: Kind
    let seed: Seed
    let size: Int64
    /// What lies on it, in PVE's words.
    let use: String

    var serial: String {
        (kind == .hdd ? "WD-" : kind == .nvme ? "S" : "BTYS") + seed.hex(.serial, digits: 10).uppercased()
    }
    var model: String {
        switch kind {
        case .nvme: seed.pick(.model, ["SAMSUNG MZVL21T0HCLR-00B00", "INTEL SSDPE2KX040T8", "WD_BLACK SN850X 2000GB"])
        case .ssd: seed.pick(.model, ["INTEL SSDSC2KB960G8", "Samsung SSD 870 EVO 1TB", "CT1000MX500SSD1"])
        case .hdd: seed.pick(.model, ["WDC WD80EFAX-68KNBN0", "ST4000VN008-2DR166"])
        case .usb: "Flash Drive"
        }
    }
    var name: String { String(seed.hex(.serial, digits: 16)) }
    var celsius: Int { seed.int(.load, 26...49) }
    /// Three disks in a hundred are failing.
    var isFailing: Bool { seed.chance(.health, 0.03) }

    /// Percent of its life that is left, falling slowly; `nil` where nothing is known of it.
    func lifeLeft(at time: Double) -> Int? {
        guard kind == .nvme || kind == .ssd, !seed.chance(.detail, 0.1) else { return nil }
        let days = (time - 1_735_689_600) / 86_400
        return max(1, seed.int(.wear, 40...100) - Int(days * seed.number(.growth, 0.002...0.02)))
    }

    /// The boot disk, those of a pool and those of Ceph.
    static func all(of node: NodePlan, ceph: CephPlan?) -> [DiskPlan] {
        var disks: [DiskPlan] = []
        let isNVMe = node.seed.chance(.disk, 0.5)
        disks.append(
            DiskPlan(
                device: isNVMe ? "/dev/nvme0n1" : "/dev/sda", kind: isNVMe ? .nvme : .ssd,
                seed: node.seed.child(.disk, 0),
                size: 1_000_204_886_016, use: "BIOS boot"))
        func letter(_ index: Int) -> String { "/dev/sd\(String(UnicodeScalar(UInt8(98 + index))))" }
        for index in 0..<(node.hasPool ? 4 : 0) {
            disks.append(
                DiskPlan(
                    device: letter(index), kind: .hdd, seed: node.seed.child(.disk, 10 + index),
                    size: 4_000_787_030_016, use: "ZFS"))
        }
        for index in 0..<(ceph?.osdsPerNode ?? 0) {
            disks.append(
                DiskPlan(
                    device: "/dev/nvme\(index + 1)n1", kind: .nvme, seed: node.seed.child(.disk, 20 + index),
                    size: 3_840_755_982_336, use: "LVM"))
        }
        return disks
    }
}
