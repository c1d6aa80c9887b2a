import Crypto
import Kernel
import Testing

@testable import Cryptography

@Suite struct SRPTests {
    /// The group of the RFC's own vectors; too small for use.
    private let small = SRP(
        SRPGroup(
            name: "rfc5054-1024",
            prime: """
                EEAF0AB9ADB38DD69C33F80AFA8FC5E86072618775FF3C0B9EA2314C9C256576D674DF7496EA81D3383B4813D692C6E0E0\
                D5D8E250B98BE48E495C1D6089DAD15DC7D7B46154D6B6CE8EF4AD69B15D4982559B297BCF1885C529F566660E57EC68ED\
                BC3C05726CC02FD4CBF4976EAA9AFD5138FE8376435B9FC61D2FC0EB06E3
                """, generator: 2),
        hash: { Array(Insecure.SHA1.hash(data: $0)) })

    private func bytes(_ hex: String) throws -> [UInt8] { try #require([UInt8](hex: hex.lowercased())) }

    @Test("the vectors of RFC 5054, appendix B") func rfc5054() throws {
        let salt = try bytes("BEB25379D1A8581EB5A727673A2441EE")
        let inner = Array(Insecure.SHA1.hash(data: Array("alice:password123".utf8)))
        let key = Array(Insecure.SHA1.hash(data: salt + inner))
        #expect(key.hex == "94b7555aabe9127cc58ccf4993db6cf84d16c124")
        let verifier = small.verifier(key: Secret(key))
        #expect(
            verifier.hex
                == """
                7e273de8696ffc4f4e337d05b4b375beb0dde1569e8fa00a9886d8129bada1f1822223ca1a605b530e379ba4729fdc59f1\
                05b4787e5186f5c671085a1447b52a48cf1970b4fb6f8400bbf4cebfbb168152e08ab5ea53d15c1aff87b2b9da6e04e058\
                ad51cc72bfc9033b564e26480d78e955a5e29e7ab245db2be315e2099afb
                """)
        let client = Secret(try bytes("60975527035CF2AD1989806F0407210BC81EDC04E2762A56AFD529DDDA2D4393"))
        let server = Secret(try bytes("E487CB59D31AC550471E81F00F6928E01DDA08E974A004F49E61F5D105284D20"))
        let clientPublic = small.clientPublic(secret: client)
        #expect(
            clientPublic.hex
                == """
                61d5e490f6f1b79547b0704c436f523dd0e560f0c64115bb72557ec44352e8903211c04692272d8b2d1a5358a2cf1b6e0b\
                fcf99f921530ec8e39356179eae45e42ba92aeaced825171e1e8b9af6d9c03e1327f44be087ef06530e69f66615261eef5\
                4073ca11cf5858f0edfdfe15efeab349ef5d76988a3672fac47b0769447b
                """)
        let serverPublic = small.serverPublic(verifier: Secret(verifier), secret: server)
        #expect(
            serverPublic.hex
                == """
                bd0c61512c692c0cb6d041fa01bb152d4916a1e77af46ae105393011baf38964dc46a0670dd125b95a981652236f99d9b6\
                81cbf87837ec996c6da04453728610d0c6ddb58b318885d7d82c7f8deb75ce7bd4fbaa37089e6f9c6059f388838e7a0003\
                0b331eb76840910440b1b27aaeaeeb4012b7d7665238a8e3fb004b117b58
                """)
        let scrambler = small.scrambler(GroupNumber(clientPublic), GroupNumber(serverPublic))
        #expect(scrambler.bytes.hex == "ce38b9593487da98554ed47d70a7ae5f462ef019")
        let ours = small.serverSecret(
            clientPublic: clientPublic, serverPublic: serverPublic, verifier: Secret(verifier), secret: server)
        let theirs = small.clientSecret(serverPublic: serverPublic, key: Secret(key), secret: client)
        #expect(ours?.reveal() == theirs?.reveal())
        #expect(
            ours?.reveal().hex
                == """
                b0dc82babcf30674ae450c0287745e7990a3381f63b387aaf271a10d233861e359b48220f7c4693c9ae12b0a6f67809f08\
                76e2d013800d6c41bb59b6d5979b5c00a172b4a2a5903a0bdcaf8a709585eb2afafa8f3499b200210dcc1f10eb33943cd6\
                7fc88a2f39a4be5bec4ec0a3212dc346d7e474b29ede8a469ffeca686e5a
                """)
    }

    @Test("an exchange in our group comes out as the Python library srptools computes it")
    func anotherImplementation() throws {
        let srp = SRP()
        let (key, client, server) = (
            Secret(Digests.sha256("key")), Secret(Digests.sha256("a")), Secret(Digests.sha256("b"))
        )
        let verifier = Secret(srp.verifier(key: key))
        let clientPublic = srp.clientPublic(secret: client)
        let serverPublic = srp.serverPublic(verifier: verifier, secret: server)
        let shared = try #require(
            srp.serverSecret(clientPublic: clientPublic, serverPublic: serverPublic, verifier: verifier, secret: server)
        )
        #expect(srp.clientSecret(serverPublic: serverPublic, key: key, secret: client)?.reveal() == shared.reveal())
        let digests = [verifier.reveal(), clientPublic, serverPublic, shared.reveal()].map { Digests.sha256($0).hex }
        #expect(
            digests == [
                "a0d9b9fd9fc2f0fbb18b2f2ec2a2c7ac6e662da6fa4a203ad1c0e784eec7656d",
                "8ccb5dc4f6a243312ec7f01e86dc0fbf8aec46ae37581224da91035b7fbe8d54",
                "b670dcb2f17d0ea78512c9aa97bd2689f42343ac4611c26e94dde6c71117ac5d",
                "012513c2675e7e58ebfbfa7b82ac42596b68c56c5d2538217fcb75fd751111ac",
            ])
        let proof = srp.clientProof(
            identity: "ana@example.org", salt: Array(0..<16), clientPublic: clientPublic, serverPublic: serverPublic,
            secret: shared)
        #expect(proof.hex == "cb7fd2359754e276a719d48b22d1fa29775bbc1892d76a117c1473839f7daca2")
        let answer = srp.serverProof(clientPublic: clientPublic, clientProof: proof, secret: shared)
        #expect(answer.hex == "d3ed9e661e989b16028487713704bcfe2de1aeb8c8d662e8595d6fa5881bea8a")
    }

    @Test("a public number that fixes the outcome is refused: zero, the prime, its multiples, and what is too long")
    func weakNumbers() throws {
        let srp = SRP()
        let prime = srp.group.prime.bytes
        let (verifier, secret) = (Secret(srp.verifier(key: Secret([7]))), Secret(Digests.sha256("b")))
        let serverPublic = srp.serverPublic(verifier: verifier, secret: secret)
        for weak in [[], [0], [UInt8](repeating: 0, count: 256), prime, [0] + prime, prime + [0], prime + prime] {
            #expect(
                srp.serverSecret(
                    clientPublic: weak, serverPublic: serverPublic, verifier: verifier, secret: secret) == nil)
            #expect(srp.clientSecret(serverPublic: weak, key: Secret([7]), secret: secret) == nil)
            #expect(!srp.isVerifier(weak))
        }
        var last = prime
        last[255] -= 1
        #expect(!srp.isVerifier([1]))
        #expect(!srp.isVerifier(last))
        #expect(srp.isVerifier(verifier.reveal()))
    }

    @Test("hexadecimal is read in either case, and nothing else is")
    func hexadecimal() {
        #expect([UInt8](hex: "00fFa0") == [0, 255, 160])
        #expect([UInt8](hex: "") == [])
        for nonsense in ["0", "0g", "0x", " 00", "é"] { #expect([UInt8](hex: nonsense) == nil) }
    }
}
