internal import CollectorKit
internal import JSONKit

/// What `/proc/meminfo` inside a guest says is available.
struct ProcMeminfo: Sendable, Hashable {
    /// Bytes. 0 is valid: the guest is full.
    let available: UInt64
    /// From an old kernel, put together from its parts.
    let isDerived: Bool

    /// `agent/file-read`: `{"content": …, "truncated": …}`.
    static func read(_ reader: inout JSONReader) throws(JSONError) -> ProcMeminfo? {
        let (content, isTruncated) = try reader.row(("", false)) { key, reader, row throws(JSONError) in
            switch key {
            case "content": row.0 = try reader.laxText() ?? ""
            case "truncated": row.1 = try reader.laxBool()
            default: try reader.skip()
            }
        }
        return ProcMeminfo(content, isTruncated: isTruncated)
    }

    /// Refuses what cannot be trusted: a field told twice, another unit than kB, a beginning without the decisive line,
    /// more available than there is.
    init?(_ text: String, isTruncated: Bool = false) {
        var fields: [Substring: UInt64] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard parts.count >= 2, parts[0].hasSuffix(":") else { continue }
            let name = parts[0].dropLast()
            guard Self.names.contains(name) else { continue }
            guard parts.count == 3, parts[2] == "kB", let value = UInt64(parts[1]), fields[name] == nil else {
                return nil
            }
            fields[name] = value
        }
        guard let total = fields["MemTotal"], total > 0 || fields["MemAvailable"] != nil else { return nil }
        if let available = fields["MemAvailable"] {
            guard available <= total else { return nil }
            (self.available, isDerived) = (available << 10, false)
            return
        }
        guard !isTruncated, let free = fields["MemFree"], let buffers = fields["Buffers"], let cached = fields["Cached"]
        else { return nil }
        let sum = [buffers, cached, fields["SReclaimable"] ?? 0].reduce(free) { $0.addingClamped($1) }
        let shared = fields["Shmem"] ?? 0
        guard sum >= shared, sum - shared <= total else { return nil }
        (available, isDerived) = ((sum - shared) << 10, true)
    }

    private static let names: Set<Substring> = [
        "MemTotal", "MemAvailable", "MemFree", "Buffers", "Cached", "SReclaimable", "Shmem",
    ]
}
