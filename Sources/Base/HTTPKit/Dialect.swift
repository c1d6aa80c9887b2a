package import Kernel

/// How a protocol that is not ours speaks on our listener: its media type, and its own form of an error.
package struct Dialect: Sendable {
    /// Everything at this path and below it is told errors in this form, paths without a route too.
    package let root: String
    package let mediaType: String
    /// Has a name: the API description refers to it.
    package let problemSchema: Schema
    /// The body of an error; `requestID` as in `X-Request-ID`.
    package let problemBody: @Sendable (_ problem: Problem, _ requestID: String) -> [UInt8]

    package init(
        root: String, mediaType: String, problemSchema: Schema,
        problemBody: @escaping @Sendable (_ problem: Problem, _ requestID: String) -> [UInt8]
    ) {
        self.root = root
        self.mediaType = mediaType
        self.problemSchema = problemSchema
        self.problemBody = problemBody
    }

    func covers(_ path: String) -> Bool { path == root || path.hasPrefix(root + "/") }
}
