/// Just enough of RFC 1035 to ask a name server for an address and to know that it was one who answered. Pure.
enum DNSMessage {
    struct Query: Sendable, Hashable {
        let number: UInt16
        let bytes: [UInt8]
    }

    enum Verdict: Sendable, Hashable {
        case answers
        /// It knows nothing of that name.
        case nothing
        case refused(code: Int)
        case garbage
    }

    /// - Returns: `nil` for what cannot be a name: parts of 1 to 63 bytes, 253 in all.
    static func query(_ name: String, number: UInt16) -> Query? {
        let name = name.hasSuffix(".") ? String(name.dropLast()) : name
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map { Array($0.utf8) }
        guard (1...253).contains(name.utf8.count), parts.allSatisfy({ (1...63).contains($0.count) }),
            name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        // One question, recursion desired; type A, class IN.
        var bytes: [UInt8] = [UInt8(number >> 8), UInt8(number & 0xFF), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        for part in parts { bytes += [UInt8(part.count)] + part }
        bytes += [0, 0, 1, 0, 1]
        return Query(number: number, bytes: bytes)
    }

    static func verdict(of answer: [UInt8], to query: Query) -> Verdict {
        // Ours, an answer, and the question as it was asked.
        guard answer.count >= query.bytes.count, answer[0] == query.bytes[0], answer[1] == query.bytes[1],
            answer[2] & 0x80 != 0, isSameQuestion(answer, query.bytes)
        else { return .garbage }
        let code = Int(answer[3] & 0x0F)
        if code == 3 { return .nothing }
        guard code == 0 else { return .refused(code: code) }
        return answer[6] == 0 && answer[7] == 0 ? .nothing : .answers
    }

    /// Letters may come back in another case.
    private static func isSameQuestion(_ answer: [UInt8], _ query: [UInt8]) -> Bool {
        func folded(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }
        return answer[12..<query.count].map(folded) == query[12...].map(folded)
    }
}
