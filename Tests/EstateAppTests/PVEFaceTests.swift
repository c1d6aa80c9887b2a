import JSONKit
import Testing

@testable import EstateApp

@Suite struct PVEFaceTests {
    @Test("what the whole cluster says of guests is what its nodes say", arguments: EstateShape.Releases.allCases)
    func agreement(releases: EstateShape.Releases) throws {
        let fixture = EstateFixture(releases)
        let all = try fixture.list("/cluster/resources?type=vm")
        #expect(all.count == 40)
        var seen = 0
        for node in fixture.scene().nodes where node.isOnline {
            for kind in ["qemu", "lxc"] {
                for guest in try fixture.list("/nodes/\(node.name)/\(kind)") {
                    let vmid = guest["vmid"]?.int ?? Int(guest["vmid"]?.string ?? "")
                    let twin = try #require(all.first { $0["vmid"]?.int == vmid })
                    #expect(twin["node"]?.string == node.name && twin["type"]?.string == kind)
                    for key in [
                        "name", "status", "netin", "netout", "diskread", "diskwrite", "uptime", "mem", "maxmem", "cpu",
                    ] {
                        #expect(twin[key] == guest[key], "\(key)")
                    }
                    seen += 1
                }
            }
        }
        #expect(seen == 40)
    }

