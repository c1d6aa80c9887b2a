import JSONKit

/// A guest's configuration file as the API returns it.
enum PVEGuestConfig {
    static func write(_ guest: GuestPlan, _ state: GuestState, _ call: PVECall, _ json: inout JSONWriter) {
        let disk = "\(call.plan.storages[guest.storage].name):\(volume(of: guest, call.plan)),size=\(guest.disk >> 30)G"
        json.member("digest", guest.seed.hex(.options, digits: 40))
        json.member("cores", guest.cores)
        json.member("onboot", guest.habit == .always ? 1 : nil as Int?)
        if guest.isTemplate { json.member("template", 1) }
        if !guest.tags.isEmpty { json.member("tags", guest.tags.joined(separator: ";")) }
        if let original = guest.clonedFrom { json.member("description", "clone of \(original)\n") }
        guard guest.kind == .qemu else {
            json.member("hostname", state.name)
            json.member("arch", "amd64")
            json.member("ostype", GuestSystem.all[guest.system].type)
            // Memory is a number here and a text in a VM's file.
            json.member("memory", guest.memory >> 20)
            json.member("swap", guest.memory >> 21)
            json.member("unprivileged", guest.seed.chance(.privileged, 0.8) ? 1 : nil as Int?)
            json.member("rootfs", disk)
            json.member("net0", "name=eth0,bridge=vmbr0,hwaddr=\(guest.hardwareAddress.uppercased()),ip=dhcp,type=veth")
            return
        }
        json.member("name", state.name)
        json.member("memory", "\(guest.memory >> 20)")
        json.member("balloon", guest.isWindows ? 0 : nil as Int?)
        json.member("sockets", 1)
        json.member("cpu", "x86-64-v2-AES")
        json.member("numa", 0)
        json.member("ostype", guest.isWindows ? GuestSystem.all[guest.system].type : "l26")
        json.member("machine", guest.isWindows ? "pc-q35-9.0" : nil as String?)
        json.member("scsihw", "virtio-scsi-single")
        json.member("scsi0", "\(disk),discard=on,iothread=1")
        json.member("ide2", "none,media=cdrom")
        json.member("boot", "order=scsi0;ide2")
        json.member("net0", "virtio=\(guest.hardwareAddress.uppercased()),bridge=vmbr0,firewall=1")
        json.member("smbios1", "uuid=\(guest.hardwareUUID ?? "")")
        json.member("vmgenid", guest.generation)
        if guest.agent != .disabled {
            json.member("agent", guest.seed.chance(.options, 0.5) ? "1" : "enabled=1,fstrim_cloned_disks=1")
        }
    }

    static func volume(of guest: GuestPlan, _ plan: ClusterPlan) -> String {
        let storage = plan.storages[guest.storage]
        let kind = guest.isTemplate ? "base" : guest.kind == .lxc && storage.kind == .zfspool ? "subvol" : "vm"
        let name = "\(kind)-\(guest.vmid)-disk-0"
        return storage.kind == .nfs || storage.kind == .dir ? "\(guest.vmid)/\(name).qcow2" : name
    }
}
