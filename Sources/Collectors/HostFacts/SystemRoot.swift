import Glibc

/// The directory that stands for `/`.
package struct SystemRoot: Sendable {
    /// Without a slash at its end; empty for the real root.
    package let path: String

    package init(_ path: String = "/") {
        var path = path
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
    }

    package func absolute(_ inside: String) -> String { path + inside }

    /// A small file as text; nil when it cannot be read. At most 1 MiB, more than any of these files has.
    func text(_ inside: String, limit: Int = 1 << 20) -> String? {
        let file = open(absolute(inside), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        let chunk = 16 * 1024
        while bytes.count < limit {
            let start = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: chunk))
            let size = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress?.advanced(by: start), chunk) }
            bytes.removeLast(chunk - max(size, 0))
            if size < 0 { return nil }
            if size == 0 { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The first line, trimmed; nil when there is none.
    func line(_ inside: String) -> String? {
        guard let line = text(inside)?.split(separator: "\n").first?.trimmedLine, !line.isEmpty else { return nil }
        return line
    }

    /// A file with one number, as sysfs has them.
    func number(_ inside: String) -> Int64? { line(inside).flatMap { Int64($0) } }

    /// Names in a directory, sorted, without the dots; empty when it cannot be read.
    func names(in inside: String) -> [String] {
        guard let directory = opendir(absolute(inside)) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

extension Substring {
    /// Without blanks at either end. (Kernel's `trimmed` knows all of Unicode's; these files are ASCII.)
    var trimmedLine: String {
        var view = self.utf8[...]
        while let first = view.first, first <= 0x20 { view.removeFirst() }
        while let last = view.last, last <= 0x20 { view.removeLast() }
        return String(decoding: view, as: UTF8.self)
    }

    /// The words between blanks.
    var words: [Substring] { split { $0 == " " || $0 == "\t" } }
}
