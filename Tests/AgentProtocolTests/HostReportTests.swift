import AgentProtocol
import JSONKit
import Kernel
import Testing

/// What a current agent of the field sends, with the traps of its encoder.
private let fieldReport = """
    {"agent":{"id":"a-1","version":"6.3.0","type":"unified","intervalSeconds":30,"hostname":"pve1",
      "modules":[{"name":"host","enabled":true,"state":"running","updatedAt":"2026-11-21T09:00:00Z"}],
      "privilege":{"runningAsRoot":true}},
     "host":{"id":"3b1f0c1e-0000-4000-8000-0123456789ab","hostname":"pve1","platform":"linux","osName":"Debian",
      "cpuCount":8,"uptimeSeconds":86400,"loadAverage":[0.5,1e-07,2],
      "packageUpdates":{"supported":true,"pendingCount":0,"checkedAt":"0001-01-01T00:00:00Z"}},
     "metrics":{"cpuUsagePercent":12.5,"memory":{"totalBytes":34359738368,"usedBytes":8589934592,"usage":25}},
     "disks":[{"device":"/dev/sda1","mountpoint":"/","filesystem":"ext4","type":"ext4","totalBytes":100,"usedBytes":50,
      "freeBytes":45,"usage":52.63,"zfsDatasets":null}],
     "diskIO":[{"device":"sda","readBytes":18446744073709551615,"writeBytes":1}],
     "network":[{"name":"eth0","mac":"aa:bb:cc:dd:ee:ff","addresses":["10.0.0.2/24","fe80::1/64"],"rxBytes":9,
      "txBytes":8,"speedMbps":null}],
     "sensors":{"temperatureCelsius":{"cpu_package":48.5,"nvme0":null},"smart":[{"device":"sda","temperature":30}]},
     "raid":[{"device":"md0","devices":null}],"ceph":{"health":{}},
     "tags":["prod",null],"timestamp":"2026-11-21T09:30:00.123456789Z",
     "sequenceId":"v1:0123456789abcdef0123456789abcdef:42"}
    """

@Suite struct HostReportTests {
    private func read(_ text: String) throws -> HostReport {
        try HostReport(json: text.utf8, options: ReportLimits.readerOptions)
    }

    @Test("a report of the field is read")
    func fieldForm() throws {
        let report = try read(fieldReport)
        try report.validate()
        #expect(report.agent.type == "unified" && report.agent.intervalSeconds == 30)
        #expect(report.host.hostname == "pve1" && report.host.loadAverage == [0.5, 1e-7, 2])
        #expect(report.metrics.cpuUsagePercent == 12.5 && report.metrics.memory.totalBytes == 34_359_738_368)
        #expect(report.metrics.memory.swapTotalBytes == nil, "unknown is absent, not 0")
        #expect(report.disks.first?.usage == 52.63 && report.diskIO.first?.readBytes == .max)
        #expect(report.network.first?.addresses == ["10.0.0.2/24", "fe80::1/64"])
        #expect(report.sensors.temperatureCelsius == ["cpu_package": 48.5] && report.tags == ["prod"])
        #expect(report.timestamp == Timestamp(rfc3339: "2026-11-21T09:30:00.123Z"))
        #expect(report.sequence == SequenceID(stream: "0123456789abcdef0123456789abcdef", number: 42))
    }

    @Test(
        "what is missing, null or unknown leaves the default",
        arguments: [
            "{}", #"{"agent":null,"host":null,"metrics":null,"disks":null,"sensors":null,"timestamp":null}"#,
            #"{"metrics":{"memory":{}},"sensors":{},"timestamp":"0001-01-01T00:00:00Z","more":{"deep":[1,2]}} trailing"#,
            #"{"disks":[null],"network":[null],"tags":[null],"host":{"hostname":null,"cpuCount":null}}"#,
        ])
    func lax(text: String) throws {
        #expect(try read(text) == HostReport())
        #expect { try read(text).validate() } throws: { ($0 as? Problem)?.field == "host.hostname" }
    }

