internal import Kernel

/// The form of an archive: POSIX ustar, regular files alone. Every tar reads what is written here; what is read here is
/// that and nothing more: no links, no folders, no long names, nothing behind the end.
enum Tar {
    static let blockBytes = 512

    struct File: Sendable, Equatable {
        let name: String
        let bytes: [UInt8]
    }

    static let end = [UInt8](repeating: 0, count: 2 * blockBytes)

    /// - Parameter name: at most 100 bytes.
    static func bytes(of file: File, at moment: Timestamp) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: blockBytes)
        func put(_ text: String, at start: Int) {
            for (index, byte) in text.utf8.enumerated() { header[start + index] = byte }
        }
        put(file.name, at: 0)
        put("0000600", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(file.bytes.count, digits: 11), at: 124)
        put(octal(Int(moment.milliseconds / 1000), digits: 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(sum(header[...]), digits: 6), at: 148)
        header[154] = 0
        let padding = (blockBytes - file.bytes.count % blockBytes) % blockBytes
        return header + file.bytes + [UInt8](repeating: 0, count: padding)
    }

    fileprivate static func sum(_ header: ArraySlice<UInt8>) -> Int { header.reduce(0) { $0 + Int($1) } }

    private static func octal(_ value: Int, digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

/// Reads an archive that comes in pieces; holds one file of it.
struct TarReader {
    private var held: [UInt8] = []
    private var current: (name: String, size: Int)?
    private var endBlocks = 0
    private let fileLimit: Int

    init(fileLimit: Int) { self.fileLimit = fileLimit }

    /// - Returns: the files that are whole by now.
    mutating func feed(_ piece: [UInt8]) throws(ArchiveRefusal) -> [Tar.File] {
        held += piece
        var files: [Tar.File] = []
        var used = 0
        while true {
            if let (name, size) = current {
                let padded = (size + Tar.blockBytes - 1) / Tar.blockBytes * Tar.blockBytes
                guard held.count - used >= padded else { break }
                guard held[(used + size)..<(used + padded)].allSatisfy({ $0 == 0 }) else {
                    throw ArchiveRefusal(reason: "there is something in its padding", file: name)
                }
                files.append(Tar.File(name: name, bytes: Array(held[used..<used + size])))
                used += padded
                current = nil
            } else {
                guard held.count - used >= Tar.blockBytes else { break }
                try read(held[used..<used + Tar.blockBytes])
                used += Tar.blockBytes
            }
        }
        held.removeFirst(used)
        return files
    }

    /// - Throws: when the archive may not end here.
    func finish() throws(ArchiveRefusal) {
        guard current == nil, held.isEmpty, endBlocks >= 2 else {
            throw ArchiveRefusal(reason: "it ends in the middle")
        }
    }

    private mutating func read(_ header: ArraySlice<UInt8>) throws(ArchiveRefusal) {
        let header = Array(header)
        if header.allSatisfy({ $0 == 0 }) {
            endBlocks += 1
            return
        }
        guard endBlocks == 0 else { throw ArchiveRefusal(reason: "there is something behind its end") }
        guard header[257..<262].elementsEqual("ustar".utf8) else {
            throw ArchiveRefusal(reason: "it is no tar archive")
        }
        let name = String(decoding: header[..<100].prefix { $0 != 0 }, as: UTF8.self)
        var blank = header
        for index in 148..<156 { blank[index] = 32 }
        guard Self.number(header[148..<156]) == Tar.sum(blank[...]) else {
            throw ArchiveRefusal(reason: "the checksum of its header is wrong", file: name)
        }
        guard header[156] == 48 || header[156] == 0, header[345] == 0, !name.isEmpty else {
            throw ArchiveRefusal(reason: "only plain files are taken", file: name)
        }
        guard let size = Self.number(header[124..<136]), size <= fileLimit else {
            throw ArchiveRefusal(reason: "the file is too large", file: name)
        }
        current = (name, size)
    }

    /// Octal digits that end with a space or a zero byte.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        let digits = field.drop { $0 == 32 }.prefix { $0 != 32 && $0 != 0 }
        guard !digits.isEmpty, digits.count <= 11, digits.allSatisfy({ (48...55).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 8 + Int($1 - 48) }
    }
}
