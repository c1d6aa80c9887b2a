import Kernel
import Logging

/// One line for each answered request: what was asked and how it ended, without bodies, headers or secrets.
struct AccessLog: Sendable {
    private enum LogKey {
        static let request = "request"
        static let method = "method"
        static let path = "path"
        static let route = "route"
        static let status = "status"
        static let milliseconds = "ms"
        static let bytes = "bytes"
        static let address = "address"
        static let caller = "caller"
    }

    let logger: Logger

    func record(_ opening: Opening, status: Int, bytes: Int, after duration: Duration) {
        logger.info(
            "request answered",
            metadata: [
                LogKey.request: "\(opening.request.id)", LogKey.method: "\(opening.methodText)",
                LogKey.path: "\(Self.path(opening.request.path, query: opening.rawQuery))",
                LogKey.route: "\(opening.route)", LogKey.status: "\(status)",
                LogKey.milliseconds: "\(duration.milliseconds)", LogKey.bytes: "\(bytes)",
                LogKey.address: "\(opening.request.clientAddress)",
            ])
    }

    /// At most 300 characters; values of parameters that carry secrets (mail links bring them) are left out.
    static func path(_ path: String, query: String) -> String {
        guard !query.isEmpty else { return String(path.prefix(300)) }
        let parts = query.split(separator: "&").map { part -> String in
            let name = part.prefix { $0 != "=" }
            return isSecret(name) ? "\(name)=…" : String(part)
        }
        return String("\(path)?\(parts.joined(separator: "&"))".prefix(300))
    }

    /// Decided on the raw name, so an escaped letter must not hide it: a name with an escape counts as secret.
    private static func isSecret(_ name: Substring) -> Bool {
        let lowered = name.lowercased()
        return lowered.contains("%")
            || ["token", "ticket", "code", "secret", "password", "key", "signature"].contains { lowered.contains($0) }
    }
}
