import HTTPKit
import Kernel

extension Problem {
    /// The range begins before what the organisation's plan keeps.
    static let historyWindow = Problem(
        "history-window", status: 402, title: "The plan keeps less history", code: "license_required",
        extras: ["feature": "long_term_metrics"])
}

extension HistoryStore {
    /// - Throws: 402 `history-window` when the plan does not keep that much.
    func require(_ range: HistoryRange, in org: OrgID) async throws {
        // No plan keeps less than the smallest.
        guard range.duration > HistoryPlan.free.window else { return }
        let plan = try await plan(of: org)
        guard range.duration > plan.window else { return }
        let days = Int(plan.window.inSeconds / 86_400)
        throw Problem.historyWindow.with(
            detail: "The plan “\(plan.rawValue)” keeps \(days) days; an owner can choose one that keeps more.")
    }
}
