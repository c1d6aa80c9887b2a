/// A question to a platform, and what it says. Faces are pure: they look at a scene and answer.
struct FaceRequest: Sendable {
    let method: String
    /// As it came, with the query.
    let uri: String
    let headers: [(name: String, value: String)]
    var body: [UInt8] = []

    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }

    var pathAndQuery: (path: Substring, query: Substring) {
        guard let mark = uri.firstIndex(of: "?") else { return (uri[...], "") }
        return (uri[..<mark], uri[uri.index(after: mark)...])
    }
}

struct FaceReply: Sendable {
    var status = 200
    var reason = "OK"
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// Seconds to let pass before it is sent.
    var delay = 0.0
}

/// `a=1&b=x%20y` as names and values.
enum FormText {
    static func parse(_ text: Substring) -> [String: String] {
        var values: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            values[decode(parts[0])] = parts.count > 1 ? decode(parts[1]) : ""
        }
        return values
    }

    /// Percent signs and plus; what is no hexadecimal pair stays as it is.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool = true) -> String {
        guard text.utf8.contains(where: { $0 == 0x25 || $0 == 0x2B }) else { return String(text) }
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x25, index + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                decoded.append(value)
                index += 3
            } else {
                decoded.append(bytes[index] == 0x2B && plusIsSpace ? 0x20 : bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}
