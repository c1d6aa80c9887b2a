internal import Compression
internal import Cryptography
internal import Kernel

/// Writes an archive piece by piece: each file a gzip member of its own, so that nothing waits for what comes after it.
struct ArchiveWriter {
    private let sink: ([UInt8]) async throws -> Void
    private let key: SigningKey
    private let exportedAt: Timestamp
    private var manifest = ArchiveManifest()

    init(_ header: ArchiveHeader, key: SigningKey, _ sink: @escaping ([UInt8]) async throws -> Void) async throws {
        self.sink = sink
        self.key = key
        exportedAt = header.exportedAt
        try await put(Tar.File(name: ArchiveHeader.name, bytes: header.json), rows: 0)
    }

    /// All rows of a table, in parts of a megabyte.
    mutating func write(
        _ table: PortableTable, from source: (_ take: ([UInt8]) async throws -> Void) async throws -> Void
    ) async throws {
        var part: [UInt8] = []
        var (rows, number) = (0, 0)
        func close() async throws {
            number += 1
            try await put(Tar.File(name: Self.name(of: table, part: number), bytes: part), rows: rows)
            (part, rows) = ([], 0)
        }
        try await source { row in
            part += row
            part.append(UInt8(ascii: "\n"))
            rows += 1
            if part.count >= PortabilityLimits.partBytes { try await close() }
        }
        if rows > 0 || number == 0 { try await close() }
    }

    mutating func finish() async throws {
        let list = manifest.json
        try await put(Tar.File(name: ArchiveManifest.name, bytes: list), rows: 0)
        let signature = Tar.File(
            name: ArchiveManifest.signatureName, bytes: Array(Base64URL.encode(try key.sign(list)).utf8))
        try await put(signature, rows: 0)
        try await sink(Gzip.compress(Tar.end))
    }

    static func name(of table: PortableTable, part: Int) -> String {
        let digits = String(part)
        return "\(table.folder)/\(table.name)/\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).jsonl"
    }

    private mutating func put(_ file: Tar.File, rows: Int) async throws {
        try await sink(Gzip.compress(Tar.bytes(of: file, at: exportedAt)))
        manifest.add(file, rows: rows)
    }
}