    @Test("history is the mean of the same counters: their difference over a bucket is the rate it tells")
    func historyAgainstCounters() throws {
        let fixture = EstateFixture(isCalm: true)
        let guest = try #require(fixture.scene().guests().first { $0.state.power == .running && $0.plan.kind == .qemu })
        let path = "/nodes/\(fixture.plan.nodes[guest.state.node].name)/qemu/\(guest.plan.vmid)"
        for point in try fixture.list("\(path)/rrddata?timeframe=hour") {
            let start = Double(try #require(point["time"]?.int))
            func counter(_ time: Double) throws -> Double {
                try #require(try fixture.data("\(path)/status/current", at: time)["netin"]?.double)
            }
            let rate = (try counter(start + 60) - counter(start)) / 60
            #expect(abs(rate - (point["netin"]?.double ?? -1)) < 0.1)
        }
    }

    @Test(
        "a day of history comes in minutes from 9 and in half hours before",
        arguments: [(EstateShape.Releases.nine, 1440, 60), (.eight, 70, 1800)])
    func resolution(releases: EstateShape.Releases, count: Int, step: Int) throws {
        let fixture = EstateFixture(releases, isCalm: true)
        let points = try fixture.list("/nodes/\(fixture.plan.nodes[0].name)/rrddata?timeframe=day")
        #expect(points.count == count)
        #expect(points[1]["time"]?.int == (points[0]["time"]?.int ?? 0) + step)
        #expect((points[3]["memavailable"] != nil) == (releases == .nine))
        #expect(points[3]["memused"] != nil)
    }

    @Test("history has no members for the time a guest did not run, and never a column that guests do not have")
    func gaps() throws {
        var fixture = EstateFixture(isCalm: true)
        let guest = try #require(fixture.scene().guests().first { $0.state.power == .running })
        fixture.events.add(.stop(vmid: guest.plan.vmid), at: EstateFixture.noon - 1800)
        fixture.events.add(.start(vmid: guest.plan.vmid), at: EstateFixture.noon - 600)
        let path = "/nodes/\(fixture.plan.nodes[guest.state.node].name)/\(guest.plan.kind.rawValue)/\(guest.plan.vmid)"
        let points = try fixture.list("\(path)/rrddata?timeframe=hour")
        for point in points {
            let age = EstateFixture.noon - Double(point["time"]?.int ?? 0)
            #expect((point["mem"] != nil) == (age > 1800 || age <= 600), "\(age)")
            #expect(point["memused"] == nil && point["memavailable"] == nil)
        }
    }

    @Test(
        "parameters that the schema does not know are refused from 9 on",
        arguments: ["rrddata?timeframe=hour&ds=cpu", "status/current?full=1"])
    func unknownParameters(question: String) throws {
        for (releases, status) in [(EstateShape.Releases.nine, 400), (.eight, 200)] {
            let fixture = EstateFixture(releases, isCalm: true)
            let guest = try #require(fixture.scene().guests().first { $0.plan.kind == .qemu })
            let reply = fixture.reply(
                "/nodes/\(fixture.plan.nodes[guest.state.node].name)/qemu/\(guest.plan.vmid)/\(question)")
            #expect(reply.status == status)
        }
    }

    @Test("a node that is away is told as offline and answers 595 to what goes through it")
    func offline() throws {
        var fixture = EstateFixture(isCalm: true)
        fixture.events.add(.stopNode(1), at: EstateFixture.noon - 10)
        let name = fixture.plan.nodes[1].name
        let node = try #require(try fixture.list("/nodes").first { $0["node"]?.string == name })
        #expect(node["status"]?.string == "offline" && node["mem"] == nil)
        #expect(fixture.reply("/nodes/\(name)/status").status == 595)
        let guests = try fixture.list("/cluster/resources?type=vm").filter { $0["node"]?.string == name }
        #expect(guests.allSatisfy { $0["status"]?.string == "unknown" && $0["netin"] == nil })
    }

    @Test("who has no right to a node's insides is told 403, who is nobody 401, and what is not there 501")
    func refusals() {
        let fixture = EstateFixture()
        let node = fixture.plan.nodes[0].name
        for path in [
            "/nodes/\(node)/status", "/nodes/\(node)/disks/list", "/nodes/\(node)/apt/update", "/cluster/ceph/status",
        ] {
            #expect(fixture.reply(path, limited: true).status == 403)
        }
        #expect(fixture.reply("/cluster/resources", limited: true).status == 200)
        let nobody = FaceRequest(method: "GET", uri: "/api2/json/version", headers: [])
        let stranger = FaceRequest(
            method: "GET", uri: "/api2/json/version", headers: [("Authorization", "PVEAPIToken=pulse@pve!monitor=no")])
        #expect(fixture.ask(nobody).status == 401 && fixture.ask(stranger).status == 401)
        #expect(fixture.reply("/cluster/nonsense").status == 501)
    }

    @Test("a password buys a ticket for two hours, by form and by JSON", arguments: [true, false])
    func tickets(isJSON: Bool) throws {
        let fixture = EstateFixture()
        let form = "username=pulse%40pve&password=\(fixture.access.password)"
        let json = #"{"username":"pulse@pve","password":"\#(fixture.access.password)"}"#
        let login = FaceRequest(
            method: "POST", uri: "/api2/json/access/ticket",
            headers: [("Content-Type", isJSON ? "application/json" : "application/x-www-form-urlencoded")],
            body: Array((isJSON ? json : form).utf8))
        let ticket = try #require(try JSONValue(json: fixture.ask(login).body)["data"]?["ticket"]?.string)
        let question = FaceRequest(
            method: "GET", uri: "/api2/json/nodes", headers: [("Cookie", "PVEAuthCookie=\(ticket)")])
        #expect(fixture.ask(question).status == 200)
        #expect(fixture.ask(question, at: EstateFixture.noon + 7201).status == 401)
    }

    @Test("the guest agent answers, is slow, is missing or is not configured, each as real ones are")
    func agents() throws {
        let fixture = EstateFixture(guests: 120, isCalm: true)
        for guest in fixture.scene().guests() where guest.plan.kind == .qemu && guest.state.power == .running {
            let path = "/nodes/\(fixture.plan.nodes[guest.state.node].name)/qemu/\(guest.plan.vmid)/agent/get-fsinfo"
            let reply = fixture.reply(path)
            switch guest.plan.agent {
            case .present: #expect(reply.status == 200 && reply.delay == 0)
            case .slow: #expect(reply.status == 200 && reply.delay >= 3)
            case .missing: #expect(reply.reason == "QEMU guest agent is not running")
            case .disabled: #expect(reply.reason == "No QEMU guest agent configured")
            }
        }
    }

    @Test("what the guest's own meminfo calls available is more than what the hypervisor thinks is free")
    func memory() throws {
        let fixture = EstateFixture(guests: 120, isCalm: true)
        let guest = try #require(
            fixture.scene().guests().first {
                $0.plan.agent == .present && $0.state.power == .running && !$0.plan.isWindows
                    && !$0.plan.seed.chance(.detail, 0.08)
            })
        let path = "/nodes/\(fixture.plan.nodes[guest.state.node].name)/qemu/\(guest.plan.vmid)"
        let text = try #require(try fixture.data("\(path)/agent/file-read?file=/proc/meminfo")["content"]?.string)
        var kilobytes: [Substring: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            kilobytes[words[0].dropLast()] = Int(words[1])
        }
        let current = try fixture.data("\(path)/status/current")
        let free = try #require(current["freemem"]?.int)
        #expect(kilobytes["MemTotal"] == (current["maxmem"]?.int ?? 0) / 1024)
        #expect(kilobytes["MemFree"] == free / 1024)
        #expect(try #require(kilobytes["MemAvailable"]) > free / 1024)
    }
}
