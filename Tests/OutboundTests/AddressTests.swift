import HTTPKit
import Testing

@testable import Outbound

@Suite struct AddressTests {
    @Test(
        "addresses of the public internet are public",
        arguments: [
            "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "192.0.1.1",
            "223.255.255.255",
            "198.17.255.255", "198.20.0.1", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:0808:0808::1",
        ])
    func isPublic(text: String) throws {
        #expect(try #require(InternetAddress(text)).isPublic)
        #expect(OutboundPolicy().permits(text))
    }

    @Test(
        "private, local, shared, reserved and wrapped ones are not",
        arguments: [
            "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1",
            "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
            "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
            "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:c0a8:0101::", "2001::1", "2001:10::1",
            "2001:db8::1",
            "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "100::1", "5f00::1", "4000::1",
        ])
    func isNot(text: String) throws {
        #expect(try !#require(InternetAddress(text)).isPublic)
        #expect(!OutboundPolicy().permits(text))
    }

    @Test(
        "through a gateway nobody stands at everybody's address, at none, or where clouds tell secrets",
        arguments: [
            "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "169.254.169.254",
            "100.100.100.200", "::", "::ffff:0.0.0.0", "::ffff:169.254.169.254", "::7f00:1", "64:ff9b::a9fe:a9fe",
            "64:ff9b::", "ff02::1", "fd00:ec2::254",
        ])
    func noPlace(text: String) throws { #expect(try !#require(InternetAddress(text)).isAPlace) }

    @Test(
        "every other address is for the agent's administrator to allow",
        arguments: ["10.0.0.1", "192.168.1.2", "127.0.0.1", "::1", "fd00::1", "fe80::1", "169.254.1.1", "1.1.1.1"])
    func place(text: String) throws { #expect(try #require(InternetAddress(text)).isAPlace) }

    @Test(
        "what is no address is permitted nowhere", arguments: ["", "localhost", "127.1", "0x7f000001", "fe80::1%eth0"])
    func noAddress(text: String) {
        #expect(InternetAddress(text) == nil)
        #expect(!OutboundPolicy(allowing: ["0.0.0.0/0", "::/0"].compactMap { NetworkRange($0) }).permits(text))
    }

    @Test("an operator opens what they name, and nothing else") func allowed() throws {
        let policy = OutboundPolicy(allowing: [try #require(NetworkRange("10.1.0.0/16"))])
        #expect(policy.permits("10.1.2.3"))
        #expect(policy.permits("::ffff:10.1.2.3"))
        #expect(!policy.permits("10.2.0.1"))
        #expect(!policy.permits("127.0.0.1"))
    }

    @Test(
        "an address of a customer is http or https with a host and nothing hidden in it",
        arguments: [
            "ftp://example.com", "file:///etc/passwd", "gopher://x", "https://", "https://user@example.com",
            "https://user:pass@example.com", "example.com", "https://exa mple.com", "https://example.com\n",
            "//example.com",
            "https://example.com:0", "https://example.com:99999", "javascript:alert(1)",
        ])
    func targets(text: String) {
        #expect(OutboundTarget(text) == nil)
    }

    @Test("from TLS nothing leads into the clear; elsewhere a redirect may go") func leading() throws {
        for (from, location, may) in [
            ("https://a.example/x", "http://a.example/x", false), ("https://a.example/x", "http://b.example/", false),
            ("https://a.example/x", "https://b.example/", true), ("https://a.example/x", "/y", true),
            ("https://a.example/x", "//b.example/", true), ("http://a.example/x", "https://a.example/x", true),
            ("http://a.example/x", "/y", true),
        ] {
            let target = try #require(OutboundTarget(from))
            let next = try #require(target.redirected(to: location))
            #expect(target.mayLead(to: next) == may, "\(from) to \(location)")
        }
    }

    @Test("its parts are read as a client would") func parts() throws {
        let one = try #require(OutboundTarget("https://Example.COM/hook?a=1"))
        #expect((one.host, one.port, one.isSecure) == ("example.com", 443, true))
        let two = try #require(OutboundTarget("http://[::1]:8080/"))
        #expect((two.host, two.port, two.isSecure) == ("::1", 8080, false))
    }

    @Test("a name is resolved once, and every answer must be allowed") func resolved() async throws {
        for (answers, wanted) in [
            (["8.8.8.8"], "8.8.8.8"), (["8.8.8.8", "1.1.1.1"], "8.8.8.8"), (["8.8.8.8", "10.0.0.1"], nil),
            (["127.0.0.1"], nil), (["::ffff:169.254.169.254"], nil),
        ] as [([String], String?)] {
            let guarded = AddressGuard(OutboundPolicy(), resolver: Resolver { _, _ in answers })
            if let wanted {
                #expect(try await guarded.address(of: "hook.example") == wanted)
            } else {
                await #expect(throws: OutboundError.refused) { try await guarded.address(of: "hook.example") }
            }
        }
        let literal = AddressGuard(OutboundPolicy(), resolver: Resolver { _, _ in ["8.8.8.8"] })
        #expect(try await literal.address(of: "1.1.1.1") == "1.1.1.1")
        for written in ["127.0.0.1", "10.0.0.1", "::1", "::ffff:169.254.169.254"] {
            await #expect(throws: OutboundError.refused) { try await literal.address(of: written) }
        }
        let none = AddressGuard(OutboundPolicy(), resolver: Resolver { _, _ in [] })
        await #expect(throws: OutboundError.unreachable) { try await none.address(of: "hook.example") }
    }

    @Test(
        "numbers written oddly are looked at as what they resolve to",
        arguments: ["127.1", "2130706433", "0x7f.1", "localhost"])
    func odd(host: String) async throws {
        await #expect(throws: OutboundError.refused) { try await AddressGuard(OutboundPolicy()).address(of: host) }
    }
}
