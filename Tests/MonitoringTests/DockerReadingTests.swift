import AgentProtocol
import Inventory
import JSONKit
import Kernel
import Testing

@testable import Monitoring

@Suite("What a container engine claims") struct DockerReadingTests {
    private let now = Timestamp(seconds: 1_795_253_400)
    private let connection = ConnectionID(bytes: [UInt8](repeating: 2, count: 16))

    private func claims(
        key: String = "host", processors: Int64? = nil, _ change: (inout HostReport.Docker) -> Void
    ) -> DockerReading.Claims {
        var part = HostReport.Docker()
        part.host.runtime = "docker"
        part.host.totalCPU = 4
        change(&part)
        let host = DockerReading.Host(
            connection: connection, key: key, processors: processors, silence: .seconds(60), measuredAt: now,
            receivedAt: now)
        return DockerReading(part: part, host: host).claims
    }

    private func container(
        _ name: String, id: String? = nil, state: String = "running", labels: [String: String] = [:]
    ) -> HostReport.DockerContainer {
        var container = HostReport.DockerContainer()
        container.id = id ?? "id-of-\(name)"
        container.name = name
        container.state = state
        container.labels = labels
        return container
    }

    private func compose(_ project: String, _ service: String, _ number: String) -> [String: String] {
        [
            "com.docker.compose.project": project, "com.docker.compose.service": service,
            "com.docker.compose.container-number": number,
        ]
    }

    @Test("fact 7: the engine's per cent counts cores, the share shown is of the host, 0 to 100")
    func processors() throws {
        var busy = container("web")
        busy.cpuPercent = 200
        let said = claims { $0.containers = [busy] }.observations[0]
        #expect(said.metrics.cpuPercent == 50)
        #expect(said.samples.contains { $0.metric == MetricName(.cpu) && $0.value == 50 })
        busy.cpuPercent = 900
        #expect(claims { $0.containers = [busy] }.observations[0].metrics.cpuPercent == 100)
    }

    @Test("fact 5: what is unknown of a container is absent, and no sample of it is made")
    func unknown() {
        let said = claims { $0.containers = [container("web", state: "exited")] }.observations[0]
        #expect(said.metrics == ResourceMetrics() && said.samples.isEmpty && said.uptimeSeconds == nil)
    }

    @Test("fact 12: a container is an app-container, and no container has another status than the four")
    func statuses() {
        let wanted: [String: ResourceStatus] = [
            "running": .online, "restarting": .warning, "created": .offline, "exited": .offline, "dead": .offline,
            "paused": .offline, "something": .unknown,
        ]
        for (state, status) in wanted {
            let said = claims { $0.containers = [container("web", state: state)] }.observations[0]
            #expect(said.type == .appContainer && said.status == status, "\(state)")
        }
        var unwell = container("web")
        unwell.health = "unhealthy"
        #expect(claims { $0.containers = [unwell] }.observations[0].status == .warning)
    }

    @Test("a container that is made anew is the same: by compose's name for it, else by its own")
    func identity() {
        func keys(_ containers: [HostReport.DockerContainer]) -> [String] {
            claims { $0.containers = containers }.observations.map(\.key)
        }
        #expect(keys([container("web", id: "a")]) == keys([container("web", id: "b")]))
        let first = container("shop_web_1", id: "a", labels: compose("shop", "web", "1"))
        let again = container("shop-web-1", id: "b", labels: compose("shop", "web", "1"))
        #expect(keys([first]) == keys([again]))
        #expect(keys([first]) != keys([container("shop_web_1", id: "a", labels: compose("shop", "web", "2"))]))
        #expect(keys([first]) != keys([container("x", id: "a", labels: compose("other", "web", "1"))]))
    }

