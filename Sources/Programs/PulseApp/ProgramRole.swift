/// What a process of Pulse is for. One composition builds all of them; a role decides which services run.
package enum ProgramRole: String, Sendable, CaseIterable {
    /// Everything in one process.
    case up
    /// Answers: HTTP, sockets, the console, the operators' listener; takes reports in.
    case serve
    /// Watches: leases, monitors, polls, housekeeping. Listens for nobody but those who run it.
    case work

    var serves: Bool { self != .work }
    var works: Bool { self != .serve }
}
