import Kernel

/// Cuts a script into statements, as psql does: at semicolons outside quotes, dollar quotes and comments.
package enum SQLScript {
    package struct Statement: Equatable, Sendable {
        package let text: String
        /// The script says so in a comment of its own line before the statement: `-- touches no rows`.
        package let mayTouchNothing: Bool
    }

    package static func statements(in script: String) -> [Statement] {
        var statements: [Statement] = []
        var current: [UInt8] = []
        var comments = ""
        var hasCode = false
        let bytes = Array(script.utf8)
        var index = 0

        func finish() {
            let text = String(decoding: current, as: UTF8.self).trimmed
            if hasCode {
                statements.append(Statement(text: text, mayTouchNothing: comments.contains("touches no rows")))
            }
            current = []
            comments = ""
            hasCode = false
        }

        while index < bytes.count {
            let byte = bytes[index]
            let rest = bytes[index...]
            if rest.starts(with: Array("--".utf8)) {
                let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
                if !hasCode { comments += String(decoding: bytes[index..<end], as: UTF8.self) }
                index = end
            } else if rest.starts(with: Array("/*".utf8)) {
                index = end(of: Array("*/".utf8), in: bytes, from: index + 2)
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                let close = end(of: [byte], in: bytes, from: index + 1)
                current += bytes[index..<close]
                hasCode = true
                index = close
            } else if byte == UInt8(ascii: "$"), let tag = dollarTag(in: bytes, at: index) {
                let close = end(of: tag, in: bytes, from: index + tag.count)
                current += bytes[index..<close]
                hasCode = true
                index = close
            } else if byte == UInt8(ascii: ";") {
                finish()
                index += 1
            } else {
                current.append(byte)
                if byte > 0x20 { hasCode = true }
                index += 1
            }
        }
        finish()
        return statements
    }

    /// `$$` or `$name$`; not `$1`.
    private static func dollarTag(in bytes: [UInt8], at start: Int) -> [UInt8]? {
        var index = start + 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "$") {
            let byte = bytes[index]
            let isName = byte == 95 || (97...122).contains(byte | 32) || (index > start + 1 && (48...57).contains(byte))
            guard isName else { return nil }
            index += 1
        }
        return index < bytes.count ? Array(bytes[start...index]) : nil
    }

    private static func end(of mark: [UInt8], in bytes: [UInt8], from start: Int) -> Int {
        var index = start
        while index + mark.count <= bytes.count {
            if bytes[index..<index + mark.count].elementsEqual(mark) { return index + mark.count }
            index += 1
        }
        return bytes.count
    }
}
