import Inventory
import JSONKit
import Kernel
import Outbound
import Testing

@testable import Connections

/// Where only we can go: more than two hundred spellings of places that no customer's connection leads to.
struct ForbiddenAddressTests {
    private static let four: [String] = {
        let networks = [
            "0.0.0", "0.1.2", "10.0.0", "10.255.255", "10.40.7", "100.64.0", "100.100.100", "100.127.255", "127.0.0",
            "127.0.1",
            "127.255.255", "169.254.0", "169.254.169", "169.254.170", "172.16.0", "172.17.0", "172.31.255", "192.0.0",
            "192.0.2", "192.168.0", "192.168.1", "192.168.178", "192.168.255", "198.18.0", "198.19.255", "198.51.100",
            "203.0.113", "224.0.0", "239.255.255", "240.0.0", "255.255.255",
        ]
        return networks.flatMap { network in [1, 2, 254, 255].map { "\(network).\($0)" } }
    }()

    private static let six = [
        "::", "::1", "fe80::1", "fe80::dead:beef", "febf::1", "fc00::1", "fd00::1", "fd12:3456:789a::1", "fec0::1",
        "ff02::1",
        "ff05::2", "2001:db8::1", "2001::1", "2001:10::1", "3fff::1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254",
        "64:ff9b:1::1", "2002:a00:1::", "2002:c0a8:101::1", "2002:7f00:1::1", "100::1", "::10.0.0.1", "4000::1",
    ]

    /// Numbers that resolvers take for addresses and people do not write.
    private static let disguised = [
        "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001", "0x7f.1", "10.1",
        "0xa9fea9fe",
        "2852039166", "169.254.43518", "192.168.257", "0", "00000000", "1", "127.0.0.1.", "127.0.0.01", "127.0.0.0x1",
    ]

    static let all: [String] =
        four + six + four.filter { $0.hasSuffix(".1") || $0.hasSuffix(".254") }.map { "::ffff:\($0)" } + disguised

    private func isRefused(_ text: String) -> Bool {
        let rules = ConnectionRules(policy: OutboundPolicy(), makers: [])
        var body = ConnectionsCase.draft
        body["host"] = .string(text)
        do throws(Problem) {
            _ = try ConnectionDraft(.object(body), in: .new(at: Timestamp(seconds: 0))).configuration(
                over: nil, rules: rules)
            return false
        } catch {
            return error.field == "host"
        }
    }

    @Test("no spelling of a forbidden address is saved, bare, with a port, or as a URL")
    func refused() {
        #expect(Self.all.count >= 200)
        for address in Self.all {
            let host = address.contains(":") ? "[\(address)]" : address
            for text in [address, "\(host):8006", "https://\(host)/", "https://\(host):443/api2/json"] {
                #expect(isRefused(text), "\(text)")
            }
        }
    }

    @Test("public addresses and names are saved")
    func allowed() {
        for address in ["203.1.113.41", "8.8.8.8", "2a00:1450:4001::1", "pve.example.com", "pve1"] {
            #expect(!isRefused(address), "\(address)")
        }
    }
}
