import CArgon2
import Foundation

/// The library alone, on threads of its own: what sign-ins could cost at best.
struct RawArgon2 {
    let encoded: String
    let password: String
    let threads: Int

    /// Checks a second, all threads together.
    func checksPerSecond(for seconds: Int) async -> Double {
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        let (encoded, bytes) = (encoded, Array(password.utf8))
        let count = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<threads {
                group.addTask {
                    await withCheckedContinuation { (done: CheckedContinuation<Int, Never>) in
                        let thread = Thread {
                            var checks = 0
                            while ContinuousClock.now < end {
                                precondition(argon2id_verify(encoded, bytes, bytes.count) == ARGON2_OK.rawValue)
                                checks += 1
                            }
                            done.resume(returning: checks)
                        }
                        thread.stackSize = 1 << 20
                        thread.start()
                    }
                }
            }
            return await group.reduce(0, +)
        }
        return Double(count) / (ContinuousClock.now - start).inSeconds
    }
}
