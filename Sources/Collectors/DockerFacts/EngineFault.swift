/// Why the engine could not be asked, or not this.
package struct EngineFault: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: String, Hashable, Sendable {
        case timeout, unreachable, permission, unsupported
        case tooLarge = "too-large"
        case badAnswer = "bad-answer"
        case serverError = "server-error"
    }

    package let reason: Reason
    /// One plain sentence; holds nothing of an answer's body.
    package let description: String

    package init(_ reason: Reason, _ description: String) {
        self.reason = reason
        self.description = description
    }

    /// The engine itself is away, not only this answer.
    var isAway: Bool { reason == .unreachable || reason == .permission }
}