    @Test("two that claim to be the same are neither")
    func ambiguous() {
        let labels = compose("shop", "web", "1")
        let said = claims { $0.containers = [container("a", labels: labels), container("b", labels: labels)] }
        #expect(Set(said.observations.map(\.key)).count == 2)
        #expect(said.observations.allSatisfy { $0.key.contains("/id:") })
        #expect(
            said.observations.allSatisfy { String(decoding: $0.facts[0].json, as: UTF8.self).contains("isAmbiguous") })
        var run = labels
        run["com.docker.compose.oneoff"] = "True"
        let aside = claims { $0.containers = [container("a", labels: labels), container("b", labels: run)] }
        #expect(aside.observations.allSatisfy { !$0.key.contains("/id:") }, "a one-off is no second web")
    }

    @Test("values that were measured rounds ago are shown and are no samples of now")
    func old() {
        var resting = container("web")
        resting.cpuPercent = 100
        resting.statsAgeSeconds = 40
        let said = claims { $0.containers = [resting] }.observations[0]
        #expect(said.metrics.cpuPercent == 25 && said.samples.isEmpty)
    }

    @Test("only a list that was told whole takes away what it leaves out")
    func complete() {
        #expect(claims { $0.containers = [] }.complete == ["docker/containers"])
        #expect(claims { _ in }.complete.isEmpty)
        #expect(
            claims {
                $0.containers = []
                $0.truncated = ["containers"]
            }.complete.isEmpty)
        let away = claims {
            $0.containers = []
            $0.host.error = "nobody listens"
        }
        #expect(away.complete.isEmpty && away.observations.isEmpty)
    }

    @Test("containers of a second machine under one name stay apart")
    func twins() {
        let ours = claims { $0.containers = [container("web")] }.observations[0]
        let theirs = claims(key: "host#52:54:00:00:00:01") { $0.containers = [container("web")] }.observations[0]
        #expect(ours.key != theirs.key && ours.scope != theirs.scope)
        #expect(ours.parent == "host" && theirs.parent == "host#52:54:00:00:00:01")
    }

    private func service(_ running: Int64?, of desired: Int64?) -> HostReport.SwarmService {
        var service = HostReport.SwarmService()
        (service.id, service.name) = ("s1", "web")
        (service.runningTasks, service.desiredTasks) = (running, desired)
        return service
    }

    @Test(
        "a service is well when as many tasks run as are wanted",
        arguments: [
            (3, 3, .online), (4, 3, .online), (2, 3, .warning), (0, 3, .offline), (0, 0, .unknown), (nil, 3, .unknown),
        ] as [(Int64?, Int64?, ResourceStatus)])
    func services(running: Int64?, desired: Int64?, wanted: ResourceStatus) {
        #expect(SwarmClaims.status(of: service(running, of: desired)) == wanted)
    }

    @Test("only a manager tells of a swarm, and by the swarm's own names, so that managers tell of one")
    func swarm() {
        var task = HostReport.SwarmTask()
        (task.id, task.serviceID, task.slot, task.serviceName, task.currentState) = ("t1", "s1", 1, "web", "running")
        func tell(_ role: String, _ part: inout HostReport.Docker) {
            part.host.swarm = .init()
            part.host.swarm?.clusterID = "c1"
            part.host.swarm?.localState = "active"
            part.host.swarm?.controlAvailable = role == "manager"
            part.services = [service(1, of: 1)]
            part.tasks = [task]
            part.nodes = []
        }
        let manager = claims { tell("manager", &$0) }
        #expect(manager.observations.map(\.type) == [.dockerService, .dockerTask])
        #expect(manager.observations.map { $0.evidence.first?.value } == ["swarm:c1/service/s1", "swarm:c1/task/s1/1"])
        #expect(
            manager.observations[1].parent == manager.observations[0].key && manager.observations[1].name == "web.1")
        let worker = claims { tell("worker", &$0) }
        #expect(worker.observations.isEmpty)
        #expect(worker.complete == ["docker/services", "docker/tasks", "docker/nodes"])
    }

    @Test(
        "only who has left the swarm, or manages it no more, says that it has nothing to tell",
        arguments: [
            ("inactive", nil, true), ("active", false, true), ("locked", false, false), ("pending", false, false),
            ("error", nil, false), (nil, nil, false), ("active", nil, false),
        ] as [(String?, Bool?, Bool)])
    func leftSwarm(state: String?, manages: Bool?, isOver: Bool) {
        let said = claims {
            $0.host.swarm = .init()
            $0.host.swarm?.localState = state
            $0.host.swarm?.controlAvailable = manages
        }
        #expect(said.observations.isEmpty)
        #expect(said.complete == (isOver ? ["docker/services", "docker/tasks", "docker/nodes"] : []))
    }

    @Test("of a slot's tasks the newest is the one that counts")
    func slots() {
        var old = HostReport.SwarmTask()
        (old.id, old.serviceID, old.slot, old.createdAt) = ("t9", "s1", 1, Timestamp(seconds: 100))
        var new = old
        (new.id, new.createdAt) = ("t1", Timestamp(seconds: 200))
        #expect(SwarmClaims.newestOfEachSlot([new, old]).map(\.id) == ["t1"])
    }

    @Test("a report without the engine's part leaves standing what the host showed of it, for a while")
    func blocks() {
        var engine = EngineBlocks()
        var report = HostReport()
        report.docker = HostReport.Docker()
        report.docker?.host.error = "nobody listens"
        #expect(engine.blocks(of: report, receivedAt: now).facts.map(\.name) == ["docker"])
        report.docker = nil
        #expect(engine.blocks(of: report, receivedAt: now + .seconds(60)).live.map(\.name) == ["dockerStatus"])
        #expect(engine.blocks(of: report, receivedAt: now + .seconds(600)).live.isEmpty)
    }
}