    @Test("keys match in any case, the last of duplicates wins")
    func keyCase() throws {
        let report = try read(#"{"HOST":{"HostName":"a","hostname":"b"},"METRICS":{"CPUusagePercent":1}}"#)
        #expect(report.host.hostname == "b" && report.metrics.cpuUsagePercent == 1)
    }

    @Test(
        "a wrong type is refused with the member's path",
        arguments: [
            (#"{"host":{"hostname":7}}"#, "host.hostname"), (#"{"host":{"cpuCount":1.5}}"#, "host.cpuCount"),
            (#"{"metrics":{"memory":{"totalBytes":"1"}}}"#, "metrics.memory.totalBytes"),
            (#"{"disks":[{},{"usedBytes":1e3}]}"#, "disks.1.usedBytes"), (#"{"disks":{}}"#, "disks"),
            (#"{"diskIO":[{"readBytes":-1}]}"#, "diskIO.0.readBytes"),
            (#"{"network":[{"rxBytes":18446744073709551616}]}"#, "network.0.rxBytes"),
            (#"{"timestamp":"yesterday"}"#, "timestamp"), (#"{"timestamp":1700000000}"#, "timestamp"),
            (#"{"sensors":{"temperatureCelsius":{"cpu":"hot"}}}"#, "sensors.temperatureCelsius.cpu"),
            (#"{"metrics":{"cpuUsagePercent":NaN}}"#, "metrics.cpuUsagePercent"), (#"[]"#, ""),
            (#"{"tags":"prod"}"#, "tags"),
        ])
    func wrongTypes(text: String, path: String) {
        #expect { try read(text) } throws: { ($0 as? JSONError)?.path == path }
    }

    @Test("our report reads back equal, and what is unknown is not written")
    func roundTrip() throws {
        var report = try read(fieldReport)
        report.host.dmiUUID = "4c4c4544-0042-3510-8052-b4c04f333732"
        report.metrics.cpuPerCorePercent = [1.25, 0, 100]
        report.metrics.memory.availableBytes = 7
        report.network[0].rxBytesPerSecond = 1000
        report.diskIO[0].writeBytesPerSecond = 0
        #expect(try read(String(decoding: report.json, as: UTF8.self)) == report)
        var small = HostReport()
        small.host.hostname = "h"
        #expect(
            String(decoding: small.json, as: UTF8.self)
                == #"{"agent":{},"host":{"hostname":"h"},"metrics":{"memory":{}},"sensors":{}}"#)
    }
}

@Suite struct ReportValidationTests {
    private func problem(_ change: (inout HostReport) -> Void) -> Problem? {
        var report = HostReport()
        report.host.hostname = "web-1"
        change(&report)
        do {
            try report.validate()
            return nil
        } catch { return error }
    }

    @Test("a plain report passes")
    func passes() { #expect(problem { _ in } == nil) }

    @Test("year 9999 and times before 1970 are refused")
    func years() throws {
        for text in ["9999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "1969-12-31T23:59:59Z"] {
            let refusal = problem { $0.timestamp = Timestamp(rfc3339: text) }
            #expect(refusal?.slug == "invalid-report" && refusal?.code == "invalid_report")
            #expect(refusal?.status == 400 && refusal?.field == "timestamp")
        }
        #expect(problem { $0.timestamp = Timestamp(rfc3339: "1970-01-01T00:00:10Z") } == nil, "a clock never set")
    }

    @Test("numbers no host can have are refused by name")
    func numbers() {
        #expect(problem { $0.metrics.memory.totalBytes = -1 }?.field == "metrics.memory.totalBytes")
        #expect(problem { $0.metrics.cpuUsagePercent = 101 }?.field == "metrics.cpuUsagePercent")
        #expect(problem { $0.metrics.cpuUsagePercent = .nan }?.field == "metrics.cpuUsagePercent")
        #expect(problem { $0.metrics.cpuUsagePercent = 100.0001 } == nil)
        #expect(problem { $0.metrics.cpuPerCorePercent = [1, -2] }?.field == "metrics.cpuPerCorePercent.1")
        #expect(problem { $0.host.uptimeSeconds = -5 }?.field == "host.uptimeSeconds")
        #expect(problem { $0.host.loadAverage = [.infinity] }?.field == "host.loadAverage.0")
        #expect(problem { $0.sensors.temperatureCelsius = ["x": .nan] }?.field == "sensors.temperatureCelsius.x")
        #expect(
            problem {
                $0.disks = [HostReport.Disk()]
                $0.disks[0].totalBytes = -1
            }?.field == "disks.0.totalBytes")
        #expect(
            problem {
                $0.network = [HostReport.Interface()]
                $0.network[0].rxBytesPerSecond = -1
            }?.field == "network.0.rxBytesPerSecond")
    }

    @Test("names and lists have limits, and names are plain lines")
    func limits() {
        #expect(problem { $0.host.hostname = " \t" }?.field == "host.hostname")
        #expect(problem { $0.host.hostname = String(repeating: "a", count: 254) }?.field == "host.hostname")
        #expect(problem { $0.host.hostname = "web\u{0}1" }?.field == "host.hostname")
        #expect(problem { $0.host.osName = "Debian\nGNU" }?.field == "host.osName")
        #expect(problem { $0.host.osName = "Débian 日本" } == nil)
        #expect(problem { $0.agent.version = String(repeating: "1", count: 513) }?.field == "agent.version")
        #expect(problem { $0.tags = Array(repeating: "t", count: 65) }?.field == "tags")
        #expect(problem { $0.disks = Array(repeating: HostReport.Disk(), count: 513) }?.field == "disks")
        #expect(problem { $0.network = Array(repeating: HostReport.Interface(), count: 513) }?.field == "network")
        #expect(
            problem { $0.metrics.cpuPerCorePercent = Array(repeating: 0, count: 4097) }?.field
                == "metrics.cpuPerCorePercent")
    }
}

@Suite struct DockerPartTests {
    private static let text = """
        {"host":{"hostname":"h"},"docker":{"host":{"runtime":"docker","totalCpu":4,"swarm":{"localState":"inactive"}},
         "containers":[{"id":"a","name":"web","state":"running","cpuPercent":12.5,"ports":[{"privatePort":80,"protocol":"tcp"}],
         "labels":{"a":"b"},"blockIo":{"readBytes":7},"createdAt":"0001-01-01T00:00:00Z","env":["SECRET=1"]}],
         "images":[],"volumes":null,"services":[{"id":"s","name":"web","desiredTasks":2}]}}
        """

    private func report(_ text: String) throws -> HostReport {
        var reader = JSONReader(Array(text.utf8), options: ReportLimits.readerOptions)
        return try reader.decode()
    }

    @Test("the engine's part is read, and a list that is null was not read")
    func read() throws {
        let docker = try #require(try report(Self.text).docker)
        #expect(docker.containers?.map(\.name) == ["web"] && docker.images == [] && docker.volumes == nil)
        #expect(docker.containers?[0].createdAt == nil && docker.containers?[0].blockReadBytes == 7)
        #expect(docker.host.swarm?.localState == "inactive" && docker.services?[0].desiredTasks == 2)
    }

    @Test("what is written is read again as it was")
    func roundTrip() throws {
        let first = try report(Self.text)
        #expect(try report(String(decoding: first.json, as: UTF8.self)) == first)
    }

    @Test(
        "what no engine says is refused, naming the member",
        arguments: [
            (#"{"containers":[{"id":"","name":"x"}]}"#, "docker.containers.0.id"),
            (#"{"containers":[{"id":"a","name":"x","cpuPercent":-1}]}"#, "docker.containers.0.cpuPercent"),
            (#"{"containers":[{"id":"a","name":"x\u0007"}]}"#, "docker.containers.0.name"),
            (#"{"containers":[{"id":"a","name":"x","memoryUsageBytes":-5}]}"#, "docker.containers.0.memoryUsageBytes"),
            (
                #"{"containers":[{"id":"a","name":"x","ports":[{"privatePort":70000}]}]}"#,
                "docker.containers.0.ports.0.privatePort"
            ),
            (#"{"host":{"totalCpu":100000}}"#, "docker.host.totalCpu"),
            (#"{"images":[{"id":""}]}"#, "docker.images.0.id"),
        ])
    func refused(part: String, field: String) throws {
        let report = try report(#"{"host":{"hostname":"h"},"docker":\#(part)}"#)
        do throws(Problem) {
            try report.validate()
            Issue.record("it was taken")
        } catch {
            #expect(error.field == field)
        }
    }

    @Test("more containers than the limit are refused")
    func many() throws {
        var report = HostReport()
        report.host.hostname = "h"
        var container = HostReport.DockerContainer()
        (container.id, container.name) = ("a", "b")
        report.docker = HostReport.Docker()
        report.docker?.containers = Array(repeating: container, count: ReportLimits.containers + 1)
        #expect(throws: Problem.self) { try report.validate() }
    }
}
