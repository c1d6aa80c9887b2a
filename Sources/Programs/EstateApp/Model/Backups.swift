/// The nightly backup of every guest: when it ran, what came of it. Part of the model, so that tasks, archives and
/// locks tell the same story.
struct Backups {
    /// One node's share of one night.
    struct Run {
        let node: Int
        let day: Int
        let start: Double
        let end: Double
        let guests: [GuestPlan]
        /// Numbers of the guests whose backup failed.
        let failed: Set<Int>
    }

    struct Archive {
        let guest: GuestPlan
        let node: Int
        let time: Double
        let size: Int64
        let isProtected: Bool
        /// What PBS says after it read everything again.
        let isSound: Bool

        var word: String { guest.kind == .qemu ? "vm" : "ct" }
        var format: String { guest.kind == .qemu ? "vma.zst" : "tar.zst" }

        func path(isPBS: Bool) -> String {
            let moment = Moment(time)
            guard !isPBS else { return "backup/\(word)/\(guest.vmid)/\(moment.rfc3339)" }
            return
                "backup/vzdump-\(guest.kind.rawValue)-\(guest.vmid)-\(moment.underscored).\(format)"
        }
    }

    static let nights = 7
    private let scene: ClusterScene

    init(_ scene: ClusterScene) { self.scene = scene }

    /// Where backups go: PBS before a share before the local disk.
    var target: StoragePlan? {
        let all = scene.plan.storages
        return all.first { $0.kind == .pbs } ?? all.first { $0.kind == .nfs } ?? all.first { $0.holdsBackups }
    }

    /// The runs of the last seven nights, newest first, one that is still going included.
    func runs(onNode node: Int) -> [Run] {
        let today = Int((scene.now / 86_400).rounded(.down))
        return (0...Self.nights).compactMap { ago in run(node, today - ago) }.filter { $0.start <= scene.now }
    }

    /// Numbers of the guests that are being backed up at this moment.
    func lockedGuests() -> Set<Int> {
        let today = Int((scene.now / 86_400).rounded(.down))
        let second = scene.now - Double(today) * 86_400
        // Between one and seven: at other times no run has to be worked out.
        guard second >= 3_600, second < 25_200 else { return [] }
        let going = scene.plan.nodes.indices.compactMap { run($0, today) }.filter { $0.end > scene.now }
        return Set(
            going.compactMap { run in
                run.guests.indices.last { time(of: $0, in: run) <= scene.now }.map { run.guests[$0].vmid }
            })
    }

    func archives() -> [Archive] {
        var archives: [Archive] = []
        for node in scene.plan.nodes.indices {
            for run in runs(onNode: node) where run.end <= scene.now {
                for (index, guest) in run.guests.enumerated() where !run.failed.contains(guest.vmid) {
                    let seed = guest.seed.child(.backup, run.day)
                    archives.append(
                        Archive(
                            guest: guest, node: node, time: time(of: index, in: run),
                            size: guest.diskUse(at: run.start) / 3, isProtected: seed.chance(.template, 0.02),
                            isSound: !seed.chance(.health, 0.01)))
                }
            }
        }
        return archives
    }

    /// When a run came to its index-th guest.
    func time(of index: Int, in run: Run) -> Double {
        (run.start + (run.end - run.start) * Double(index) / Double(max(run.guests.count, 1))).rounded(.down)
    }

    /// Jobs start at one in the morning, five minutes after each other.
    private func run(_ node: Int, _ day: Int) -> Run? {
        let seed = scene.plan.seed.child(.backup, day).child(node)
        let start = Double(day) * 86_400 + 3_600 + Double(node) * 300 + Double(seed.int(.moment, 0...2))
        // A node that is away runs no job.
        guard start <= scene.now, scene.course(ofNode: node).state(at: start).isOnline else { return nil }
        let guests = scene.plan.guests.filter { guest in
            guest.isBackedUp && scene.course(ofGuest: guest).state(at: start)?.node == node
        }
        guard !guests.isEmpty else { return nil }
        let length = Double(guests.count) * seed.number(.duration, 20...90)
        return Run(
            node: node, day: day, start: start, end: (start + length).rounded(.down), guests: guests,
            failed: Set(guests.filter { $0.seed.child(.failure, day).chance(.failure, 0.01) }.map(\.vmid)))
    }
}
