package import Kernel

/// The version of a resource as HTTP and `meta.version` say it; weak, for two texts of one version may differ.
package struct EntityTag: Sendable, Hashable, CustomStringConvertible {
    private let version: Int
    private let mark: String

    /// - Parameter mark: of what is told with the resource and changes without it, letters and digits; empty: nothing is.
    package init(_ version: Int, mark: String = "") { (self.version, self.mark) = (version, mark) }

    package var description: String { mark.isEmpty ? "W/\"\(version)\"" : "W/\"\(version)-\(mark)\"" }

    /// - Parameters: values of `If-Match` and `If-None-Match` as they came; none: no condition.
    /// - Throws: 412 `scim-version-mismatch`.
    package func check(ifMatch: [String], ifNoneMatch: [String] = []) throws(Problem) {
        guard ifMatch.isEmpty || stands(in: ifMatch) else { throw .scimVersionMismatch }
        guard ifNoneMatch.isEmpty || !stands(in: ifNoneMatch) else { throw .scimVersionMismatch }
    }

    /// The weak comparison of RFC 9110, 8.8.3.2: weak or strong, the text between the quotes counts.
    private func stands(in headers: [String]) -> Bool {
        headers.flatMap { $0.split(separator: ",") }.map(\.trimmed).contains { tag in
            tag == "*" || tag == description || tag == description.dropFirst(2)
        }
    }
}
