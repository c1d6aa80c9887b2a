import Compression
import NIOCore

/// Bodies nobody should read to the end, a piece at a time.
struct HostileBody {
    let headers: [(name: String, value: String)]
    /// Pieces that leave together, and the time until the next ones do.
    var piecesAtOnce = 8
    var pause = TimeAmount.zero
    /// The next piece; `nil` at the end, which most do not have.
    let next: () -> [UInt8]?

    private static let json = (name: "Content-Type", value: "application/json;charset=UTF-8")
    private static let piece = 65_536

    /// `nil` for modes that are no body.
    static func make(_ fault: Fault, nodes: [String]) -> HostileBody? {
        switch fault.mode {
        case .endlessBody: endless(pieceBytes: piece, [json, (name: "Connection", value: "close")])
        case .endlessChunks: endless(pieceBytes: 1, [json, (name: "Transfer-Encoding", value: "chunked")])
        case .hugeBody: huge(fault.bytes)
        case .gzipBomb: bomb()
        case .manyGuests: guests(fault.count, nodes)
        case .deepJSON: deep(fault.depth)
        default: nil
        }
    }

    /// A true answer, a tenth of a second's share at a time.
    static func slow(_ reply: FaceReply, bytesPerSecond: Int) -> HostileBody {
        var left = reply.body[...]
        let share = max(1, bytesPerSecond / 10)
        let length = (name: "Content-Length", value: "\(reply.body.count)")
        return HostileBody(headers: reply.headers + [length], piecesAtOnce: 1, pause: .milliseconds(100)) {
            guard !left.isEmpty else { return nil }
            defer { left = left.dropFirst(share) }
            return Array(left.prefix(share))
        }
    }

    private static func endless(pieceBytes: Int, _ headers: [(name: String, value: String)]) -> HostileBody {
        var isFirst = true
        let blanks = [UInt8](repeating: 0x20, count: pieceBytes)
        // Single bytes would otherwise keep a whole core busy on both sides.
        return HostileBody(headers: headers, pause: pieceBytes == 1 ? .milliseconds(1) : .zero) {
            defer { isFirst = false }
            return isFirst ? Array(#"{"data":["#.utf8) : blanks
        }
    }

    /// Well-formed: strings in a list.
    private static func huge(_ bytes: Int) -> HostileBody {
        let start = Array(#"{"data":[""#.utf8)
        let end = Array(#""]}"#.utf8)
        var left = max(0, bytes - start.count - end.count)
        var state = 0
        let filler = [UInt8](repeating: UInt8(ascii: "x"), count: piece)
        let length = (name: "Content-Length", value: "\(left + start.count + end.count)")
        return HostileBody(headers: [json, length]) {
            if state == 0 {
                state = 1
                return start
            }
            if left > 0 {
                let part = min(left, filler.count)
                left -= part
                return part == filler.count ? filler : Array(filler.prefix(part))
            }
            state += 1
            return state == 2 ? end : nil
        }
    }

    /// 10 MB that unfold to 10 GB in one gzip member: the same 16 MiB of blanks, compressed and flushed, 640 times.
    private static func bomb() -> HostileBody {
        func block(_ bytes: [UInt8]) -> [UInt8] { Deflate.compress(bytes, level: 9) + [0, 0, 0xFF, 0xFF] }
        let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
        let start = header + block(Array(#"{"data":["#.utf8))
        let blanks = block([UInt8](repeating: 0x20, count: 16 << 20))
        var sent = -1
        return HostileBody(headers: [
            json, (name: "Content-Encoding", value: "gzip"), (name: "Transfer-Encoding", value: "chunked"),
        ]) {
            sent += 1
            return sent == 0 ? start : sent <= 640 ? blanks : sent == 641 ? [3, 0, 0, 0, 0, 0, 0, 0, 0, 0] : nil
        }
    }

    /// A list of guests as `/cluster/resources` has it.
    private static func guests(_ count: Int, _ nodes: [String]) -> HostileBody {
        var number = 0
        var isDone = false
        return HostileBody(headers: [json, (name: "Transfer-Encoding", value: "chunked")]) {
            guard !isDone else { return nil }
            var text = number == 0 ? #"{"data":["# : ""
            let end = min(number + 500, count)
            while number < end {
                text +=
                    #"\#(number == 0 ? "" : ","){"id":"qemu/\#(100 + number)","type":"qemu","vmid":\#(100 + number),"#
                text +=
                    #""node":"\#(nodes[number % nodes.count])","name":"vm-\#(number)","status":"running","#
                text += #""cpu":0.01,"maxcpu":1,"mem":536870912,"maxmem":1073741824,"disk":0,"maxdisk":8589934592,"#
                text += #""uptime":\#(number),"netin":1,"netout":1,"diskread":1,"diskwrite":1,"template":0}"#
                number += 1
            }
            if number >= count {
                isDone = true
                text += "]}"
            }
            return Array(text.utf8)
        }
    }

    private static func deep(_ depth: Int) -> HostileBody {
        var opened = 0
        var closed = 0
        var isStarted = false
        let length = (name: "Content-Length", value: "\(8 + depth * 2 + 1)")
        return HostileBody(headers: [json, length]) {
            if !isStarted {
                isStarted = true
                return Array(#"{"data":"#.utf8)
            }
            if opened < depth {
                let part = min(piece, depth - opened)
                opened += part
                return [UInt8](repeating: UInt8(ascii: "["), count: part)
            }
            if closed < depth {
                let part = min(piece, depth - closed)
                closed += part
                return [UInt8](repeating: UInt8(ascii: "]"), count: part)
            }
            closed += 1
            return closed == depth + 1 ? [UInt8(ascii: "}")] : nil
        }
    }
}
