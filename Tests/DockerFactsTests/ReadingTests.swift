import AgentProtocol
import JSONKit
import Kernel
import Testing

@testable import DockerFacts

func json(_ text: String) throws -> JSONValue {
    var reader = JSONReader(Array(text.utf8))
    return try reader.decode()
}

@Suite struct ContainerReadingTests {
    @Test("a container of the list is told with what the engine's own tools show, and without its command")
    func container() throws {
        let told = try #require(
            ContainerReading.container(
                json(
                    """
                    {"Id":"cccf56eb","Names":["/other/web","/web"],"Image":"shop/web:1","ImageID":"sha256:23f0",
                     "Command":"run --password hunter2","Created":1795282381,"State":"running",
                     "Status":"Up 5 minutes (unhealthy)","Labels":{"com.docker.compose.project":"shop"},
                     "Ports":[{"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
                              {"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
                              {"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}],
                     "NetworkSettings":{"Networks":{"front":{"IPAddress":"172.18.0.2","GlobalIPv6Address":""}}},
                     "Mounts":[{"Type":"volume","Name":"data","Destination":"/data","RW":true}]}
                    """)))
        #expect(told.name == "web" && told.state == "running" && told.health == "unhealthy" && told.exitCode == nil)
        #expect(told.createdAt == Timestamp(seconds: 1_795_282_381))
        #expect(told.ports.map(\.ip) == ["0.0.0.0", "::"])
        #expect(told.networks.map(\.ipv4) == ["172.18.0.2"] && told.networks[0].ipv6 == nil)
        #expect(told.mounts.map(\.source) == ["data"])
        var writer = JSONWriter()
        told.encode(to: &writer)
        #expect(!String(decoding: writer.bytes, as: UTF8.self).contains("hunter2"))
    }

    @Test(
        "what the engine says of a container's end and health is understood",
        arguments: [
            ("Exited (137) 5 minutes ago", 137, nil), ("Exited (0) Less than a second ago", 0, nil),
            ("Up 2 hours", nil, nil), ("Up 1 second (health: starting)", nil, "starting"),
            ("Up 3 days (healthy)", nil, "healthy"), ("Created", nil, nil), ("Exited (", nil, nil),
            ("Restarting (1) 3 seconds ago", nil, nil),
        ] as [(String, Int64?, String?)])
    func status(text: String, code: Int64?, health: String?) {
        #expect(ContainerReading.exitCode(in: text) == code)
        #expect(ContainerReading.health(in: text) == health)
    }

    @Test("what has no id is no container, and odd members are left out")
    func odd() throws {
        #expect(ContainerReading.container(try json(#"{"Names":["/x"]}"#)) == nil)
        let told = try #require(
            ContainerReading.container(
                json(
                    #"{"Id":"a1","Names":null,"State":7,"Created":-4,"Ports":[{"PrivatePort":99999}],"Labels":{"a":1}}"#
                )))
        #expect(told.name == "a1" && told.state == nil && told.createdAt == nil)
        #expect(told.ports.isEmpty && told.labels.isEmpty)
    }

    @Test("names of strangers become one plain line of a bounded length")
    func lines() {
        #expect("a\u{1b}[31m\u{202e}b\n".asLine(limit: 64) == "a?[31m?b?")
        #expect(String(repeating: "ä", count: 500).asLine(limit: 100).utf8.count == 100)
        #expect("plain".asLine(limit: 64) == "plain")
    }

    @Test("a look inside tells restarts and times; the year 1 is never")
    func detail() throws {
        var container = HostReport.DockerContainer()
        container.state = "exited"
        ContainerDetail(
            try json(
                """
                {"RestartCount":4,"State":{"OOMKilled":true,"ExitCode":137,"StartedAt":"2026-11-21T17:33:02.123456789Z",
                 "FinishedAt":"2026-11-21T17:34:02Z"},"Config":{"Env":["A=b"]}}
                """)
        ).fill(&container)
        #expect(container.restartCount == 4 && container.oomKilled == true && container.exitCode == 137)
        let running = ContainerDetail(
            try json(#"{"RestartCount":0,"State":{"ExitCode":0,"FinishedAt":"0001-01-01T00:00:00Z"}}"#))
        #expect(running.finishedAt == nil && running.exitCode == nil && running.restartCount == 0)
    }
}

@Suite struct LabelSecretsTests {
    @Test(
        "labels that look like secrets are not told",
        arguments: [
            ("app.password", "x"), ("API_TOKEN", "x"), ("traefik.http.middlewares.a.basicauth.users", "u:h"),
            ("note", "postgres://app:pw@db/x"), ("note", "see https://u:p@h/x for more"),
            ("k", "eyJhbGciOiJIUzI1NiJ9.e.s"),
            ("k", "ghp_abcdef"), ("k", "AKIAIOSFODNN7EXAMPLE"), ("k", "a -----BEGIN RSA PRIVATE KEY-----"),
            ("users", "admin:$apr1$H6uskkkW$"), ("cmd", "--db password=hunter2"), ("my.client-secret", "1"),
        ])
    func hidden(key: String, value: String) { #expect(LabelSecrets.shown(value, of: key) == LabelSecrets.redacted) }

    @Test(
        "labels that say who a container is are told",
        arguments: [
            ("com.docker.compose.project", "shop"), ("org.opencontainers.image.source", "https://example.com/a@b"),
            ("traefik.http.routers.web.rule", "Host(`a.example`)"), ("maintainer", "ops@example.com"),
        ])
    func shown(key: String, value: String) { #expect(LabelSecrets.shown(value, of: key) == value) }
}

@Suite struct ContainerStatsTests {
    private func stats(_ text: String, at seconds: Int64 = 10) throws -> ContainerStats {
        ContainerStats(try json(text), processors: 8, at: .seconds(seconds))
    }

    @Test("two busy cores are 200 per cent, whatever the number of processors")
    func cpu() throws {
        let before = try stats(
            #"{"cpu_stats":{"cpu_usage":{"total_usage":1000},"system_cpu_usage":100000,"online_cpus":4}}"#)
        let after = try stats(
            #"{"cpu_stats":{"cpu_usage":{"total_usage":3000},"system_cpu_usage":104000,"online_cpus":4}}"#, at: 11)
        #expect(after.cpuPercent(since: before) == 200)
        #expect(before.cpuPercent(since: nil) == nil, "one reading alone says nothing")
    }

    @Test("processors are counted from the list when the engine does not say, else they are the machine's")
    func processors() throws {
        #expect(
            try stats(#"{"cpu_stats":{"cpu_usage":{"percpu_usage":[1,2,3]},"online_cpus":0}}"#).processors == 3)
        #expect(try stats(#"{"cpu_stats":{}}"#).processors == 8)
    }

    @Test("a counter that began anew says nothing; one that stood still says zero")
    func reset() throws {
        let before = try stats(
            #"{"cpu_stats":{"cpu_usage":{"total_usage":5000},"system_cpu_usage":100000,"online_cpus":4}}"#)
        let anew = try stats(
            #"{"cpu_stats":{"cpu_usage":{"total_usage":10},"system_cpu_usage":104000,"online_cpus":4}}"#, at: 11)
        let still = try stats(
            #"{"cpu_stats":{"cpu_usage":{"total_usage":5000},"system_cpu_usage":104000,"online_cpus":4}}"#, at: 11)
        #expect(anew.cpuPercent(since: before) == nil)
        #expect(still.cpuPercent(since: before) == 0)
    }

    @Test("an engine that measures twice by itself needs no reading before")
    func twice() throws {
        let text = """
            {"cpu_stats":{"cpu_usage":{"total_usage":3000},"system_cpu_usage":104000,"online_cpus":2},
             "precpu_stats":{"cpu_usage":{"total_usage":1000},"system_cpu_usage":100000}}
            """
        #expect(try stats(text).cpuPercent(since: nil) == 100)
    }

    @Test("an engine that does not tell the machine's time is measured against the clock")
    func clock() throws {
        let before = try stats(#"{"cpu_stats":{"cpu_usage":{"total_usage":0}}}"#, at: 10)
        let after = try stats(#"{"cpu_stats":{"cpu_usage":{"total_usage":1000000000}}}"#, at: 12)
        #expect(after.cpuPercent(since: before) == 50)
    }

    @Test(
        "memory is told without the cache that can be dropped, as the engine's own tools count",
        arguments: [
            (#"{"usage":1000,"stats":{"total_inactive_file":300,"inactive_file":1,"cache":600}}"#, 700),
            (#"{"usage":1000,"stats":{"inactive_file":250}}"#, 750),
            (#"{"usage":1000,"stats":{"inactive_file":1000}}"#, 1000),
            (#"{"usage":1000,"stats":{"cache":400}}"#, 600), (#"{"usage":1000}"#, 1000), (#"{"stats":{}}"#, nil),
            (#"{}"#, nil),
        ] as [(String, Int64?)])
    func memory(text: String, wanted: Int64?) throws { #expect(ContainerStats.memory(try json(text)) == wanted) }

    @Test("traffic and disk are rates of the sums; without networks they are unknown, not zero")
    func rates() throws {
        let before = try stats(
            """
            {"networks":{"eth0":{"rx_bytes":100,"tx_bytes":10},"eth1":{"rx_bytes":100,"tx_bytes":10}},
             "blkio_stats":{"io_service_bytes_recursive":[{"op":"Read","value":100},{"op":"Write","value":5}]}}
            """)
        let after = try stats(
            """
            {"networks":{"eth0":{"rx_bytes":400,"tx_bytes":30},"eth1":{"rx_bytes":200,"tx_bytes":10}},
             "blkio_stats":{"io_service_bytes_recursive":[{"op":"read","value":300},{"op":"write","value":5}]}}
            """, at: 12)
        var container = HostReport.DockerContainer()
        after.fill(&container, since: before)
        #expect(container.networkRxBytesPerSecond == 200 && container.networkTxBytesPerSecond == 10)
        #expect(container.blockReadBytesPerSecond == 100 && container.blockWriteBytesPerSecond == 0)
        var bare = HostReport.DockerContainer()
        try stats(#"{"networks":{}}"#).fill(&bare, since: before)
        #expect(bare.networkRxBytes == nil && bare.networkRxBytesPerSecond == nil && bare.cpuPercent == nil)
    }
}

@Suite struct EngineReadingTests {
    @Test(
        "the newest version that both understand is spoken",
        arguments: [
            (#"{"ApiVersion":"1.41","MinAPIVersion":"1.12"}"#, "1.41"), (#"{"ApiVersion":"1.60"}"#, "1.51"),
            (#"{"ApiVersion":"1.24"}"#, "1.24"), (#"{"ApiVersion":"1.60","MinAPIVersion":"1.55"}"#, nil),
            (#"{"ApiVersion":"1.20"}"#, nil), (#"{"ApiVersion":"x"}"#, nil), (#"{}"#, nil),
            (#"{"ApiVersion":"1.999999999999999999999"}"#, nil),
        ] as [(String, String?)])
    func version(text: String, wanted: String?) throws {
        let answer = try json(text)
        if let wanted {
            #expect(try EngineReading.version(of: answer) == wanted)
        } else {
            #expect(throws: EngineFault.self) { try EngineReading.version(of: answer) }
        }
    }

    @Test("podman is known by its components, a swarm by its state")
    func engine() throws {
        let podman = EngineReading.engine(
            version: try json(#"{"Version":"4.3.1","Components":[{"Name":"Podman Engine"}]}"#), info: try json("{}"),
            speaking: "1.41")
        #expect(podman.runtime == "podman" && podman.swarm == nil)
        let manager = EngineReading.engine(
            version: try json(#"{"Version":"20.10"}"#),
            info: try json(
                """
                {"NCPU":4,"Swarm":{"NodeID":"n1","LocalNodeState":"active","ControlAvailable":true,
                 "Cluster":{"ID":"c1","Spec":{"Name":"default"}}}}
                """), speaking: "1.41")
        #expect(manager.runtime == "docker" && manager.swarm?.nodeRole == "manager" && manager.swarm?.clusterID == "c1")
    }

    @Test("sizes that the engine does not know are unknown, not minus one")
    func unknown() throws {
        let volume = EngineReading.volume(try json(#"{"Name":"v","UsageData":{"Size":-1,"RefCount":-1}}"#))
        #expect(volume?.sizeBytes == nil && volume?.refCount == nil)
    }

    @Test("disk usage is counted as the engine's own tool counts it")
    func usage() throws {
        let text = """
            {"LayersSize":1000,"Images":[{"Id":"a","Size":600,"SharedSize":100,"Containers":2},
             {"Id":"b","Size":500,"SharedSize":100,"Containers":0}],
             "Containers":[{"SizeRw":10,"State":"running"},{"SizeRw":20,"State":"exited"},{"State":"created"}],
             "Volumes":[{"Name":"v","UsageData":{"Size":7,"RefCount":1}},{"Name":"w","UsageData":{"Size":5,"RefCount":0}}],
             "BuildCache":null}
            """
        let usage = try UsageReading(Array(text.utf8)).usage
        #expect(usage.images.totalCount == 2 && usage.images.activeCount == 1)
        #expect(usage.images.totalSizeBytes == 1000 && usage.images.reclaimableBytes == 500)
        #expect(usage.containers.totalSizeBytes == 30 && usage.containers.reclaimableBytes == 20)
        #expect(usage.volumes.activeCount == 1 && usage.volumes.reclaimableBytes == 5)
        #expect(usage.buildCache.totalCount == 0)
    }

    @Test("a build cache is active while it is in use; what is shared has no size of its own")
    func buildCache() throws {
        let text = """
            {"BuildCache":[{"Size":100,"Shared":true,"InUse":false},{"Size":30,"InUse":false},
             {"Size":7,"InUse":true},{"Size":50,"Shared":true,"InUse":true}]}
            """
        let cache = try UsageReading(Array(text.utf8)).usage.buildCache
        #expect(cache.totalCount == 4 && cache.activeCount == 2)
        #expect(cache.totalSizeBytes == 37 && cache.reclaimableBytes == 30)
    }

    @Test("sizes that no disk can have leave the sums at what can be counted")
    func absurdUsage() throws {
        let most = Int64.max
        let text = """
            {"LayersSize":\(most),"Images":[{"Id":"a","Size":\(most),"SharedSize":0,"Containers":2},
             {"Id":"b","Size":\(most),"SharedSize":0,"Containers":1},{"Id":"c","Size":\(most),"SharedSize":0}],
             "Containers":[{"SizeRw":\(most),"State":"exited"},{"SizeRw":\(most),"State":"exited"}],
             "Volumes":[{"Name":"v","UsageData":{"Size":\(most),"RefCount":0}},{"Name":"w","UsageData":{"Size":\(most),"RefCount":0}}],
             "BuildCache":[{"Size":\(most)},{"Size":\(most)}]}
            """
        let usage = try UsageReading(Array(text.utf8)).usage
        #expect(usage.images.totalSizeBytes == most && usage.images.reclaimableBytes == 0)
        for bucket in [usage.containers, usage.volumes, usage.buildCache] {
            #expect(bucket.totalSizeBytes == most && bucket.reclaimableBytes == most)
        }
        let wrapped =
            #"{"LayersSize":1,"Images":[{"Id":"a","Size":\#(most),"SharedSize":0,"Containers":2},{"Id":"b","Size":\#(most),"SharedSize":0,"Containers":2},{"Id":"c","Size":2,"SharedSize":0,"Containers":2}]}"#
        #expect(try UsageReading(Array(wrapped.utf8)).usage.images.reclaimableBytes == 0)
    }

    @Test("a manager's answers become services, live tasks and nodes with their names")
    func swarm() throws {
        var services = [
            SwarmReading.service(
                try json(
                    """
                    {"ID":"s1","Spec":{"Name":"web","Mode":{"Replicated":{"Replicas":3}},
                     "TaskTemplate":{"ContainerSpec":{"Image":"web:1@sha256:aa","Env":["PASSWORD=x"]}}}}
                    """))!
        ]
        var tasks = [
            SwarmReading.task(
                try json(#"{"ID":"t1","ServiceID":"s1","Slot":1,"NodeID":"n1","Status":{"State":"running"}}"#))!,
            SwarmReading.task(
                try json(#"{"ID":"t2","ServiceID":"s1","Slot":2,"NodeID":"n1","Status":{"State":"starting"}}"#))!,
        ]
        let node = SwarmReading.node(try json(#"{"ID":"n1","Description":{"Hostname":"one"}}"#))!
        SwarmReading.join(&services, &tasks, [node])
        #expect(services[0].image == "web:1" && services[0].mode == "replicated")
        #expect(services[0].desiredTasks == 3 && services[0].runningTasks == 1)
        #expect(tasks.map(\.nodeName) == ["one", "one"] && tasks[0].serviceName == "web")
    }
}

@Suite struct EngineAddressTests {
    @Test("the flag wins over DOCKER_HOST, off is off, and nothing said means looking for it")
    func choice() throws {
        #expect(try EngineAddress.choice(flag: nil, dockerHost: nil) == .automatic)
        #expect(try EngineAddress.choice(flag: "off", dockerHost: "unix:///a") == .off)
        #expect(
            try EngineAddress.choice(flag: "/b", dockerHost: "unix:///a") == .at(EngineAddress(path: "/b")))
        #expect(
            try EngineAddress.choice(flag: nil, dockerHost: "unix:///a") == .at(EngineAddress(path: "/a")))
    }

    @Test(
        "an engine's TCP port is not gone to",
        arguments: ["tcp://127.0.0.1:2375", "ssh://host", "npipe:////./x", "a/b"])
    func refused(text: String) {
        #expect(throws: EngineFault.self) { try EngineAddress.choice(flag: text, dockerHost: nil) }
    }
}
