/// Which local address is which node. Addresses are handed out in a row; the ends of each /24 stay free.
struct AddressBook: Sendable {
    private let base: UInt32
    /// Number of nodes before each cluster, and at the end of all.
    private let starts: [Int]

    /// - Parameter first: the first node's, dotted.
    init?(first: String, nodeCounts: [Int]) {
        guard let base = Self.parse(first), base & 255 >= 1, base & 255 <= 254 else { return nil }
        self.base = base
        var total = 0
        starts =
            nodeCounts.map { count in
                defer { total += count }
                return total
            } + [total]
        let last = number(total)
        guard last >= base else { return nil }
        // What begins in 127/8 has to end there.
        guard base >> 24 != 127 || last >> 24 == 127 else { return nil }
    }

    func address(cluster: Int, node: Int) -> String {
        let value = number(starts[cluster] + node)
        return "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)"
    }

    func find(_ address: String) -> (cluster: Int, node: Int)? {
        guard let value = Self.parse(address), value & 255 >= 1, value & 255 <= 254, value >= base else { return nil }
        let index = Int(value >> 8 - base >> 8) * 254 + Int(value & 255) - Int(base & 255)
        guard index >= 0, index < starts[starts.count - 1] else { return nil }
        var (low, high) = (0, starts.count - 2)
        while low < high {
            let middle = (low + high + 1) / 2
            if starts[middle] <= index { low = middle } else { high = middle - 1 }
        }
        return (low, index - starts[low])
    }

    private func number(_ index: Int) -> UInt32 {
        let offset = Int(base & 255) - 1 + index
        return (base >> 8 &+ UInt32(offset / 254)) << 8 | UInt32(offset % 254 + 1)
    }

    private static func parse(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let part else { return nil }
            value = value << 8 | UInt32(part)
        }
        return value
    }
}
