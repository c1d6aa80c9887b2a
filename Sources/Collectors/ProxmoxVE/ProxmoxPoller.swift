internal import CollectorKit
internal import Inventory
internal import Kernel

/// Schedules, and nothing else: the base in every poll, and as many details as there is room for.
actor ProxmoxPoller: Collector {
    private var spec: ConnectionSpec
    let client: ProxmoxClient
    private let pace: ProxmoxPace
    private var known: ClusterKnowledge
    private var rotation = Rotation<Detail>()
    private var planned: [Detail] = []
    private var detailedAt: Timestamp?
    private var pastFailures: (question: PastQuestion, times: Int)?

    init(_ spec: ConnectionSpec, _ client: ProxmoxClient, _ pace: ProxmoxPace) {
        self.spec = spec
        self.client = client
        self.pace = pace
        known = ClusterKnowledge(grace: spec.grace)
    }

    func follow(_ spec: ConnectionSpec) {
        self.spec = spec
        known.grace = spec.grace
    }

    func poll(_ budget: PollBudget, at now: Timestamp) async -> PollReport {
        let allowance = PollAllowance(budget)
        do {
            try await base(allowance, at: now)
        } catch {
            return PollReport(
                fault: error.fault, degraded: known.degraded, version: known.version?.version,
                instanceName: instanceName, latency: allowance.firstLatency, requests: allowance.requestsSpent)
        }
        await details(allowance, at: now)
        let mapping = ProxmoxMapping(spec, known, at: now)
        let observations = mapping.observations
        return PollReport(
            observations: observations, complete: mapping.complete, absent: mapping.absent(from: observations),
            degraded: known.degraded,
            version: known.version?.version, instanceName: instanceName, latency: allowance.firstLatency,
            requests: allowance.requestsSpent)
    }

    func probe(_ budget: PollBudget) async -> Result<ConnectionProbe, ConnectionFault> {
        let allowance = PollAllowance(budget)
        let now = Timestamp(milliseconds: 0)
        var fresh = ClusterKnowledge(grace: .zero)
        do {
            fresh.version = try await client.get("/version", within: allowance, ProxmoxVersion.read)
            fresh.take(try await rows(allowance), at: now)
        } catch {
            return .failure(error.fault)
        }
        // One of each kind of question tells what the account may see.
        var samples: [Detail] = [.storageConfig]
        if let node = fresh.nodes.values.filter(\.isOnline).map(\.row.node).min() {
            samples += [.nodeStatus(node), .disks(node), .updates(node)]
        }
        if fresh.hasCeph { samples.append(.ceph) }
        if let guest = fresh.guests.values.filter({ $0.isRunning && $0.row.kind == .qemu }).map(\.row.vmid).min() {
            samples += [.guestStatus(guest), .guestConfig(guest), .agentVersion(guest)]
        }
        for (detail, outcome) in await answers(to: samples, fresh, allowance) {
            fresh.take(outcome, to: detail, at: now)
        }
        do {
            fresh.status = try await client.get("/cluster/status", within: allowance, ClusterStatus.read)
        } catch {}
        let counts: [(ResourceType, Int)] = [
            (.agent, fresh.nodes.count), (.vm, fresh.guests.values.count { $0.row.kind == .qemu }),
            (.systemContainer, fresh.guests.values.count { $0.row.kind == .lxc }),
            (
                .storage,
                Set(fresh.storages.map { fresh.isShared($0.storage, $0) ? $0.storage : "\($0.node)/\($0.storage)" })
                    .count
            ),
        ]
        return .success(
            ConnectionProbe(
                version: fresh.version?.version,
                instanceName: fresh.status?.name ?? fresh.status?.members.first?.name ?? fresh.nodes.keys.min(),
                discovered: Dictionary(uniqueKeysWithValues: counts.filter { $0.1 > 0 }), degraded: fresh.degraded,
                latency: allowance.firstLatency ?? .zero))
    }

    // MARK: The past

    var pastQuestions: [PastQuestion] {
        PastQuestion.all(known, storages: ProxmoxMapping(spec, known, at: Timestamp(milliseconds: 0)).merged)
    }

    /// - Returns: whether the question is not asked again.
    func gaveUp(on question: PastQuestion, after failure: PlatformFailure) -> Bool {
        if let status = failure.status, status != 429, status < 500 { return true }
        if failure.fault.reason == .badAnswer { return true }
        let times = (pastFailures?.question == question ? pastFailures?.times ?? 0 : 0) + 1
        pastFailures = (question, times)
        return times >= 3
    }

    private var instanceName: String? { known.status?.name ?? known.status?.members.first?.name }

    // MARK: The base

    private func rows(_ allowance: PollAllowance) async throws(PlatformFailure) -> ClusterRows {
        try await client.get("/cluster/resources", within: allowance, ClusterRows.read)
    }

    private func base(_ allowance: PollAllowance, at now: Timestamp) async throws(PlatformFailure) {
        known.take(try await rows(allowance), at: now)
        do {
            known.status = try await client.get("/cluster/status", within: allowance, ClusterStatus.read)
            known.clusterFailure = nil
        } catch {
            // Without it members have no addresses; all else stands.
            known.clusterFailure = error.fault
        }
        // Names that others recognise must not change from one poll to the next: they wait for the authority.
        if !known.knowsAuthority, let node = known.nodes.values.filter(\.isOnline).map(\.row.node).min() {
            await ask([.certificates(node)], allowance, at: now)
        }
    }

    // MARK: Details

    private func details(_ allowance: PollAllowance, at now: Timestamp) async {
        replan()
        let most = rotation.hasUnasked ? pace.firstDetailsPerPoll : usualDetails(at: now)
        detailedAt = now
        await ask(rotation.due(at: now, most: min(most, allowance.requestsLeft)), allowance, at: now)
        replan()
        learnMembers()
    }

    /// Who is asked seldom, or has many guests, is asked for more at a time.
    private func usualDetails(at now: Timestamp) -> Int {
        let beats = detailedAt.map { Int((now - $0).inSeconds / spec.cadence.inSeconds) } ?? 1
        return pace.details(guests: known.guests.count, beats: beats)
    }

    private func replan() {
        let plan = known.plan
        guard plan != planned else { return }
        planned = plan
        rotation.keep(plan.map { ($0, $0.interval) })
        known.forget(except: Set(plan))
    }

    private func ask(_ details: [Detail], _ allowance: PollAllowance, at now: Timestamp) async {
        // What has not begun by then waits for the next poll, which is due soon: slow guests make nobody late.
        let lastStart = ContinuousClock.now + spec.cadence * 0.6
        for (detail, outcome) in await answers(to: details, known, allowance, until: lastStart) {
            switch outcome {
            case .success: rotation.asked(detail, at: now)
            // The poll's own end is nobody's failure: next time it is the first.
            case .failure where allowance.timeLeft == .zero || allowance.requestsLeft == 0: continue
            case .failure:
                let pause = detail.vmid.flatMap { known.guests[$0]?.meminfoPause } ?? detail.pause
                if case .agentMemory = detail {
                    rotation.asked(detail, at: now, againAfter: pause)
                } else {
                    rotation.asked(detail, at: now, againAfter: detail.pause)
                }
            }
            known.take(outcome, to: detail, at: now)
        }
    }

    /// A few at a time, so that one slow guest does not hold up all others, nor all together the host.
    private func answers(
        to details: [Detail], _ known: ClusterKnowledge, _ allowance: PollAllowance,
        until lastStart: ContinuousClock.Instant? = nil
    ) async -> [(Detail, Result<DetailAnswer, PlatformFailure>)] {
        let client = client
        return await withTaskGroup(of: (Detail, Result<DetailAnswer, PlatformFailure>).self) { group in
            var waiting = details.makeIterator()
            var answers: [(Detail, Result<DetailAnswer, PlatformFailure>)] = []
            answers.reserveCapacity(details.count)
            func next() {
                guard lastStart.map({ .now < $0 }) ?? true, let detail = waiting.next() else { return }
                let place = detail.vmid.map { known.place(of: $0) } ?? ""
                group.addTask {
                    let answer = await client.answer(to: detail, place: place, within: allowance)
                    return (detail, answer)
                }
            }
            for _ in 0..<max(1, pace.lanes) { next() }
            while let answer = await group.next() {
                answers.append(answer)
                next()
            }
            return answers
        }
    }

    private func learnMembers() {
        guard let members = known.status?.members, members.count > 1 else { return }
        let leaves = known.nodes.mapValues { $0.certificates?.leaf.flatMap(Self.digest) }
        client.learn(
            members: members.compactMap { member in member.address.map { ($0, leaves[member.name] ?? nil) } })
    }

    private static func digest(_ hex: String) -> [UInt8]? {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).compactMap { index in
            UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16)
        }
    }
}

extension ClusterKnowledge {
    mutating func take(_ outcome: Result<DetailAnswer, PlatformFailure>, to detail: Detail, at now: Timestamp) {
        switch outcome {
        case .success(let answer): take(answer, to: detail, at: now)
        case .failure(let failure): take(failure, of: detail, at: now)
        }
    }
}
