/// One machine that runs guests.
package struct NodePlan: Sendable {
    package let index: Int
    package let name: String
    let seed: Seed
    let sockets: Int
    let coresPerSocket: Int
    /// Bytes.
    let memory: Int64
    let rootSize: Int64
    let hasPool: Bool

    init(index: Int, name: String, seed: Seed, guests: Int, of count: Int) {
        self.index = index
        self.name = name
        self.seed = seed
        sockets = seed.pick(.sockets, [1, 1, 2])
        coresPerSocket = seed.pick(.cores, [8, 12, 16, 24, 32])
        // Room for its share of guests at 4 GiB each, and for one failed neighbour's.
        let wanted = Int64(guests / max(count, 1)) * 6
        memory = max(seed.pick(.memory, [32, 64, 128, 256]), (wanted / 32 + 1) * 32) * 1_073_741_824
        rootSize = seed.pick(.size, [64, 96, 100, 230]) * 1_000_000_000
        hasPool = Self.hasPool(seed)
    }

    var threads: Int { sockets * coresPerSocket * 2 }
    var swap: Int64 { 8 * 1_073_741_824 - 4096 }
    var cpuModel: String {
        seed.pick(
            .cpuModel,
            [
                "Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz", "AMD EPYC 7443P 24-Core Processor",
                "Intel(R) Core(TM) i5-8500T CPU @ 2.10GHz", "AMD Ryzen 9 5950X 16-Core Processor",
                "Intel(R) N100",
            ])
    }

    package var machineID: String { seed.hex(.machine, digits: 32) }
    package var hardwareUUID: String { seed.uuid(.hardware) }
    package var hardwareAddress: String { HardwareAddress.text(seed.child(.hardwareAddress), vendor: "3c:ec:ef") }

    var cpu: Curve {
        Curve(
            base: seed.number(.cpuLevel, 0.06...0.4), daily: 0.35, hourly: 0.1, noise: 0.4,
            phase: seed.number(.cpuPhase, 18_000...36_000), seed: seed.child(.cpuLevel))
    }
    var memoryUse: Curve {
        Curve(
            base: seed.number(.memoryLevel, 0.35...0.8), daily: 0.04, hourly: 0.01, noise: 0.02,
            phase: seed.number(.cpuPhase, 18_000...36_000), seed: seed.child(.memoryLevel))
    }
    var networkIn: Curve { traffic(.networkIn, 200_000...20_000_000) }
    var networkOut: Curve { traffic(.networkOut, 150_000...15_000_000) }
    /// 0...1 of all cores.
    var waiting: Curve {
        Curve(base: seed.number(.load, 0.001...0.02), daily: 0.3, noise: 0.6, seed: seed.child(.load))
    }
    /// 0...1 of `rootSize`.
    var rootUse: Curve { Curve(base: seed.number(.usage, 0.08...0.6), daily: 0.002, seed: seed.child(.usage)) }

    private func traffic(_ trait: Trait, _ range: ClosedRange<Double>) -> Curve {
        Curve(
            base: seed.number(trait, range), daily: 0.45, hourly: 0.1, noise: 0.4,
            phase: seed.number(.cpuPhase, 18_000...36_000), seed: seed.child(trait))
    }
}

/// MAC addresses.
enum HardwareAddress {
    /// Lower case with colons. `vendor`: the first three bytes, as in `bc:24:11`, which is Proxmox's own.
    static func text(_ seed: Seed, vendor: String) -> String {
        let digits = Array(seed.hex(.hardwareAddress, digits: 6).utf8)
        func pair(_ index: Int) -> String { String(decoding: digits[index..<index + 2], as: UTF8.self) }
        return "\(vendor):\(pair(0)):\(pair(2)):\(pair(4))"
    }
}
