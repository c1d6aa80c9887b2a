internal import Compression
internal import Cryptography
internal import HTTPKit
internal import Kernel

/// The files of an archive in their order, as it arrives: unpacked, and at the end compared with the signed list.
struct ArchiveStream: ~Copyable {
    private let upload: Upload
    private var gzip: GzipReader
    private var tar = TarReader(fileLimit: PortabilityLimits.fileBytes)
    private var ready: [Tar.File] = []
    private var seen = ArchiveManifest()
    private var names: Set<String> = []

    init(_ upload: Upload) throws {
        self.upload = upload
        gzip = try GzipReader(limit: PortabilityLimits.unpackedBytes)
    }

    /// The next file; `nil` at the end, when everything has proved to be what was signed.
    mutating func next() async throws -> Tar.File? {
        while ready.isEmpty {
            guard try await readMore() else {
                try tar.finish()
                return nil
            }
        }
        let file = ready.removeFirst()
        guard names.insert(file.name).inserted else { throw ArchiveRefusal(reason: "it comes twice", file: file.name) }
        return file
    }

    /// What was taken out of a file is noted, for the comparison at the end.
    mutating func note(_ file: Tar.File, rows: Int) { seen.add(file, rows: rows) }

    /// - Throws: unless this list names every file that came before it, and no other.
    func compare(_ list: Tar.File) throws(ArchiveRefusal) {
        guard list.bytes != seen.json else { return }
        let text = String(decoding: list.bytes, as: UTF8.self)
        let odd = seen.files.first { !text.contains("\"\($0.name)\"") || !text.contains($0.sha256.hex) }
        throw ArchiveRefusal(
            reason: odd == nil ? "it names files that are not there" : "it is not what the manifest says",
            file: odd?.name ?? list.name)
    }

    /// - Returns: false at the end of the upload.
    private mutating func readMore() async throws -> Bool {
        do {
            while true {
                while let piece = try gzip.next() {
                    ready += try tar.feed(piece)
                    if !ready.isEmpty { return true }
                }
                guard let piece = try await upload.next() else { break }
                gzip.feed(piece)
            }
            try gzip.finish()
            return false
        } catch let error as CompressionError {
            throw ArchiveRefusal(error)
        }
    }
}

extension ArchiveRefusal {
    init(_ error: CompressionError) {
        switch error {
        case .tooLarge(let limit): self.init(reason: "it is larger than \(limit >> 30) GiB when it is unpacked")
        case .truncated: self.init(reason: "it ends in the middle")
        case .corrupt: self.init(reason: "it is damaged, or no gzip file")
        case .trailingBytes: self.init(reason: "there is something behind its end")
        case .outOfMemory: self.init(reason: "there is no memory to unpack it")
        }
    }
}
