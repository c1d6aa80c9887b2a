internal import Crypto
package import Kernel

/// Where SRP computes: a large safe prime and a generator (RFC 5054, appendix A).
package struct SRPGroup: Sendable {
    package let name: String
    let prime: GroupNumber
    let generator: GroupNumber
    /// Of the prime.
    package let byteCount: Int

    init(name: String, prime hex: String, generator: UInt8) {
        let bytes = [UInt8](hex: hex) ?? []
        self.name = name
        self.prime = GroupNumber(bytes)
        self.generator = GroupNumber([generator])
        byteCount = bytes.count
    }

    /// The only one we use.
    package static let rfc5054With2048Bits = SRPGroup(
        name: "rfc5054-2048",
        prime: """
            AC6BDB41324A9A9BF166DE5E1389582FAF72B6651987EE07FC3192943DB56050A37329CBB4A099ED8193E0757767A13D\
            D52312AB4B03310DCD7F48A9DA04FD50E8083969EDB767B0CF6095179A163AB3661A05FBD5FAAAE82918A9962F0B93B8\
            55F97993EC975EEAA80D740ADBF4FF747359D041D5C33EA71D281E446B14773BCA97B43A23FB801676BD207A436C6481\
            F1D2B9078717461A5B9D32E688F87748544523B524B0D57D5EA77A2775D2ECFA032CFBDBF52FB3786160279004E57AE6\
            AF874E7303CE53299CCC041C7BC308D82A5698F3A8D0C38271AE35F8E9DBFBB694B5C803D89F7AE435DE236D525F5475\
            9B65E372FCD68EF20FA7111F9E4AFF73
            """, generator: 2)
}

/// The arithmetic of SRP-6a (RFC 5054, section 2), for both sides; our pages do the client's half, tests do both.
/// Numbers travel as big-endian bytes. Blocking: one or two milliseconds of one core.
package struct SRP: Sendable {
    let group: SRPGroup
    let hash: @Sendable ([UInt8]) -> [UInt8]

    package init(_ group: SRPGroup = .rfc5054With2048Bits) { self.init(group) { Digests.sha256($0) } }

    init(_ group: SRPGroup, hash: @escaping @Sendable ([UInt8]) -> [UInt8]) {
        self.group = group
        self.hash = hash
    }

    /// k = H(N, PAD(g))
    private var multiplier: GroupNumber {
        GroupNumber(hash(group.prime.bytes + group.generator.padded(to: group.byteCount)))
    }

    /// u = H(PAD(A), PAD(B))
    func scrambler(_ clientPublic: GroupNumber, _ serverPublic: GroupNumber) -> GroupNumber {
        GroupNumber(
            hash(clientPublic.padded(to: group.byteCount) + serverPublic.padded(to: group.byteCount)))
    }

    /// A number of the other side's: not zero modulo the prime (whoever sends that knows the outcome), and smaller.
    private func element(_ bytes: [UInt8]) -> GroupNumber? {
        guard bytes.count <= group.byteCount else { return nil }
        let number = GroupNumber(bytes)
        return number.isZero || !number.isLess(than: group.prime) ? nil : number
    }

    /// It is fit to be kept as somebody's verifier: 1 and N-1 would make the outcome known.
    package func isVerifier(_ bytes: [UInt8]) -> Bool {
        guard let number = element(bytes) else { return false }
        let square = GroupNumber.product(number, number, modulo: group.prime)
        return square.bytes != [1]
    }

    // MARK: The server

    /// B = k v + g^b
    package func serverPublic(verifier: Secret<[UInt8]>, secret: Secret<[UInt8]>) -> [UInt8] {
        let masked = GroupNumber.product(
            multiplier, GroupNumber(verifier.reveal()).remainder(modulo: group.prime), modulo: group.prime)
        let power = GroupNumber.power(group.generator, GroupNumber(secret.reveal()), modulo: group.prime)
        return GroupNumber.sum(masked, power, modulo: group.prime).bytes
    }

    /// S = (A v^u)^b; `nil` for an A that no honest client sends.
    package func serverSecret(
        clientPublic: [UInt8], serverPublic: [UInt8], verifier: Secret<[UInt8]>, secret: Secret<[UInt8]>
    ) -> Secret<[UInt8]>? {
        guard let clientPublic = element(clientPublic) else { return nil }
        let scrambler = scrambler(clientPublic, GroupNumber(serverPublic))
        let raised = GroupNumber.power(
            GroupNumber(verifier.reveal()).remainder(modulo: group.prime), scrambler, modulo: group.prime)
        let base = GroupNumber.product(clientPublic, raised, modulo: group.prime)
        return Secret(GroupNumber.power(base, GroupNumber(secret.reveal()), modulo: group.prime).bytes)
    }

    // MARK: The client

    /// v = g^x
    package func verifier(key: Secret<[UInt8]>) -> [UInt8] {
        GroupNumber.power(group.generator, GroupNumber(key.reveal()), modulo: group.prime).bytes
    }

    /// A = g^a
    package func clientPublic(secret: Secret<[UInt8]>) -> [UInt8] { verifier(key: secret) }

    /// S = (B - k g^x)^(a + u x); `nil` for a B that no honest server sends.
    package func clientSecret(
        serverPublic: [UInt8], key: Secret<[UInt8]>, secret: Secret<[UInt8]>
    ) -> Secret<[UInt8]>? {
        guard let serverPublic = element(serverPublic) else { return nil }
        let scrambler = scrambler(GroupNumber(clientPublic(secret: secret)), serverPublic)
        let masked = GroupNumber.product(multiplier, GroupNumber(verifier(key: key)), modulo: group.prime)
        let base = GroupNumber.difference(serverPublic, masked, modulo: group.prime)
        let exponent = GroupNumber.linear(
            GroupNumber(secret.reveal()), scrambler, GroupNumber(key.reveal()))
        return Secret(GroupNumber.power(base, exponent, modulo: group.prime).bytes)
    }

    // MARK: Proofs (RFC 2945, section 3)

    /// M1 = H(H(N) xor H(g), H(I), s, A, B, K) with K = H(S): the client knows the password.
    package func clientProof(
        identity: String, salt: [UInt8], clientPublic: [UInt8], serverPublic: [UInt8], secret: Secret<[UInt8]>
    ) -> [UInt8] {
        let mixed = zip(hash(group.prime.bytes), hash(group.generator.bytes)).map { $0 ^ $1 }
        let (client, server) = (GroupNumber(clientPublic).bytes, GroupNumber(serverPublic).bytes)
        return hash(mixed + hash(Array(identity.utf8)) + salt + client + server + hash(secret.reveal()))
    }

    /// M2 = H(A, M1, K): the server knew the verifier.
    package func serverProof(clientPublic: [UInt8], clientProof: [UInt8], secret: Secret<[UInt8]>) -> [UInt8] {
        hash(GroupNumber(clientPublic).bytes + clientProof + hash(secret.reveal()))
    }
}

extension [UInt8] {
    /// Reads hexadecimal in either case; `nil` for an odd count or another character.
    package init?(hex: some StringProtocol) {
        let digits = hex.utf8.map { byte -> UInt8? in
            switch byte {
            case 48...57: byte - 48
            case 65...70: byte - 55
            case 97...102: byte - 87
            default: nil
            }
        }
        guard digits.count.isMultiple(of: 2), !digits.contains(nil) else { return nil }
        self = stride(from: 0, to: digits.count, by: 2).map { (digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0) }
    }
}
