/// Where randomness comes from: a number that depends on nothing but the way to it. Asking twice, or in another order,
/// gives the same answer, so nothing drawn has to be stored.
package struct Seed: Hashable, Sendable {
    package let value: UInt64

    package init(_ value: UInt64) { self.value = value }

    /// The seed of a part, told from its siblings by `number`.
    func child(_ number: Int) -> Seed { Seed(Self.mix(value ^ Self.mix(UInt64(bitPattern: Int64(number)) &+ 1))) }

    func child(_ trait: Trait) -> Seed { child(trait.rawValue) }

    func child(_ trait: Trait, _ number: Int) -> Seed { child(trait.rawValue).child(number) }

    /// 0..<1.
    func fraction(_ trait: Trait) -> Double { Double(child(trait).value >> 11) * 0x1p-53 }

    func number(_ trait: Trait, _ range: ClosedRange<Double>) -> Double {
        range.lowerBound + fraction(trait) * (range.upperBound - range.lowerBound)
    }

    func int(_ trait: Trait, _ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(child(trait).value % UInt64(range.count))
    }

    func chance(_ trait: Trait, _ probability: Double) -> Bool { fraction(trait) < probability }

    func pick<Value>(_ trait: Trait, _ values: [Value]) -> Value { values[int(trait, 0...values.count - 1)] }

    /// Lower-case hexadecimal digits.
    func hex(_ trait: Trait, digits: Int) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(digits)
        let start = child(trait)
        for index in 0..<digits {
            let word = start.child(index / 16).value
            text.append(Self.hexDigits[Int(word >> UInt64(60 - index % 16 * 4) & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// A version 4 UUID in lower case.
    func uuid(_ trait: Trait) -> String {
        var digits = Array(hex(trait, digits: 32).utf8)
        digits[12] = UInt8(ascii: "4")
        digits[16] = Array("89ab".utf8)[Int(child(trait).value & 3)]
        var text: [UInt8] = []
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append(UInt8(ascii: "-")) }
            text.append(digit)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// SplitMix64's finaliser: every bit of the input moves every bit of the output.
    private static func mix(_ input: UInt64) -> UInt64 {
        var value = input &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
}

/// What a drawn number is for. The raw value decides what every estate contains: append, never reorder.
enum Trait: Int, Sendable {
    case organisation = 1000
    case cluster, node, guest, storage, disk, release
    case nodeCount = 1008
    case name, role, site, subnet, domain, kind, cores, memory, size, usage, growth, habit, agent, tags, system
    case template, home, availability, backup, cpuLevel
    case cpuPhase = 1030
    case memoryLevel, networkIn, networkOut, readRate, writeRate, noise, texture, reboot, rebootPeriod, migration
    case migrationPeriod, outage, outagePeriod, outageLength, renaming, renamePeriod, machine, hardware
    case hardwareAddress, cloned, restored, secret, limitedSecret, password, certificate, cpuModel, sockets, swap
    case wear, health, serial, model, ceph, fsid, pool, snapshot, replication, update, task, failure, duration
    case process, subscription, placeholder, shift, delay, load, content
    case options = 1080
    case agentInstalled, docker, reinstalled, moved, reused, doubled, qualified, letterCase, privileged, metal
    case golden, bridge, moment, source, detail, nonRoot
}
