import AgentProtocol

/// The disks of a machine by the numbers that their makers gave them, from sysfs: readable by everybody, and nothing is sent
/// to a disk for it.
enum PhysicalDisks {
    static func read(_ devices: [String], from root: SystemRoot) -> [HostReport.PhysicalDisk] {
        // A container is shown the disks of its host.
        guard ["/run/systemd/container", "/.dockerenv", "/run/.containerenv"].allSatisfy({ root.text($0) == nil })
        else {
            return []
        }
        return devices.compactMap { device in
            let place = "/sys/block/\(String(device.map { $0 == "/" ? "!" : $0 }))"
            var disk = HostReport.PhysicalDisk()
            // NVMe and eMMC beside the device, virtio in front of it, SCSI and SATA in a page of their inquiry data.
            disk.serial =
                root.line("\(place)/device/serial") ?? root.line("\(place)/serial")
                ?? root.text("\(place)/device/vpd_pg80").flatMap(unitSerialNumber)
            disk.wwn = root.line("\(place)/wwid") ?? root.line("\(place)/device/wwid")
            // A wwid that is only vendor, model and serial number again (`t10.ATA …`, `nvme.…`) is no world-wide name.
            if let wwn = disk.wwn, !wwn.hasPrefix("naa."), !wwn.hasPrefix("eui.") { disk.wwn = nil }
            guard disk.serial != nil || disk.wwn != nil else { return nil }
            disk.device = "/dev/\(device)"
            disk.model = root.line("\(place)/device/model")
            disk.sizeBytes = root.number("\(place)/size").map { $0 &* 512 }
            return disk
        }
    }

    /// SPC-4, page 80h: the kind of device, 80h (which is no UTF-8 and was read as U+FFFD), two bytes of length, the number.
    static func unitSerialNumber(page: String) -> String? {
        let bytes = Array(page.unicodeScalars)
        guard bytes.count > 4, bytes[1] == "\u{FFFD}" else { return nil }
        var number = String.UnicodeScalarView()
        number.append(contentsOf: bytes[4...].filter { $0 > " " && $0 < "\u{7F}" })
        return number.isEmpty ? nil : String(number)
    }
}
