package import HTTPKit

/// The built console below one directory. Pages have no files of their own: every path without a dot is answered with the
/// one page, whose script reads the address.
package struct ConsolePages: Sendable {
    /// Whose pages: each listener serves one of the two, and does not know the other.
    package enum Audience: String, Sendable, CaseIterable {
        case customers = "index.html"
        case operators = "operator.html"
    }

    private let files: StaticFiles
    private let page: String
    private let others: Set<String>

    /// - Parameter directory: what `ops/build-console` wrote. It may be replaced while we run.
    package init(directory: String, for audience: Audience = .customers) {
        files = StaticFiles(directory: directory)
        page = audience.rawValue
        others = Set(Audience.allCases.filter { $0 != audience }.flatMap { ["/\($0.rawValue)", "/\($0.rawValue).gz"] })
    }

    /// - Returns: `nil` where neither a file nor a page answers: the caller's 404.
    package func response(to request: APIRequest) async -> APIResponse? {
        // A missing script must not be answered with a page: the browser would keep it as the script.
        if request.path.hasPrefix("/assets/") { return await files.response(to: request) }
        if others.contains(request.path) { return nil }
        guard let response = await files.response(to: request, orPage: page) else {
            return isPage(request.path) ? Self.notBuilt : nil
        }
        return response
    }

    private func isPage(_ path: String) -> Bool {
        path.split(separator: "/").last?.contains(".") != true
    }

    /// The server is fine, and so are its agents: say what is missing instead of a bare 404.
    private static let notBuilt = APIResponse.text(
        "The console is not built. Run ops/build-console, or set PULSE_CONSOLE_DIR to where it is.\n", status: 503)
}
