import Testing

@testable import AgentApp

/// What an agent's allow-list makes of what a server may ask for.
@Suite struct AllowListTests {
    private func permits(_ rules: [String], _ addresses: [String], of host: String? = nil, port: Int = 8006) throws
        -> Bool
    {
        try permits(rules, addresses, of: host, by: .tcp(port))
    }

    private func permits(
        _ rules: [String], _ addresses: [String], of host: String? = nil, by service: TargetService
    ) throws -> Bool {
        let parsed = addresses.compactMap { NetworkAddress($0) }
        try #require(parsed.count == addresses.count)
        return try AllowList(rules).permits(parsed, of: host ?? addresses[0], by: service)
    }

    @Test("nothing is allowed unless it is said") func nothing() throws {
        #expect(try !permits([], ["192.168.1.2"]))
        #expect(try AllowList(["", "  ", "# 10.0.0.0/8:1-65535"]).isEmpty)
    }

    @Test("a network is allowed on its ports, and nothing beside it") func network() throws {
        let rules = ["192.168.1.0/24:8006,9000-9002", "[fd12::/16]:443"]
        for (address, port) in [
            ("192.168.1.1", 8006), ("192.168.1.255", 9001), ("::ffff:192.168.1.7", 9002), ("fd12::1", 443),
        ] {
            #expect(try permits(rules, [address], port: port), "\(address) \(port)")
        }
        for (address, port) in [
            ("192.168.2.1", 8006), ("192.168.0.255", 8006), ("192.168.1.1", 8007), ("192.168.1.1", 8999),
            ("192.168.1.1", 9003), ("fd13::1", 443), ("fd12::1", 8006), ("8.8.8.8", 8006),
        ] {
            #expect(try !permits(rules, [address], port: port), "\(address) \(port)")
        }
    }

    @Test("datagrams and pings are allowed only where they are named, and a port alone is one of TCP")
    func services() throws {
        let rules = [
            "10.0.0.0/8:53,53/udp,161-162/udp", "10.1.0.0/16:icmp", "ns.lan:53/udp,icmp", "10.2.0.0/16:80/tcp",
        ]
        for (address, service) in [
            ("10.0.0.1", TargetService.tcp(53)), ("10.0.0.1", .udp(53)), ("10.0.0.1", .udp(162)), ("10.1.0.1", .icmp),
            ("10.2.0.1", .tcp(80)),
        ] {
            #expect(try permits(rules, [address], by: service), "\(address) \(service)")
        }
        for (address, service) in [
            ("10.0.0.1", TargetService.icmp), ("10.0.0.1", .tcp(161)), ("10.0.0.1", .udp(163)), ("10.2.0.1", .udp(80)),
            ("11.0.0.1", .udp(53)), ("11.1.0.1", .icmp),
        ] {
            #expect(try !permits(rules, [address], by: service), "\(address) \(service)")
        }
        #expect(try permits(rules, ["192.168.1.1"], of: "ns.lan", by: .icmp))
        #expect(try !permits(rules, ["192.168.1.1"], of: "ns.lan", by: .tcp(53)))
        for service in [TargetService.icmp, .udp(53)] {
            #expect(try !permits(["0.0.0.0/0:icmp,1-65535/udp"], ["127.0.0.1"], by: service))
            #expect(try !permits(["0.0.0.0/0:icmp,1-65535/udp"], ["255.255.255.255"], by: service))
            #expect(try permits(["127.0.0.1:icmp,53/udp"], ["127.0.0.1"], by: service))
        }
        let list = try AllowList(rules)
        #expect(list.mayLead(to: .icmp) && list.mayLead(to: .udp(161)) && !list.mayLead(to: .udp(80)))
    }

