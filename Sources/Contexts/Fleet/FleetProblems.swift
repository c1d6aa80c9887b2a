import Kernel

extension Problem {
    static let enrollmentTokenNotFound = Problem(
        "enrollment-token-not-found", status: 404, title: "No such enrolment token")
    static let agentNotFound = Problem(
        "agent-not-found", status: 404, title: "No such agent", code: "agent_not_found")
    /// Removing it would leave platforms unasked without a word.
    static func agentInUse(connections: Int64) -> Problem {
        Problem(
            "agent-in-use", status: 409, title: "Connections lead through this agent",
            detail: "\(connections) of them; give them another way first, or remove them.",
            extras: ["connections": "\(connections)"])
    }
    /// Also what a revoked token is, and one of another organisation's making.
    static let enrollmentTokenUnknown = Problem(
        "enrollment-token-unknown", status: 401, title: "This enrolment token is not known",
        detail: "Make a new one under Infrastructure, Add.", code: "invalid_token")
    static let enrollmentTokenUsed = Problem(
        "enrollment-token-used", status: 409, title: "This enrolment token was used",
        detail: "A token enrols one machine, once. Make a new one.", code: "token_already_consumed")
    static let enrollmentTokenExpired = Problem(
        "enrollment-token-expired", status: 410, title: "This enrolment token has expired",
        detail: "A token lives for 24 hours. Make a new one.", code: "token_expired")
    static let enrollmentSuspended = Problem(
        "enrollment-suspended", status: 403, title: "This organisation is suspended", code: "org_suspended")
    static let missingMachineID = Problem(
        "missing-machine-id", status: 400, title: "A machine id is required",
        detail: "An agent is bound to its machine: send machineId, 1 to 128 bytes.", field: "machineId",
        code: "missing_machine_id")
}
