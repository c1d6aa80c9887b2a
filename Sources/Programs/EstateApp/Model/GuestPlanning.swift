/// How a cluster comes by its guests.
extension GuestPlan {
    static let roles = [
        "web", "db", "mail", "app", "git", "ci", "proxy", "dns", "files", "backup", "win", "monitor", "cache", "vpn",
    ]

    /// One guest in 16 is a clone whose machine id was never renewed, one in 100 a copy restored beside its original.
    static func all(seed: Seed, count: Int, nodes: Int, storages: [StoragePlan], network: String) -> [GuestPlan] {
        var guests: [GuestPlan] = []
        guests.reserveCapacity(count)
        let disks = storages.indices.filter { storages[$0].holdsDisks }
        for index in 0..<count {
            let own = seed.child(.guest, index)
            let original = index >= 4 ? guests[own.int(.cloned, 0...index - 1)] : nil
            guests.append(make(index: index, own, nodes: nodes, storages, disks, network, original))
        }
        return guests
    }

    private static func make(
        index: Int, _ seed: Seed, nodes: Int, _ storages: [StoragePlan], _ disks: [Int], _ network: String,
        _ candidate: GuestPlan?
    ) -> GuestPlan {
        let kind: Kind = seed.chance(.kind, 0.65) ? .qemu : .lxc
        let original = candidate.flatMap { $0.kind == kind ? $0 : nil }
        let isRestored = original?.isTemplate == false && seed.chance(.restored, 0.02)
        let isClone = original != nil && (isRestored || seed.chance(.cloned, 0.12))
        let home = seed.int(.home, 0...nodes - 1)
        let here = disks.filter { storages[$0].isOn(home) }
        let storage = here.isEmpty ? 0 : here[seed.int(.storage, 0...here.count - 1)]
        let isTemplate = index > 0 && seed.chance(.template, 0.03)
        let isShared = storages[storage].isShared
        let role = seed.pick(.role, roles)
        let number = seed.int(.name, 1...3) + index / 14
        return GuestPlan(
            vmid: 100 + index, kind: kind,
            name: isRestored
                ? original?.name ?? role : isTemplate ? "tmpl-\(role)" : "\(role)-\(number < 10 ? "0" : "")\(number)",
            seed: seed, home: home, storage: storage, cores: seed.pick(.cores, [1, 2, 2, 4, 8]),
            memory: seed.pick(.memory, [512, 1024, 2048, 4096, 8192]) * 1_048_576,
            disk: seed.pick(.size, [8, 16, 32, 64, 128]) * 1_073_741_824,
            agent: kind == .lxc ? .disabled : agent(seed), habit: isTemplate ? .never : habit(seed),
            isTemplate: isTemplate,
            isHighlyAvailable: nodes > 1 && isShared && !isTemplate && seed.chance(.availability, 0.4),
            isMovable: nodes > 1 && isShared && !isTemplate && seed.chance(.migration, 0.3),
            hasReplication: nodes > 1 && storages[storage].kind == .zfspool && seed.chance(.replication, 0.3),
            address: "\(thirds(network, index)).\(10 + index % 240)",
            machine: isClone ? original?.machine ?? seed : seed,
            hardware: isRestored ? original?.hardware ?? seed : seed,
            clonedFrom: isClone ? original?.vmid : nil)
    }

    /// A full /24 spills into the next one.
    private static func thirds(_ network: String, _ index: Int) -> String {
        guard index >= 240, let dot = network.lastIndex(of: "."), let last = Int(network[network.index(after: dot)...])
        else { return network }
        return "\(network[..<dot]).\((last + index / 240) % 256)"
    }

    private static func agent(_ seed: Seed) -> Agent {
        switch seed.fraction(.agent) {
        case ..<0.55: .present
        case ..<0.6: .slow
        case ..<0.7: .missing
        default: .disabled
        }
    }

    private static func habit(_ seed: Seed) -> Habit {
        switch seed.fraction(.habit) {
        case ..<0.06: .never
        case ..<0.1: .office
        default: .always
        }
    }
}

/// What a guest runs, as its agent tells it.
struct GuestSystem: Sendable {
    let id: String
    let name: String
    let pretty: String
    let version: String
    let kernel: String
    /// PVE's `ostype`.
    let type: String

    static let all = [
        GuestSystem(
            id: "debian", name: "Debian GNU/Linux", pretty: "Debian GNU/Linux 12 (bookworm)", version: "12 (bookworm)",
            kernel: "6.1.0-28-amd64", type: "debian"),
        GuestSystem(
            id: "ubuntu", name: "Ubuntu", pretty: "Ubuntu 24.04.1 LTS", version: "24.04.1 LTS (Noble Numbat)",
            kernel: "6.8.0-49-generic", type: "ubuntu"),
        GuestSystem(
            id: "rocky", name: "Rocky Linux", pretty: "Rocky Linux 9.4 (Blue Onyx)", version: "9.4 (Blue Onyx)",
            kernel: "5.14.0-427.el9.x86_64", type: "centos"),
        GuestSystem(
            id: "alpine", name: "Alpine Linux", pretty: "Alpine Linux v3.20", version: "3.20.3",
            kernel: "6.6.58-0-virt", type: "alpine"),
        GuestSystem(
            id: "mswindows", name: "Microsoft Windows", pretty: "Windows Server 2022 Standard",
            version: "Microsoft Windows Server 2022", kernel: "20348", type: "win11"),
        GuestSystem(
            id: "mswindows", name: "Microsoft Windows", pretty: "Windows 10 Pro", version: "Microsoft Windows 10",
            kernel: "19045", type: "win10"),
    ]
}
