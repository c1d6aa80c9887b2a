/// The place of a report in its agent's stream, `v1:STREAM:N` on the wire. N counts from 1 and never repeats within a
/// stream; our agent keeps the stream with its queue on disk, agents of the field begin a new one per process.
package struct SequenceID: Hashable, Sendable, CustomStringConvertible {
    /// 1 to 64 bytes, no colon; 32 hex digits from ours.
    package let stream: String
    package let number: UInt64

    package init(stream: String, number: UInt64) {
        self.stream = stream
        self.number = number
    }

    /// Any other form is nil: it is stored with the report and not used for ordering.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "v1", (1...64).contains(parts[1].utf8.count),
            (1...20).contains(parts[2].utf8.count), parts[2].utf8.allSatisfy({ (48...57).contains($0) }),
            let number = UInt64(parts[2]), number > 0, number <= UInt64(Int64.max)
        else { return nil }
        self.init(stream: String(parts[1]), number: number)
    }

    package var description: String { "v1:\(stream):\(number)" }
}
