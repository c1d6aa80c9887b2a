import Cryptography
import Kernel
import Testing

@testable import Cryptography

@Suite struct PasswordDictionaryTests {
    let dictionary = PasswordDictionary()

    @Test(
        "known passwords and dictionary words are found, bent or not",
        arguments: [
            "password", "password1234", "Password1234!", "passwordpassword", "p4ssw0rd1234", "iloveyou1234",
            "123sunshine123",
            "letmeinletmein", "administrator1", "aaaaaaaaaaaa", "abcdefghijkl", "123456789012", "drowssap",
            "abcdefghijklmnopqrstuvwxyz", "12341234123412341234",
            "MONKEYmonkey1!",
        ])
    func weak(password: String) async throws {
        #expect(try await dictionary.weakness(of: Secret(password)) != nil)
    }

    @Test(
        "phrases and random ones are taken",
        arguments: [
            "correct horse battery", "nine calm grey herons", "elephant83920174", "xK9#mQ2$vL7p", "пароль из слов",
            "b2354f3ef483338a02b4e408bc1bd468ff327d69ff294505aea154d4eab3bad3",
            (100..<400).map { "\($0 * 7919)" }.joined(separator: "."),
        ])
    func good(password: String) async throws {
        #expect(try await dictionary.weakness(of: Secret(password)) == nil)
    }

    @Test("without its list the check says so instead of taking everything")
    func missing() async throws {
        let absent = PasswordDictionary(path: "/nonexistent/words")
        #expect(throws: PasswordDictionaryMissing.self) { try absent.verify() }
        await #expect(throws: PasswordDictionaryMissing.self) {
            try await absent.weakness(of: Secret("correct horse battery"))
        }
        #expect(throws: Never.self) { try dictionary.verify() }
    }

    @Test("many may ask at once")
    func concurrent() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                let password = number.isMultiple(of: 2) ? "passwordpassword" : "nine calm grey herons"
                group.addTask { try await dictionary.weakness(of: Secret(password)) != nil }
            }
            let weak = try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            #expect(weak == 100)
        }
    }

    @Test(
        "the core of a password is what is left without ornament and repetition",
        arguments: [
            ("password1234", "password", 4), ("!!Abc!!", "abc", 4), ("abcabc", "abc", 0), ("12345", "", 5), ("", "", 0),
            ("two words", "two words", 0),
        ])
    func core(text: String, word: String, ornament: Int) {
        let core = PasswordCore(of: text)
        #expect(core.word == word)
        #expect(core.ornament == ornament)
    }
}
