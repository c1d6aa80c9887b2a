package import HTTPKit
package import Kernel
package import Logging
internal import NIOConcurrencyHelpers
internal import ServiceLifecycle

/// Asks again and again, for all open views of this process at once, whether they may still be open: a session that
/// ended, a token revoked, a member who left or lost a role, a grant that expired, an organisation suspended.
///
/// It asks the database and keeps nothing, so nobody has to tell it. Half a second between two rounds keeps revocation
/// within one; views of one session are asked about once. 2,000 sessions cost 20 round trips a round.
package final class AdmissionWatch: Service {
    package static let interval: Duration = .milliseconds(500)
    private static let batch = 100

    private struct Entry {
        let view: WatchedView
        let visibility: Visibility?
        let refusal: AsyncStream<Problem>.Continuation
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var next = 0
    }

    private let gate: AccessGate
    private let time: any TimeSource
    private let logger: Logger
    private let state = NIOLockedValueBox(State())

    package init(gate: AccessGate, time: any TimeSource, logger: Logger) {
        self.gate = gate
        self.time = time
        self.logger = logger
    }

    /// Returns by throwing, when the caller may no longer be here or no longer sees the same.
    package func stay(_ request: APIRequest, at endpoint: Endpoint) async throws {
        let (refusals, refusal) = AsyncStream.makeStream(of: Problem.self, bufferingPolicy: .bufferingOldest(1))
        let entry = Entry(
            view: try WatchedView(request, at: endpoint), visibility: request.admitted?.visibility, refusal: refusal)
        let place = state.withLockedValue { state in
            state.next += 1
            state.entries[state.next] = entry
            return state.next
        }
        defer { state.withLockedValue { $0.entries[place] = nil } }
        for await problem in refusals { throw problem }
        throw CancellationError()
    }

    package func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            try? await cancelWhenGracefulShutdown { try await self.time.sleep(for: Self.interval) }
            await round()
        }
    }

    /// One round over everything that is open.
    package func round() async {
        let open = Dictionary(grouping: state.withLockedValue { Array($0.entries.values) }, by: \.view)
        let views = Array(open.keys)
        for start in stride(from: 0, to: views.count, by: Self.batch) {
            let asked = Array(views[start..<min(start + Self.batch, views.count)])
            do {
                for (view, verdict) in zip(asked, try await gate.verdicts(on: asked)) {
                    for entry in open[view] ?? [] { Self.tell(entry, verdict) }
                }
            } catch {
                // The database is away: nobody is shown anything new meanwhile, and nobody is sent away for it.
                logger.warning("open views not asked about, trying again", metadata: ["error": "\(error)"])
            }
        }
    }

    private static func tell(_ entry: Entry, _ verdict: Result<Caller, Problem>) {
        switch verdict {
        case .success(let caller) where caller.visibility == entry.visibility: return
        case .success: entry.refusal.yield(.viewChanged)
        case .failure(let problem): entry.refusal.yield(problem)
        }
    }

    package var count: Int { state.withLockedValue { $0.entries.count } }
}

extension Problem {
    /// Whoever comes again sees what they may see now.
    package static let viewChanged = Problem(
        "view-changed", status: 503, title: "What you may see has changed; open the view again", retryAfterSeconds: 0)
}
