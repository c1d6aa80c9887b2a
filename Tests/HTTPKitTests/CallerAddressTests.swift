import Testing

@testable import HTTPKit

@Suite struct CallerAddressTests {
    @Test(
        "a range holds its addresses and no others",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.1.2.0/23", "10.1.3.9", true),
            ("10.1.2.0/23", "10.1.4.0", false), ("0.0.0.0/0", "1.2.3.4", true), ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false), ("fd00::/8", "fd12::1", true), ("fd00::/8", "fe80::1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true), ("::/0", "10.0.0.1", false), ("10.0.0.0/8", "nonsense", false),
        ])
    func ranges(range: String, address: String, holds: Bool) throws {
        #expect(try #require(NetworkRange(range)).contains(address) == holds)
    }

    @Test(
        "what is no range is none",
        arguments: ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1", "a/8", "1.2.3.4/8/8"])
    func notRanges(text: String) { #expect(NetworkRange(text) == nil) }

    private func caller(peer: String, _ headers: Headers, isTLS: Bool = false) -> CallerAddress {
        let trusted = ["10.0.0.0/8", "192.0.2.1"].compactMap { NetworkRange($0) }
        return CallerAddress(peer: peer, isTLS: isTLS, headers: headers, trusted: trusted)
    }

    @Test("forwarding headers of strangers are not believed")
    func strangers() {
        let caller = caller(
            peer: "203.0.113.5",
            [
                "host": "pulse.test", "x-forwarded-for": "1.1.1.1", "x-forwarded-proto": "https",
                "x-forwarded-host": "evil",
            ])
        #expect(caller.address == "203.0.113.5")
        #expect(!caller.isSecure)
        #expect(caller.host == "pulse.test")
    }

    @Test(
        "behind proxies the caller is the rightmost address that is none of them",
        arguments: [
            ("198.51.100.7", "198.51.100.7"), ("1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
            ("10.9.9.9", "10.0.0.1"), ("", "10.0.0.1"), ("198.51.100.7, garbage", "10.0.0.1"),
            ("2001:db8::1", "2001:db8::1"),
        ])
    func proxies(forwarded: String, expected: String) {
        #expect(caller(peer: "10.0.0.1", ["host": "h", "x-forwarded-for": forwarded]).address == expected)
    }

    @Test("https is our own TLS or what a trusted proxy says")
    func secure() {
        #expect(caller(peer: "203.0.113.5", ["host": "h"], isTLS: true).isSecure)
        #expect(caller(peer: "10.0.0.1", ["host": "h", "x-forwarded-proto": "https"]).isSecure)
        #expect(!caller(peer: "10.0.0.1", ["host": "h"]).isSecure)
        #expect(caller(peer: "10.0.0.1", ["host": "h", "x-forwarded-host": "pulse.example"]).host == "pulse.example")
    }

    @Test("loopback counts as direct only without a proxy's word")
    func loopback() {
        let trusted = ["127.0.0.1"].compactMap { NetworkRange($0) }
        let direct = CallerAddress(peer: "127.0.0.1", isTLS: false, headers: [:], trusted: [])
        let proxied = CallerAddress(
            peer: "127.0.0.1", isTLS: false, headers: ["x-forwarded-for": "198.51.100.7"], trusted: trusted)
        #expect(direct.isDirectLoopback)
        #expect(!proxied.isDirectLoopback)
    }
}
