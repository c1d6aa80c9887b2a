import NIOConcurrencyHelpers

/// Counts the sockets of each address that the gate has not admitted yet: they cost memory before anyone has paid.
final class SocketCensus: Sendable {
    private let waiting = NIOLockedValueBox<[String: Int]>([:])

    /// - Returns: false when the address has `limit` already.
    func enter(_ address: String, limit: Int) -> Bool {
        waiting.withLockedValue { waiting in
            guard waiting[address, default: 0] < limit else { return false }
            waiting[address, default: 0] += 1
            return true
        }
    }

    func leave(_ address: String) {
        waiting.withLockedValue { waiting in
            let left = waiting[address, default: 1] - 1
            waiting[address] = left > 0 ? left : nil
        }
    }
}