    @Test("a name is allowed wherever it leads but to special places; another name is not") func name() throws {
        let rules = ["pve.lan:8006"]
        #expect(try permits(rules, ["192.168.7.7"], of: "pve.lan"))
        #expect(try permits(rules, ["192.168.7.7"], of: "PVE.lan."))
        #expect(try !permits(rules, ["192.168.7.7"], of: "pve2.lan"))
        #expect(try !permits(rules, ["192.168.7.7"], of: "x.pve.lan"))
        #expect(try !permits(rules, ["192.168.7.7"]), "its address alone was not allowed")
        #expect(try !permits(rules, ["127.0.0.1"], of: "pve.lan"), "a name that leads into this machine")
        #expect(
            try !permits(rules, ["192.168.7.7", "169.254.169.254"], of: "pve.lan"), "one bad address spoils the name")
        #expect(try !permits(rules, [], of: "pve.lan"))
    }

    @Test("a name that nobody allowed is reached where all its addresses are allowed") func rebinding() throws {
        let rules = ["192.168.1.0/24:8006"]
        #expect(try permits(rules, ["192.168.1.4", "192.168.1.5"], of: "anything.example"))
        #expect(try !permits(rules, ["192.168.1.4", "192.168.2.5"], of: "anything.example"))
    }

    /// Every form in which loopback, link-local networks, metadata services and nobody's addresses can be written.
    static let places: [String] =
        (0..<16).flatMap { octet -> [String] in
            let last = octet * 17
            return [
                "127.0.0.\(last)", "127.\(last).255.1", "169.254.\(last).1", "0.\(last).0.1", "224.0.0.\(last)",
                "239.255.255.\(last)", "240.0.0.\(last)", "255.255.255.\(last)",
            ]
        } + [
            "169.254.169.254", "100.100.100.200", "::1", "::", "fe80::1", "febf:ffff::1", "ff02::1", "ff0e::1",
            "fd00:ec2::254",
            "255.255.255.255", "0.0.0.0",
        ]

    static let disguised: [String] =
        ["127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "100.100.100.200"].map { "::ffff:\($0)" }
        + [
            "::7f00:1", "::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::e000:1", "2002:7f00:1::1",
            "2002:a9fe:a9fe::1", "2002:e000:1::1",
        ]

    @Test("special places are not reached by a broad rule, however they are written", arguments: places + disguised)
    func special(address: String) throws {
        let broad = [
            "0.0.0.0/0:1-65535", "[::/0]:1-65535", "0.0.0.0/1:1-65535", "128.0.0.0/1:1-65535", "trap.lan:1-65535",
        ]
        #expect(try !permits(broad, [address]))
        #expect(try !permits(broad, [address], of: "trap.lan"))
    }

    @Test("loopback and link-local places are reached when a rule within them says so") func explicit() throws {
        #expect(try permits(["127.0.0.1:8006"], ["127.0.0.1"]))
        #expect(try permits(["127.0.0.0/8:8006"], ["127.0.0.1"], of: "localhost"))
        #expect(try permits(["[::1]:8006"], ["::1"]))
        #expect(try permits(["169.254.7.0/24:8006"], ["169.254.7.1"]))
        #expect(try permits(["[fe80::/64]:8006"], ["fe80::5"]))
        #expect(try permits(["169.254.169.254:80"], ["169.254.169.254"], port: 80))
        #expect(try !permits(["169.254.0.0/16:80"], ["169.254.169.254"], port: 80), "metadata wants to be named itself")
        #expect(try !permits(["0.0.0.0/8:80"], ["0.0.0.0"], port: 80), "nobody's address is nobody's")
        #expect(try !permits(["224.0.0.0/4:80"], ["224.0.0.1"], port: 80))
    }

    @Test(
        "what is no rule is refused with its text",
        arguments: [
            "192.168.1.0/24", "192.168.1.0/33:80", "192.168.1.0/-1:80", "192.168.1.0/24:0", "pve.lan:65536", "pve.lan:",
            "pve.lan:9-8", "pve.lan:80,", "pve.lan:-80", ":80", "fd00::1:80", "[fd00::1]80", "[fd00::1:80", "127.1:80",
            "0x7f.1:80", "2130706433:80", "a b.lan:80", "-x.lan:80", "*:80", "192.168.1.0/24:80-90-100", "[pve!lan]:80",
            "pve.lan:80/sctp", "pve.lan:80/", "pve.lan:/udp", "pve.lan:80/udp/udp", "pve.lan:icmp/udp", "pve.lan:ICMP",
            "pve.lan:0/udp", "pve.lan:icmp,",
        ])
    func unfit(rule: String) {
        do {
            _ = try AllowList([rule])
            Issue.record("\(rule) was taken")
        } catch {
            #expect(error.description.range(of: rule) != nil)
        }
    }
}
