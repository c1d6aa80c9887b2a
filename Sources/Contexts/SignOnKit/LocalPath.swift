internal import Kernel

/// Where a browser goes after all: a page of ours and no other.
package enum LocalPath {
    /// What is no local path is the first page.
    package static func checked(_ text: String?) -> String {
        guard let text, text.utf8.count <= 1024, text.first == "/", !text.hasPrefix("//"), !text.contains("\\"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.hasPrefix("/api/")
        else { return "/" }
        return text
    }

    /// The path with what came of it in its query.
    package static func told(_ path: String, _ members: [(String, String)]) -> String {
        let pieces = path.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let query = members.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        let base = String(pieces[0]) + (pieces[0].contains("?") ? "&" : "?") + query
        return pieces.count > 1 ? "\(base)#\(pieces[1])" : base
    }
}
