package import Kernel
internal import NIOCore

/// Hashes and checks passwords on threads of its own, a bounded number at a time.
///
/// Blocking work of 20 ms on the cooperative pool would stall every request of the process. A thread checks about 45
/// passwords a second. There is one a core, so that sign-ins may use the whole machine when nothing else does; 64 waiting
/// ones on four cores are served within 0.4 s, and the next is told `busy`.
package struct PasswordHasher: Sendable {
    /// The cost of new hashes; older ones are replaced after the next good sign-in.
    package let cost: PasswordCost
    /// What a new password is held against.
    package let dictionary: PasswordDictionary
    /// How many are checked at once.
    package let threadCount: Int
    private let threads: BoundedThreads
    private let randomness: Randomness
    private let decoy: String

    package init(
        cost: PasswordCost = .standard, dictionary: PasswordDictionary = PasswordDictionary(),
        threads: Int = max(2, System.coreCount), waiting: Int = 64, randomness: Randomness = .system
    ) {
        self.cost = cost
        self.dictionary = dictionary
        threadCount = threads
        self.threads = BoundedThreads(threads: threads, waiting: waiting)
        self.randomness = randomness
        self.decoy = Self.decoy(cost: cost)
    }

    /// The encoded hash to store.
    package func hash(_ password: Secret<String>) async throws -> String {
        let salt = randomness.bytes(Argon2id.saltBytes)
        let cost = cost
        return try await threads.run { try Argon2id.hash(password, cost: cost, salt: salt) }
    }

    /// Other arithmetic of signing in, on the same threads and within the same bound.
    package func compute<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await threads.run(work)
    }

    /// Costs one Argon2id whatever happens: without a stored hash (no such user, no password set, locked) a decoy is
    /// checked, and the answer is `.wrong`. A caller that skipped the call would tell by its speed who has an account.
    package func check(_ password: Secret<String>, against stored: String?) async throws -> PasswordVerdict {
        let encoded = stored ?? decoy
        let matches = try await threads.run { try Argon2id.matches(password, encoded: encoded) }
        guard matches, let stored else { return .wrong }
        return Argon2id.cost(of: stored) == cost ? .right : .rightButOutdated
    }

    /// Well-formed, and no password hashes to it: its hash bytes are a constant, not the outcome of a computation.
    private static func decoy(cost: PasswordCost) -> String {
        func unpadded(_ bytes: [UInt8]) -> String {
            String(Base64URL.encode(bytes).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        }
        let salt = unpadded([UInt8](repeating: 0x55, count: Argon2id.saltBytes))
        let hash = unpadded(Digests.sha256("no password leads here"))
        return "$argon2id$v=19$m=\(cost.memoryKiB),t=\(cost.passes),p=\(cost.lanes)$\(salt)$\(hash)"
    }
}

package enum PasswordVerdict: Sendable {
    case wrong
    case right
    /// Right, but hashed at another cost: hash it anew and store that.
    case rightButOutdated
}
