internal import CollectorKit
internal import JSONKit

/// `/cluster/status`: the cluster's own name, and its members with their addresses.
struct ClusterStatus: Sendable {
    struct Member: Sendable, Hashable {
        var name = ""
        var address: String?
        var nodeID: Int?
        var isOnline = false
        var isLocal = false
    }

    /// `nil` for a machine that stands alone.
    var name: String?
    var isQuorate: Bool?
    var members: [Member] = []

    private struct Row {
        var type = ""
        var member = Member()
        var isQuorate: Bool?
    }

    static func read(_ reader: inout JSONReader) throws(JSONError) -> ClusterStatus {
        var status = ClusterStatus()
        // 32 members is what corosync carries, and the cluster itself.
        let rows = try reader.laxList(most: 64) { reader throws(JSONError) in
            try reader.row(Row()) { key, reader, row throws(JSONError) in
                switch key {
                case "type": row.type = try reader.laxText() ?? ""
                case "name": row.member.name = try reader.laxText() ?? ""
                case "ip": row.member.address = try reader.laxText()
                case "nodeid": row.member.nodeID = try reader.laxInt()
                case "online": row.member.isOnline = try reader.laxBool()
                case "local": row.member.isLocal = try reader.laxBool()
                case "quorate": row.isQuorate = try reader.laxBool()
                default: try reader.skip()
                }
            }
        }
        for row in rows {
            if row.type == "cluster" { (status.name, status.isQuorate) = (row.member.name, row.isQuorate) }
            if row.type == "node", !row.member.name.isEmpty { status.members.append(row.member) }
        }
        return status
    }
}

/// The colours that the cluster gives to tags (`tag-style` of `/cluster/options`).
struct TagStyle: Sendable, Hashable {
    /// `#rrggbb` by tag.
    var colours: [String: String] = [:]
    var isCaseSensitive = false

    static func read(_ reader: inout JSONReader) throws(JSONError) -> TagStyle {
        try reader.maybeRow(TagStyle()) { key, reader, row throws(JSONError) in
            switch (key.description, reader.peek()) {
            case ("tag-style", .string): row = TagStyle(try reader.string())
            // Newer ones send the parts instead of the text.
            case ("tag-style", .object):
                row =
                    try reader.maybeRow(TagStyle()) { key, reader, row throws(JSONError) in
                        switch key {
                        case "color-map": row.colours = Self.colours(try reader.laxText() ?? "")
                        case "case-sensitive": row.isCaseSensitive = try reader.laxBool()
                        default: try reader.skip()
                        }
                    }?.folded ?? TagStyle()
            default: try reader.skip()
            }
        } ?? TagStyle()
    }

    init() {}

    /// Such as `color-map=production:ff0000;staging:ffaa00,case-sensitive=1`.
    init(_ text: String) {
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2 else { continue }
            if pair[0] == "color-map" { colours = Self.colours(pair[1]) }
            if pair[0] == "case-sensitive" { isCaseSensitive = pair[1] == "1" }
        }
        self = folded
    }

    private var folded: TagStyle {
        guard !isCaseSensitive else { return self }
        var folded = self
        // In an order, so that of two spellings the same one counts every time.
        let ordered = colours.sorted { $0.key < $1.key }
        folded.colours = Dictionary(ordered.map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
        return folded
    }

    private static func colours(_ text: String) -> [String: String] {
        var colours: [String: String] = [:]
        for entry in text.split(separator: ";") {
            let parts = entry.split(separator: ":")
            guard parts.count >= 2, parts[1].utf8.count == 6, parts[1].allSatisfy(\.isHexDigit) else { continue }
            colours[String(parts[0])] = "#" + parts[1].lowercased()
        }
        return colours
    }

    func colour(of tag: String) -> String? { colours[isCaseSensitive ? tag : tag.lowercased()] }
}

/// `/nodes/{node}/certificates/info`.
struct NodeCertificates: Sendable, Hashable {
    /// SHA-256, lower-case hexadecimal without colons.
    var authority: String?
    /// Of the certificate that its pveproxy shows.
    var leaf: String?

    static func read(_ reader: inout JSONReader) throws(JSONError) -> NodeCertificates {
        var files: [String: String] = [:]
        for (name, fingerprint) in try reader.laxList(
            most: 16,
            { reader throws(JSONError) in
                try reader.row(("", "")) { key, reader, row throws(JSONError) in
                    switch key {
                    case "filename": row.0 = try reader.laxText() ?? ""
                    case "fingerprint": row.1 = try reader.laxText() ?? ""
                    default: try reader.skip()
                    }
                }
            })
        {
            let digits = fingerprint.filter { $0 != ":" }.lowercased()
            if digits.utf8.count == 64, digits.allSatisfy(\.isHexDigit) { files[name] = digits }
        }
        // One that the operator put there is shown instead of the cluster's own.
        return NodeCertificates(
            authority: files["pve-root-ca.pem"], leaf: files["pveproxy-ssl.pem"] ?? files["pve-ssl.pem"])
    }
}

/// `/version`.
struct ProxmoxVersion: Sendable, Hashable {
    var version = ""
    /// 8 or 9; 0 when it does not say.
    var major: Int { Int(version.prefix { $0.isNumber }) ?? 0 }

    static func read(_ reader: inout JSONReader) throws(JSONError) -> ProxmoxVersion {
        try reader.row(ProxmoxVersion()) { key, reader, row throws(JSONError) in
            if key == "version" { row.version = try reader.laxText() ?? "" } else { try reader.skip() }
        }
    }
}

/// A replication job with its state (`/nodes/{node}/replication`).
struct ReplicationJob: Sendable, Hashable {
    var id = ""
    var guest = 0
    var target: String?
    var schedule: String?
    var lastSync: Int64?
    var nextSync: Int64?
    var seconds: Double?
    var failures = 0
    var error: String?

    static func read(_ reader: inout JSONReader) throws(JSONError) -> [ReplicationJob] {
        try reader.laxList(most: 4096) { reader throws(JSONError) in
            let job = try reader.row(ReplicationJob()) { key, reader, row throws(JSONError) in
                switch key {
                case "id": row.id = try reader.laxText() ?? ""
                case "guest": row.guest = try reader.laxInt() ?? 0
                case "target": row.target = try reader.laxText()
                case "schedule": row.schedule = try reader.laxText()
                case "last_sync": row.lastSync = try reader.laxCount()
                case "next_sync": row.nextSync = try reader.laxCount()
                case "duration": row.seconds = try reader.laxDouble()
                case "fail_count": row.failures = try reader.laxInt() ?? 0
                case "error": row.error = try reader.laxText()
                default: try reader.skip()
                }
            }
            return job.id.isEmpty ? nil : job
        }
    }
}
