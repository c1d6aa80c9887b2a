import Kernel

/// The target of a request line, taken apart and decoded strictly: what cannot be read one way only is refused.
struct RequestTarget {
    /// Decoded; `["api", "me"]`. A trailing slash leaves an empty last segment.
    let segments: [String]
    let path: String
    let query: Query
    /// As it came, for the access log; never decoded.
    let rawQuery: Substring

    /// - Throws: 400 `bad-path` or `bad-query`.
    init(_ raw: String) throws(Problem) {
        guard raw.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .badPath("it holds bytes that must be escaped")
        }
        let target = Self.withoutAuthority(raw)
        let pieces = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let rawPath = pieces.first, rawPath.first == "/", !rawPath.contains("#") else {
            throw .badPath("it must begin with /")
        }
        rawQuery = pieces.count > 1 ? pieces[1] : ""
        query = try Query(parsing: rawQuery)
        segments = try Self.segments(of: rawPath.dropFirst())
        path = "/" + segments.joined(separator: "/")
    }

    /// `.` and `..` are refused, escaped or not, rather than resolved: two readers of one path must not disagree.
    private static func segments(of path: Substring) throws(Problem) -> [String] {
        var segments: [String] = []
        for raw in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let segment = PercentDecoding.decode(raw, as: .path) else {
                throw .badPath("an escape in it cannot be read")
            }
            guard segment != ".", segment != "..", !segment.utf8.contains(where: { $0 == 0x2F || $0 == 0x5C }) else {
                throw .badPath("segments must not be dots, nor hold a slash or backslash")
            }
            segments.append(segment)
        }
        guard segments.count <= 32 else { throw .badPath("it has more than 32 segments") }
        return segments
    }

    /// Turns the absolute form of RFC 9112, 3.2.2 into the origin form.
    private static func withoutAuthority(_ raw: String) -> Substring {
        for scheme in ["http://", "https://"] where raw.lowercased().hasPrefix(scheme) {
            let rest = raw.dropFirst(scheme.count)
            return rest.firstIndex { $0 == "/" || $0 == "?" }.map { rest[$0...] } ?? "/"
        }
        return raw[...]
    }
}

extension Problem {
    static func badPath(_ why: String) -> Problem {
        Problem("bad-path", status: 400, title: "The path cannot be read", detail: "The path is refused: \(why).")
    }
}
