/// The engine's API. The live side speaks HTTP over a socket; the test side is whatever engine the test needs.
package protocol EngineAPI: Sendable {
    /// One GET.
    /// - Parameters:
    ///   - path: with its query, already encoded.
    ///   - limit: bytes of the answer's body; more is `tooLarge`, noticed before it is held.
    ///   - timeout: for all of it, from connecting to the last byte.
    /// - Throws: also for every status but 200.
    func get(_ path: String, limit: Int, timeout: Duration) async throws(EngineFault) -> [UInt8]
}
