internal import JSONKit

/// What a guest's configuration and its agent told, as it goes into every observation: written once when it is learned,
/// because it is asked for every few minutes and told every few seconds.
struct GuestDetails: Sendable {
    /// JSON arrays.
    private(set) var disks: [UInt8] = []
    private(set) var networks: [UInt8] = []
    private(set) var files: [UInt8] = []
    private(set) var interfaces: [UInt8] = []
    /// By which it may be recognised.
    private(set) var addresses: [String] = []
    private(set) var cards: [String] = []

    mutating func learn(_ files: [AgentFileSystem]) {
        self.files = Self.list(files) { writer, system in
            writer.member("mountpoint", system.mountpoint)
            writer.member("filesystem", system.type)
            writer.member("device", system.device)
            writer.member("totalBytes", system.total)
            writer.member("usedBytes", system.used)
            writer.member("isCounted", system.total > 0 && !GuestDisk.isLeftOut(system))
        }
    }

    mutating func learn(_ config: GuestConfig?, _ interfaces: [GuestInterface]) {
        disks = Self.list(config?.disks.filter { !$0.isCDROM } ?? []) { writer, disk in
            writer.member("slot", disk.slot)
            writer.member("storage", disk.storage)
            writer.member("volume", disk.volume)
            writer.member("sizeBytes", disk.size)
        }
        networks = Self.list(config?.nics ?? []) { writer, nic in
            writer.member("slot", nic.slot)
            writer.member("mac", nic.mac)
            writer.member("bridge", nic.bridge)
            writer.member("model", nic.model)
        }
        self.interfaces = Self.list(interfaces) { writer, interface in
            writer.member("name", interface.name)
            writer.member("mac", interface.mac)
            writer.member(
                "addresses", interface.addresses.map { $0.prefix > 0 ? "\($0.text)/\($0.prefix)" : $0.text })
        }
        let told = interfaces.filter { $0.name != "lo" && !$0.name.hasPrefix("Loopback") }
        addresses = []
        for address in told.flatMap(\.addresses) where Self.tells(address.text) && !addresses.contains(address.text) {
            addresses.append(address.text)
        }
        // The configuration knows all cards of its own; the guest adds bridges of its containers, which are nobody's.
        cards = config?.nics.compactMap(\.mac) ?? []
        if cards.isEmpty { cards = told.compactMap(\.mac).filter { $0 != "00:00:00:00:00:00" } }
    }

    /// Every machine has these.
    private static func tells(_ address: String) -> Bool {
        !(address.hasPrefix("127.") || address == "::1" || address.lowercased().hasPrefix("fe80:")
            || address.hasPrefix("169.254."))
    }

    private static func list<Element>(_ all: [Element], _ write: (inout JSONWriter, Element) -> Void) -> [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.array { writer in
            for one in all { writer.object { write(&$0, one) } }
        }
        return writer.bytes
    }
}
