import Kernel
import Testing

@testable import Cryptography

@Suite struct PasswordHasherTests {
    private let cheap = PasswordCost(memoryKiB: 64, passes: 1, lanes: 1)

    @Test("Argon2id gives the reference implementation's hash")
    func vector() throws {
        // From the test file of the reference implementation: version 1.3, t=2, m=2^8 KiB, p=1.
        let encoded = try Argon2id.hash(
            Secret("password"), cost: PasswordCost(memoryKiB: 256, passes: 2, lanes: 1), salt: Array("somesalt".utf8))
        #expect(
            encoded
                == "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
        #expect(try Argon2id.matches(Secret("password"), encoded: encoded))
    }

    @Test("new hashes carry the standard cost and a salt of their own")
    func standardCost() async throws {
        let hasher = PasswordHasher()
        let one = try await hasher.hash(Secret("correct horse battery"))
        let two = try await hasher.hash(Secret("correct horse battery"))
        #expect(one.hasPrefix("$argon2id$v=19$m=19456,t=3,p=1$"))
        #expect(one != two)
        #expect(try await hasher.check(Secret("correct horse battery"), against: one) == .right)
        #expect(try await hasher.check(Secret("correct horse batterz"), against: one) == .wrong)
    }

    @Test("a hash of another cost is right but asks to be renewed")
    func outdated() async throws {
        let before = PasswordHasher(cost: cheap)
        let after = PasswordHasher(cost: PasswordCost(memoryKiB: 128, passes: 1, lanes: 1))
        let stored = try await before.hash(Secret("correct horse battery"))
        #expect(try await after.check(Secret("correct horse battery"), against: stored) == .rightButOutdated)
        #expect(try await after.check(Secret("wrong horse battery"), against: stored) == .wrong)
    }

    @Test("without a stored hash a decoy of the current cost is computed, and nothing matches it")
    func decoy() async throws {
        let hasher = PasswordHasher(cost: cheap)
        for password in ["", "no password leads here", "correct horse battery"] {
            #expect(try await hasher.check(Secret(password), against: nil) == .wrong)
        }
    }

    @Test(
        "a damaged stored hash is our failure, not a wrong password",
        arguments: ["", "$argon2id$", "plain", "$2b$12$x"])
    func damaged(stored: String) async {
        let hasher = PasswordHasher(cost: cheap)
        await #expect(throws: PasswordError.self) { try await hasher.check(Secret("password"), against: stored) }
    }

    @Test("passwords of 0, 1024 and many bytes with any characters are hashed whole")
    func unusualPasswords() async throws {
        let hasher = PasswordHasher(cost: cheap)
        let long = String(repeating: "pässwörd\u{0}", count: 100)
        let stored = try await hasher.hash(Secret(long))
        #expect(try await hasher.check(Secret(long), against: stored) == .right)
        #expect(try await hasher.check(Secret(long + "x"), against: stored) == .wrong)
        #expect(try await hasher.check(Secret(String(long.prefix(8))), against: stored) == .wrong)
    }

    @Test("what does not fit the queue is told to come back, and the queue empties again")
    func busy() async throws {
        let hasher = PasswordHasher(cost: .standard, threads: 1, waiting: 2)
        let outcomes = await withTaskGroup(of: Bool?.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    do {
                        return try await hasher.check(Secret("password"), against: nil) == .wrong
                    } catch let error as PasswordError {
                        return error.problem.slug == "busy" && error.problem.retryAfterSeconds == 2 ? false : nil
                    } catch {
                        return nil
                    }
                }
            }
            return await group.reduce(into: [Bool?]()) { $0.append($1) }
        }
        #expect(!outcomes.contains(nil))
        #expect(outcomes.contains(true))
        #expect(outcomes.contains(false))
        #expect(try await hasher.check(Secret("password"), against: nil) == .wrong)
    }
}
