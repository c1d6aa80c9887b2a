import Kernel
import Testing

@testable import Connections

struct PlatformAddressTests {
    @Test(
        "names, addresses and pasted URLs are understood",
        arguments: [
            ("pve.example.com", "pve.example.com", nil), (" PVE1 ", "pve1", nil), ("10.40.0.5", "10.40.0.5", nil),
            ("pve.example.com:8007", "pve.example.com", 8007), ("10.40.0.5:443", "10.40.0.5", 443),
            ("https://pve.example.com:8006/#v1:0:18:4", "pve.example.com", 8006),
            ("https://pve.example.com/", "pve.example.com", nil),
            ("https://pve.example.com:443", "pve.example.com", 443),
            ("2001:DB8::41", "2001:db8::41", nil), ("[2001:db8::41]", "2001:db8::41", nil),
            ("[2001:db8::41]:8006", "2001:db8::41", 8006), ("https://[2001:db8::41]:8006/", "2001:db8::41", 8006),
            ("https://[2001:db8::41]/", "2001:db8::41", nil), ("node_1.lan", "node_1.lan", nil),
        ] as [(String, String, Int?)])
    func understood(text: String, host: String, port: Int?) throws {
        let address = try PlatformAddress(text)
        #expect(address.host == host && address.port == port)
    }

    @Test(
        "what is neither is refused, naming the field",
        arguments: [
            "", " ", "http://pve.example.com", "ftp://pve.example.com", "pve example", "user@pve.example.com",
            "https://user:word@pve.example.com", "pve.example.com/path", "pve.example.com:0", "pve.example.com:99999",
            "pve.example.com:x", "-pve.example.com", "a..b", "127.1", "2130706433", "0x7f.1", "0x7f000001",
            "0177.0.0.1.5",
            "pve\u{0}", "pve\u{202E}", String(repeating: "a", count: 64) + ".com", "[::1", "fe80::1%eth0", "://",
            "https://",
        ])
    func refused(text: String) {
        let problem = #expect(throws: Problem.self) { try PlatformAddress(text) }
        #expect(problem?.slug == "invalid-field" && problem?.field == "host")
    }

    @Test("fingerprints read with colons, blanks or neither, in either case, and are written one way")
    func fingerprints() {
        let bytes = (0..<32).map { UInt8($0 * 7 & 0xFF) }
        let text = Fingerprint.text(bytes)
        #expect(text.count == 95 && text == text.uppercased())
        let spellings = [
            text, text.lowercased(), text.filter { $0 != ":" }, text.map { $0 == ":" ? " " : "\($0)" }.joined(),
        ]
        for spelling in spellings { #expect(Fingerprint.bytes(spelling) == bytes) }
        for wrong in ["", String(text.dropLast()), text + ":00", text.replacing("0", with: "g")] {
            #expect(Fingerprint.bytes(wrong) == nil)
        }
    }
}
