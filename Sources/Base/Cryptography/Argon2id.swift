internal import CArgon2
package import Kernel

/// The cost of one password hash. The values of a stored hash travel inside it, so they can be raised at any time.
package struct PasswordCost: Hashable, Sendable {
    package let memoryKiB: UInt32
    package let passes: UInt32
    package let lanes: UInt32

    package init(memoryKiB: UInt32, passes: UInt32, lanes: UInt32) {
        self.memoryKiB = memoryKiB
        self.passes = passes
        self.lanes = lanes
    }

    /// A pass more than OWASP's least for Argon2id (19 MiB, two passes, one lane): half as much again for whoever guesses,
    /// about 30 ms of a server core for a sign-in.
    package static let standard = PasswordCost(memoryKiB: 19 * 1024, passes: 3, lanes: 1)
}

/// Argon2id version 1.3 (RFC 9106) in the encoded form `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. Blocking: about 30 ms
/// of one core, so only `PasswordHasher` calls it.
enum Argon2id {
    static let saltBytes = 16
    static let hashBytes = 32

    static func hash(_ password: Secret<String>, cost: PasswordCost, salt: [UInt8]) throws(PasswordError) -> String {
        let bytes = Array(password.reveal().utf8)
        let room = argon2_encodedlen(
            cost.passes, cost.memoryKiB, cost.lanes, UInt32(salt.count), UInt32(hashBytes), Argon2_id)
        var encoded = [CChar](repeating: 0, count: room)
        let status = argon2id_hash_encoded(
            cost.passes, cost.memoryKiB, cost.lanes, bytes, bytes.count, salt, salt.count, hashBytes, &encoded, room)
        guard status == ARGON2_OK.rawValue else { throw .failed(code: status) }
        return String(decoding: encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The comparison inside takes the same time whatever differs.
    static func matches(_ password: Secret<String>, encoded: String) throws(PasswordError) -> Bool {
        let bytes = Array(password.reveal().utf8)
        let status = argon2id_verify(encoded, bytes, bytes.count)
        switch status {
        case ARGON2_OK.rawValue: return true
        case ARGON2_VERIFY_MISMATCH.rawValue: return false
        default: throw .failed(code: status)
        }
    }

    /// The cost written into a stored hash; `nil` when it is not one of ours.
    static func cost(of encoded: String) -> PasswordCost? {
        let parts = encoded.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[1] == "argon2id", parts[2] == "v=19" else { return nil }
        var values: [Substring: UInt32] = [:]
        for pair in parts[3].split(separator: ",") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let number = UInt32(sides[1]) else { return nil }
            values[sides[0]] = number
        }
        guard let memory = values["m"], let passes = values["t"], let lanes = values["p"] else { return nil }
        return PasswordCost(memoryKiB: memory, passes: passes, lanes: lanes)
    }
}

/// What can go wrong while hashing, apart from a wrong password.
package enum PasswordError: Explained {
    /// Too many sign-ins at once on this server.
    case busy
    /// The library refused, or a stored hash is damaged.
    case failed(code: Int32)

    package var problem: Problem {
        switch self {
        case .busy:
            Problem(
                "busy", status: 503, title: "Too many sign-ins at once", detail: "Try again in a moment.",
                retryAfterSeconds: 2)
        case .failed:
            Problem("internal-error", status: 500, title: "Something went wrong on our side")
        }
    }
}
