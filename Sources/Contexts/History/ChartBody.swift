import HTTPKit
import Kernel

/// An answer whose lines are written already, and lie where they were written until they leave: what is large is not put
/// together a second time.
struct ChartBody: Sendable {
    private static let piece = 256 << 10

    /// Everything but the lines.
    private let frame: [UInt8]
    /// In their order, and where in the frame each belongs.
    private let lines: [(at: Int, json: [UInt8])]
    private let largestWhole: Int
    let byteCount: Int

    /// - Parameter largestWhole: what is larger leaves in pieces. Ordinary pages (500 resources with four metrics are 5 MB)
    ///   have a length.
    init(_ frame: [UInt8], _ lines: [(at: Int, json: [UInt8])], largestWhole: Int = 16 << 20) {
        (self.frame, self.lines, self.largestWhole) = (frame, lines, largestWhole)
        byteCount = lines.reduce(frame.count) { $0 + $1.json.count }
    }

    var response: APIResponse {
        guard byteCount > largestWhole else {
            var whole: [UInt8] = []
            whole.reserveCapacity(byteCount)
            write(to: &whole, from: 0..<lines.count)
            return .json(whole)
        }
        return APIResponse(
            headers: ["content-type": "application/json"],
            body: .stream { writer in
                var start = 0
                while start < lines.count {
                    var (end, size) = (start, 0)
                    while end < lines.count, size < Self.piece {
                        size += lines[end].json.count
                        end += 1
                    }
                    var bytes: [UInt8] = []
                    write(to: &bytes, from: start..<end)
                    try await writer.write(bytes)
                    start = end
                }
            })
    }

    /// Some lines, each behind what of the frame comes before it; behind the last one all that is left.
    private func write(to bytes: inout [UInt8], from some: Range<Int>) {
        for index in some {
            bytes += frame[(index == 0 ? 0 : lines[index - 1].at)..<lines[index].at]
            bytes += lines[index].json
        }
        if some.upperBound == lines.count { bytes += frame[(lines.last?.at ?? 0)...] }
    }
}
