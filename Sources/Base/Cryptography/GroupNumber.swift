internal import COpenSSL

/// A non-negative whole number of any size, as OpenSSL's BIGNUM. For SRP alone: exponents are secret, so powers are taken
/// in constant time and every number is wiped when it goes.
///
/// `@unchecked Sendable`: the pointer is set once, and after `init` nothing writes through it.
final class GroupNumber: @unchecked Sendable {
    fileprivate let value: OpaquePointer

    private init() { value = BN_secure_new() ?? { preconditionFailure("out of memory") }() }

    /// Big-endian; leading zeros do not matter.
    convenience init(_ bytes: some Collection<UInt8>) {
        self.init()
        let bytes = Array(bytes)
        _ = BN_bin2bn(bytes, Int32(bytes.count), value)
    }

    deinit { BN_clear_free(value) }

    var isZero: Bool { BN_is_zero(value) == 1 }

    /// Big-endian without leading zeros; empty for zero.
    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(BN_num_bits(value) + 7) / 8)
        _ = BN_bn2bin(value, &bytes)
        return bytes
    }

    /// Big-endian, zeros before it.
    /// - Precondition: it fits.
    func padded(to count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        precondition(BN_bn2binpad(value, &bytes, Int32(count)) == count, "the number is too large")
        return bytes
    }

    func isLess(than other: GroupNumber) -> Bool { BN_cmp(value, other.value) < 0 }

    static func sum(_ left: GroupNumber, _ right: GroupNumber, modulo modulus: GroupNumber) -> GroupNumber {
        computed { BN_mod_add($0, left.value, right.value, modulus.value, $1) }
    }

    static func difference(_ left: GroupNumber, _ right: GroupNumber, modulo modulus: GroupNumber) -> GroupNumber {
        computed { BN_mod_sub($0, left.value, right.value, modulus.value, $1) }
    }

    static func product(_ left: GroupNumber, _ right: GroupNumber, modulo modulus: GroupNumber) -> GroupNumber {
        computed { BN_mod_mul($0, left.value, right.value, modulus.value, $1) }
    }

    /// Not modular: for exponents.
    static func linear(_ start: GroupNumber, _ factor: GroupNumber, _ other: GroupNumber) -> GroupNumber {
        computed { result, context in
            guard BN_mul(result, factor.value, other.value, context) == 1 else { return 0 }
            return BN_add(result, result, start.value)
        }
    }

    /// In time that depends on the sizes alone.
    /// - Precondition: the modulus is odd.
    static func power(_ base: GroupNumber, _ exponent: GroupNumber, modulo modulus: GroupNumber) -> GroupNumber {
        computed { BN_mod_exp_mont_consttime($0, base.value, exponent.value, modulus.value, $1, nil) }
    }

    func remainder(modulo modulus: GroupNumber) -> GroupNumber {
        Self.computed { BN_nnmod($0, value, modulus.value, $1) }
    }

    private static func computed(_ body: (OpaquePointer, OpaquePointer) -> Int32) -> GroupNumber {
        guard let context = BN_CTX_new() else { preconditionFailure("out of memory") }
        defer { BN_CTX_free(context) }
        let result = GroupNumber()
        precondition(body(result.value, context) == 1, "OpenSSL refuses the numbers")
        return result
    }
}
