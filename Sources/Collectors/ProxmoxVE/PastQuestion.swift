internal import CollectorKit
internal import Inventory

/// One archive of one thing: `/nodes/pve1/qemu/101/rrddata?timeframe=day`.
struct PastQuestion: Sendable, Hashable {
    /// What is nearest is asked first, for everything: that is what a person looks at.
    static let frames = ["hour", "day", "week", "month", "year"]

    let frame: Int
    /// As in the observations.
    let key: String
    let path: String
    let subject: RRDMapping.Subject

    var cursor: String { "\(frame)/\(key)" }
    var name: String { Self.frames[frame] }

    /// All questions in their order, which is that of the cursors of one and the same frame, too.
    static func all(_ known: ClusterKnowledge, storages: [MergedStorage]) -> [PastQuestion] {
        var things: [(key: String, path: String, subject: RRDMapping.Subject)] = []
        func node(_ name: String) -> String { "/nodes/" + ProxmoxClient.escaped(name) }
        func isThere(_ name: String) -> Bool { known.nodes[name]?.isOnline ?? false }
        for name in known.nodes.keys where isThere(name) { things.append(("node/\(name)", node(name), .node)) }
        for guest in known.guests.values where isThere(guest.row.node) {
            let kind = guest.row.kind == .qemu ? "qemu" : "lxc"
            things.append(("\(kind)/\(guest.row.vmid)", known.place(of: guest.row.vmid), .guest))
        }
        for storage in storages {
            guard let name = storage.node ?? storage.nodes.first(where: isThere), isThere(name) else { continue }
            let key = storage.node.map { "storage/\($0)/\(storage.name)" } ?? "storage/\(storage.name)"
            things.append((key, node(name) + "/storage/" + ProxmoxClient.escaped(storage.name), .storage))
        }
        let ordered = things.filter { $0.key.utf8.count <= 400 }.sorted { $0.key < $1.key }
        return frames.indices.flatMap { frame in
            ordered.map { PastQuestion(frame: frame, key: $0.key, path: $0.path, subject: $0.subject) }
        }
    }

    /// Those that come after a cursor. One that names no frame begins anew.
    static func rest(of all: [PastQuestion], after cursor: String) -> ArraySlice<PastQuestion> {
        let parts = cursor.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let frame = Int(parts[0]) else { return all[...] }
        let next = all.firstIndex { ($0.frame, $0.key) > (frame, String(parts[1])) }
        return all[(next ?? all.endIndex)...]
    }
}

extension ProxmoxPoller {
    /// A refused or unreadable archive is passed over, for good; what was not answered in time is asked again, three times.
    func past(_ budget: PollBudget, after cursor: String) async -> PastReport {
        let allowance = PollAllowance(budget)
        var report = PastReport(cursor: cursor, isFinished: false)
        for question in PastQuestion.rest(of: pastQuestions, after: cursor) {
            guard allowance.requestsLeft > 0, allowance.timeLeft > .milliseconds(200) else { break }
            // Never with `ds`: from release 9 on an unknown parameter is refused.
            let path = question.path + "/rrddata?timeframe=\(question.name)&cf=AVERAGE"
            switch await client.remembered(path, within: allowance) {
            case .success(let rows):
                if let frame = RRDMapping.frame(rows, of: question.subject, key: question.key, name: question.name) {
                    report.frames.append(frame)
                }
            case .failure(let failure):
                guard gaveUp(on: question, after: failure) else {
                    report.requests = allowance.requestsSpent
                    return report
                }
            }
            report.cursor = question.cursor
        }
        report.isFinished = PastQuestion.rest(of: pastQuestions, after: report.cursor).isEmpty
        report.requests = allowance.requestsSpent
        return report
    }
}

extension ProxmoxClient {
    /// As a value, see `answer`.
    func remembered(_ path: String, within allowance: PollAllowance) async -> Result<[RRDRow], PlatformFailure> {
        do throws(PlatformFailure) {
            return .success(try await get(path, timeout: .seconds(10), within: allowance, RRDRow.read))
        } catch {
            return .failure(error)
        }
    }
}
