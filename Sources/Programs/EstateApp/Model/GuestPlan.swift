/// One VM or container as it was set up.
package struct GuestPlan: Sendable {
    package enum Kind: String, Sendable { case qemu, lxc }
    /// What the hypervisor can learn from within.
    enum Agent: String, Sendable { case disabled, missing, slow, present }
    /// When it runs.
    enum Habit: Sendable { case always, office, never }

    package let vmid: Int
    package let kind: Kind
    package let name: String
    let seed: Seed
    /// Index of the node it was made on.
    let home: Int
    let storage: Int
    let cores: Int
    let memory: Int64
    let disk: Int64
    let agent: Agent
    let habit: Habit
    package let isTemplate: Bool
    let isHighlyAvailable: Bool
    let isMovable: Bool
    let hasReplication: Bool
    package let address: String
    /// Where its installation came from: equal for guests cloned without a new machine id.
    let machine: Seed
    /// Equal for a guest restored beside its original.
    let hardware: Seed
    package let clonedFrom: Int?

    var isWindows: Bool { kind == .qemu && system >= 4 }
    /// Index into `GuestSystem.all`.
    var system: Int { kind == .qemu ? seed.pick(.system, [0, 0, 1, 2, 3, 4, 5]) : seed.int(.system, 0...3) }

    package var machineID: String? { isWindows || isTemplate ? nil : machine.hex(.machine, digits: 32) }
    package var hardwareUUID: String? { kind == .qemu ? hardware.uuid(.hardware) : nil }
    package var hardwareAddress: String { HardwareAddress.text(seed.child(.hardwareAddress), vendor: "bc:24:11") }
    var generation: String { seed.uuid(.golden) }

    var tags: [String] {
        var tags = seed.pick(
            .tags, [[], ["production"], ["staging"], ["production", "web"], ["db", "production"], ["lab"]])
        if seed.child(.tags).chance(.habit, 0.03) { tags.append("pulse-no-alerts") }
        return tags
    }
    var pool: String? { seed.chance(.pool, 0.15) ? "customers" : nil }
    var isBackedUp: Bool { !isTemplate && seed.chance(.backup, 0.85) }
    var snapshots: Int { isTemplate || !seed.chance(.snapshot, 0.3) ? 0 : seed.child(.snapshot).int(.content, 1...3) }

    /// 0...1 of its own cores.
    var cpu: Curve {
        Curve(
            base: seed.number(.cpuLevel, 0.01...0.45), daily: 0.4, hourly: 0.1, noise: 0.4,
            phase: seed.number(.cpuPhase, 18_000...36_000), seed: seed.child(.cpuLevel))
    }
    /// 0...1 of `memory`, as the hypervisor sees it: caches of a VM count, those of a container do not.
    var memoryUse: Curve {
        Curve(
            base: isWindows ? 0.97 : seed.number(.memoryLevel, 0.25...0.88), daily: isWindows ? 0.01 : 0.04,
            hourly: 0.01, noise: 0.02, phase: 25_000, seed: seed.child(.memoryLevel))
    }
    /// Share of the used memory that is cache, of which nearly all can be had back.
    var cacheShare: Double { seed.number(.load, 0.2...0.6) }
    var networkIn: Curve { rate(.networkIn, 500...800_000) }
    var networkOut: Curve { rate(.networkOut, 400...600_000) }
    var reads: Curve { rate(.readRate, 200...2_000_000) }
    var writes: Curve { rate(.writeRate, 2_000...1_500_000) }

    /// Bytes used of `disk`: grows for a month, then somebody cleans up.
    func diskUse(at time: Double) -> Int64 {
        let month = time / 2_592_000 + seed.fraction(.growth)
        let level = seed.number(.usage, 0.08...0.75) + 0.12 * (month - month.rounded(.down))
        return Int64(Double(disk) * level)
    }

    private func rate(_ trait: Trait, _ range: ClosedRange<Double>) -> Curve {
        // Most guests are quiet: the square bends the draw towards the lower end.
        let draw = seed.fraction(trait)
        return Curve(
            base: range.lowerBound + draw * draw * (range.upperBound - range.lowerBound), daily: 0.4, hourly: 0.1,
            noise: 0.45, phase: seed.number(.cpuPhase, 18_000...36_000), seed: seed.child(trait))
    }
}
