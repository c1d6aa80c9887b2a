import JSONKit

/// `/nodes/{node}/tasks` and `/cluster/tasks`: backups, their logs, and the odd migration.
enum PVETaskAnswers {
    private static let filters: Set<String> = [
        "errors", "limit", "since", "source", "start", "statusfilter", "typefilter", "until", "userfilter", "vmid",
    ]

    static let routes = [
        PVERoute("cluster/tasks") { call, json in
            let tasks = call.scene.nodes.indices.flatMap { PVETask.all(onNode: $0, call.scene) }
            json.array { json in
                for task in tasks.sorted(by: { $0.start > $1.start }).prefix(25) where call.rights == .full {
                    json.object { task.write(&$0) }
                }
            }
        },
        PVERoute("nodes/{node}/tasks", filters) { call, json throws(PVEError) in try list(call, &json) },
        PVERoute("nodes/{node}/tasks/{upid}/status") { call, json throws(PVEError) in
            let task = try task(call)
            json.object { json in
                task.write(&json)
                json.member("status", task.isRunning ? "running" : "stopped")
                if let outcome = task.outcome { json.member("exitstatus", outcome) }
            }
        },
        PVERoute("nodes/{node}/tasks/{upid}/log", ["start", "limit", "download"]) { call, json throws(PVEError) in
            let lines = try task(call).log(at: call.scene.now)
            let start = max(0, try call.number("start") ?? 0)
            let limit = try call.number("limit") ?? 50
            json.array { json in
                for (number, line) in lines.enumerated().dropFirst(start).prefix(limit == 0 ? .max : max(limit, 0)) {
                    json.object { json in
                        json.member("n", number + 1)
                        json.member("t", line)
                    }
                }
            }
        },
    ]

    private static func list(_ call: PVECall, _ json: inout JSONWriter) throws(PVEError) {
        let node = try call.node()
        let source = call.parameters["source"] ?? "archive"
        guard ["archive", "active", "all"].contains(source) else {
            throw .badParameter(
                "source", "value '\(source)' does not have a value in the enumeration 'archive, active, all'")
        }
        var tasks = call.rights == .full ? PVETask.all(onNode: node, call.scene) : []
        if source != "all" { tasks.removeAll { $0.isRunning != (source == "active") } }
        if let type = call.parameters["typefilter"] { tasks.removeAll { $0.type != type } }
        if let vmid = try call.number("vmid") { tasks.removeAll { $0.id != "\(vmid)" } }
        if let since = try call.number("since") { tasks.removeAll { $0.start < Double(since) } }
        if let until = try call.number("until") { tasks.removeAll { $0.start > Double(until) } }
        if call.parameters["errors"] == "1" { tasks.removeAll { $0.outcome == nil || $0.outcome == "OK" } }
        let limit = try call.number("limit") ?? 50
        let start = try call.number("start") ?? 0
        json.array { json in
            for task in tasks.dropFirst(max(0, start)).prefix(max(0, limit)) { json.object { task.write(&$0) } }
        }
    }

    private static func task(_ call: PVECall) throws(PVEError) -> PVETask {
        let node = try call.node()
        let upid = (call.path["upid"] ?? "").replacing("%3A", with: ":").replacing("%40", with: "@")
        guard upid.hasPrefix("UPID:") else { throw .badParameter("upid", "unable to parse worker upid '\(upid)'") }
        guard let task = PVETask.all(onNode: node, call.scene).first(where: { $0.upid == upid }) else {
            throw .internalError("no such task")
        }
        return task
    }
}

/// One task of a node.
struct PVETask {
    let node: String
    let type: String
    let id: String
    let user: String
    let start: Double
    /// `nil` while it runs.
    let end: Double?
    /// `OK`, or what went wrong.
    let outcome: String?
    let seed: Seed
    private let run: Backups.Run?
    private let backups: Backups

    var isRunning: Bool { end == nil }

    /// When its process began, in the kernel's ticks since boot.
    private var ticks: Int { seed.int(.moment, 1...2_000_000_000) }

    var upid: String {
        func hex(_ value: Int) -> String {
            let digits = String(value, radix: 16, uppercase: true)
            return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
        }
        let process = hex(seed.int(.process, 2_000...4_000_000))
        return
            "UPID:\(node):\(process):\(hex(ticks)):\(hex(Int(start))):\(type):\(id):\(user):"
    }

    /// Newest first.
    static func all(onNode node: Int, _ scene: ClusterScene) -> [PVETask] {
        let backups = Backups(scene)
        let name = scene.nodes[node].name
        var tasks = backups.runs(onNode: node).map { run in
            PVETask(
                node: name, type: "vzdump", id: "", user: "root@pam", start: run.start,
                end: run.end <= scene.now ? run.end : nil,
                outcome: run.end <= scene.now ? run.failed.isEmpty ? "OK" : "job errors" : nil,
                seed: scene.plan.seed.child(.task, run.day).child(node), run: run, backups: backups)
        }
        for ago in 0...3 {
            let day = Int((scene.now / 86_400).rounded(.down)) - ago
            let seed = scene.plan.seed.child(.update, day).child(node)
            let start = Double(day) * 86_400 + 3.5 * 3600 + Double(seed.int(.moment, 0...900))
            guard start + 5 <= scene.now else { continue }
            tasks.append(
                PVETask(
                    node: name, type: "aptupdate", id: "", user: "root@pam", start: start, end: start + 5,
                    outcome: "OK", seed: seed, run: nil, backups: backups))
        }
        return tasks.sorted { $0.start > $1.start }
    }

    func write(_ json: inout JSONWriter) {
        json.member("upid", upid)
        json.member("node", node)
        json.member("type", type)
        json.member("id", id)
        json.member("user", user)
        json.member("pid", seed.int(.process, 2_000...4_000_000))
        json.member("pstart", ticks)
        json.member("starttime", Int64(start))
        if let end { json.member("endtime", Int64(end)) }
        if let outcome { json.member("status", outcome) }
    }

    func log(at now: Double) -> [String] {
        guard let run else { return ["starting apt-get update", "TASK OK"] }
        let target = backups.target?.name ?? "local"
        var lines = ["INFO: starting new backup job: vzdump --all 1 --storage \(target) --mode snapshot --quiet 1"]
        for (index, guest) in run.guests.enumerated() {
            let start = backups.time(of: index, in: run)
            guard start <= now else { return lines }
            lines.append("INFO: Starting Backup of VM \(guest.vmid) (\(guest.kind.rawValue))")
            lines.append("INFO: Backup started at \(Moment(start).spoken)")
            let end = backups.time(of: index + 1, in: run)
            guard end <= now else { return lines }
            if run.failed.contains(guest.vmid) {
                lines.append("ERROR: Backup of VM \(guest.vmid) failed - job failed with err -5 - Input/output error")
                lines.append("INFO: Failed at \(Moment(end).spoken)")
            } else {
                lines.append("INFO: Finished Backup of VM \(guest.vmid) (00:00:\(Int(end - start) % 60))")
                lines.append("INFO: Backup finished at \(Moment(end).spoken)")
            }
        }
        if let outcome {
            lines.append(
                outcome == "OK" ? "INFO: Backup job finished successfully" : "INFO: Backup job finished with errors")
        }
        if let outcome { lines.append(outcome == "OK" ? "TASK OK" : "TASK ERROR: \(outcome)") }
        return lines
    }
}
