import JSONKit

/// `rrddata`: means over buckets of the same curves that the present is read from. Where nothing was measured the
/// members are missing, which is how rrddata says so.
enum PVEHistoryAnswers {
    private static let parameters: Set<String> = ["timeframe", "cf"]

    static let routes = [
        PVERoute("nodes/{node}/rrddata", parameters, .system) { call, json throws(PVEError) in
            let node = try call.node()
            let buckets = try Buckets(call)
            let course = call.scene.course(ofNode: node)
            json.array { json in
                for start in buckets.starts {
                    json.object { json in
                        json.member("time", Int64(start))
                        let isKnown =
                            course.state(at: start).isOnline
                            && course.state(at: (start + buckets.step).nextDown).isOnline
                        if isKnown {
                            PVEHistoryAnswers.node(call.plan.nodes[node], start, buckets.step, call.release, &json)
                        }
                    }
                }
            }
        },
        PVERoute("nodes/{node}/qemu/{vmid}/rrddata", parameters) { call, json throws(PVEError) in
            try guest(try call.guest(.qemu).plan, call, &json)
        },
        PVERoute("nodes/{node}/lxc/{vmid}/rrddata", parameters) { call, json throws(PVEError) in
            try guest(try call.guest(.lxc).plan, call, &json)
        },
        PVERoute("nodes/{node}/storage/{storage}/rrddata", parameters) { call, json throws(PVEError) in
            let (node, storage) = (try call.node(), try call.storage())
            let buckets = try Buckets(call)
            json.array { json in
                for start in buckets.starts {
                    json.object { json in
                        let share = storage.use(onNode: node).mean(from: start, to: start + buckets.step)
                        json.member("time", Int64(start))
                        json.member("total", Double(storage.size))
                        json.member("used", Double(storage.size) * share)
                    }
                }
            }
        },
    ]

    /// The times of the answer. 9 keeps a day of minutes where 8 kept half hours.
    struct Buckets {
        let step: Double
        let starts: [Double]

        init(_ call: PVECall) throws(PVEError) {
            let name = try call.required("timeframe")
            if let function = call.parameters["cf"], !["AVERAGE", "MAX"].contains(function) {
                throw .badParameter("cf", "value '\(function)' does not have a value in the enumeration 'AVERAGE, MAX'")
            }
            let count: Int
            switch (name, call.release.isNine) {
            case ("hour", _): (step, count) = (60, 60)
            case ("day", true): (step, count) = (60, 1440)
            case ("day", false): (step, count) = (1800, 70)
            case ("week", true): (step, count) = (1800, 336)
            case ("week", false): (step, count) = (10_800, 70)
            case ("month", true): (step, count) = (1800, 1440)
            case ("month", false): (step, count) = (43_200, 70)
            case ("year", true): (step, count) = (21_600, 1440)
            case ("year", false): (step, count) = (604_800, 70)
            case ("decade", true): (step, count) = (604_800, 570)
            default:
                throw .badParameter(
                    "timeframe",
                    "value '\(name)' does not have a value in the enumeration 'hour, day, week, month, year'")
            }
            // The last bucket is whole.
            let end = (call.scene.now / step).rounded(.down) * step
            let first = end - Double(count) * step
            let step = step
            starts = (0..<count).map { first + Double($0) * step }
        }
    }

    private static func node(
        _ plan: NodePlan, _ start: Double, _ step: Double, _ release: PVERelease, _ json: inout JSONWriter
    ) {
        let end = start + step
        let used = Double(plan.memory) * plan.memoryUse.mean(from: start, to: end)
        let cpu = plan.cpu.mean(from: start, to: end)
        json.member("cpu", cpu)
        json.member("maxcpu", Double(plan.threads))
        json.member("loadavg", Double(plan.threads) * cpu * 1.1)
        json.member("iowait", plan.waiting.mean(from: start, to: end))
        json.member("memtotal", Double(plan.memory))
        json.member("memused", used)
        json.member("swaptotal", Double(plan.swap))
        json.member("swapused", Double(plan.swap / 64))
        json.member("roottotal", Double(plan.rootSize))
        json.member("rootused", Double(plan.rootSize) * plan.rootUse.mean(from: start, to: end))
        json.member("netin", plan.networkIn.mean(from: start, to: end))
        json.member("netout", plan.networkOut.mean(from: start, to: end))
        guard release.isNine else { return }
        json.member("memavailable", Double(plan.memory) - used)
        json.member("arcsize", plan.hasPool ? Double(plan.memory) / 16 : 0)
        for name in ["pressurecpusome", "pressureiosome", "pressureiofull", "pressurememorysome", "pressurememoryfull"]
        {
            json.member(name, cpu > 0.5 ? cpu * 2 : 0.0)
        }
    }

    private static func guest(_ plan: GuestPlan, _ call: PVECall, _ json: inout JSONWriter) throws(PVEError) {
        let buckets = try Buckets(call)
        let course = call.scene.course(ofGuest: plan)
        json.array { json in
            for start in buckets.starts {
                json.object { json in
                    json.member("time", Int64(start))
                    let end = start + buckets.step
                    // As RRD has it: a bucket is known when at least half of it is; the rest does not count.
                    guard let state = course.state(at: end.nextDown), state.power == .running else { return }
                    let known = max(start, state.since)
                    guard end - known >= buckets.step / 2 else { return }
                    write(plan, known, end, call.release, &json)
                }
            }
        }
    }

    private static func write(
        _ plan: GuestPlan, _ start: Double, _ end: Double, _ release: PVERelease, _ json: inout JSONWriter
    ) {
        let memory = Double(plan.memory) * plan.memoryUse.mean(from: start, to: end)
        json.member("cpu", plan.cpu.mean(from: start, to: end))
        json.member("maxcpu", Double(plan.cores))
        json.member("mem", memory)
        json.member("maxmem", Double(plan.memory))
        json.member("disk", plan.kind == .lxc ? Double(plan.diskUse(at: (start + end) / 2)) : 0)
        json.member("maxdisk", Double(plan.disk))
        json.member("netin", plan.networkIn.mean(from: start, to: end))
        json.member("netout", plan.networkOut.mean(from: start, to: end))
        json.member("diskread", plan.reads.mean(from: start, to: end))
        json.member("diskwrite", plan.writes.mean(from: start, to: end))
        guard release.isNine else { return }
        json.member("memhost", memory)
        for name in [
            "pressurecpusome", "pressurecpufull", "pressureiosome", "pressureiofull", "pressurememorysome",
            "pressurememoryfull",
        ] {
            json.member(name, 0.0)
        }
    }
}
