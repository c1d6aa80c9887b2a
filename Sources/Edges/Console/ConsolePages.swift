package import HTTPKit

/// The built console below one directory. Pages have no files of their own: every path without a dot is answered with the
/// one page, whose script reads the address.
package struct ConsolePages: Sendable {
    private let files: StaticFiles

    /// - Parameter directory: what `ops/build-console` wrote. It may be replaced while we run.
    package init(directory: String) {
        files = StaticFiles(directory: directory)
    }

    /// - Returns: `nil` where neither a file nor a page answers: the caller's 404.
    package func response(to request: APIRequest) async -> APIResponse? {
        // A missing script must not be answered with a page: the browser would keep it as the script.
        if request.path.hasPrefix("/assets/") { return await files.response(to: request) }
        guard let response = await files.response(to: request, orPage: Self.page) else {
            return isPage(request.path) ? Self.notBuilt : nil
        }
        return response
    }

    private static let page = "index.html"

    private func isPage(_ path: String) -> Bool {
        path.split(separator: "/").last?.contains(".") != true
    }

    /// The server is fine, and so are its agents: say what is missing instead of a bare 404.
    private static let notBuilt = APIResponse.text(
        "The console is not built. Run ops/build-console, or set PULSE_CONSOLE_DIR to where it is.\n", status: 503)
}
