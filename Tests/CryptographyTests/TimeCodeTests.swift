import Kernel
import Testing

@testable import Cryptography

@Suite struct TimeCodeTests {
    private let secret = Secret(Array("12345678901234567890".utf8))

    @Test(
        "the codes of RFC 6238, appendix B",
        arguments: [
            (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"), (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
        ] as [(Int64, String)])
    func rfc6238(seconds: Int64, code: String) {
        let step = TimeCode.step(at: Timestamp(seconds: seconds))
        #expect(TimeCode.code(at: step, secret: secret, digits: 8) == code)
        #expect(TimeCode.code(at: step, secret: secret) == code.suffix(6))
    }

    @Test(
        "the codes of RFC 4226, appendix D",
        arguments: [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
        ].enumerated().map { ($0, $1) })
    func rfc4226(counter: Int, code: String) {
        #expect(TimeCode.code(at: Int64(counter), secret: secret) == code)
    }

    @Test("a code is right in its half minute and the ones beside it, and never again at or before the last one")
    func window() {
        let moment = Timestamp(seconds: 3_000_000)
        let present = TimeCode.step(at: moment)
        for offset in Int64(-3)...3 {
            let code = TimeCode.code(at: present + offset, secret: secret)
            let found = TimeCode.step(of: code, secret: secret, after: 0, at: moment)
            #expect(found == ((-1...1).contains(offset) ? present + offset : nil))
        }
        let code = TimeCode.code(at: present, secret: secret)
        #expect(TimeCode.step(of: code, secret: secret, after: present - 1, at: moment) == present)
        #expect(TimeCode.step(of: code, secret: secret, after: present, at: moment) == nil)
        for nonsense in ["", "12345", "1234567", "abcdef"] {
            #expect(TimeCode.step(of: nonsense, secret: secret, after: 0, at: moment) == nil)
        }
    }

    @Test(
        "base32 as in RFC 4648",
        arguments: [
            ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ])
    func base32(text: String, encoded: String) { #expect(Base32.encode(Array(text.utf8)) == encoded) }

    @Test("the address for authenticators names issuer and account, and its QR code is an SVG picture")
    func address() throws {
        let address = TimeCode.address(secret: secret, account: "ana+x@example.org", issuer: "Pulse")
        #expect(
            address.reveal()
                == "otpauth://totp/Pulse%3Aana%2Bx%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Pulse"
                + "&algorithm=SHA1&digits=6&period=30")
        let picture = try #require(QRCode.svg(of: address))
        #expect(picture.hasPrefix("<svg ") && picture.hasSuffix("</svg>"))
        #expect(picture.contains("h7v1h-7z"))
        #expect(!picture.contains("GEZDGNBV"))
        #expect(QRCode.svg(of: Secret(String(repeating: "x", count: 5000))) == nil)
        #expect(QRCode.svg(of: Secret("")) == nil)
    }
}
