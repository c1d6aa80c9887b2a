/// A body that is taken piece by piece while it arrives, after the gate: nobody unknown makes us keep it, and its sender
/// waits while the handler is at work on the last piece.
package struct Upload: Sendable {
    private let take: @Sendable () async throws -> [UInt8]?

    init(_ take: @escaping @Sendable () async throws -> [UInt8]?) { self.take = take }

    /// - Returns: `nil` at its end.
    /// - Throws: the problem that the sender is told: too large, broken off; `CancellationError` when the sender is gone.
    package func next() async throws -> [UInt8]? {
        try Task.checkCancellation()
        return try await take()
    }
}
