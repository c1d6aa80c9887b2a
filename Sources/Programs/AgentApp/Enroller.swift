package import AgentProtocol
import JSONKit
package import Kernel

/// Trades a one-time token for one of this machine's own, and writes down what came of it.
package struct Enroller: Sendable {
    let transport: any Transport
    let time: any TimeSource
    let randomness: Randomness
    /// How long a server that is away is waited for.
    let patience: Duration

    package init(
        transport: any Transport, time: any TimeSource = SystemTime(), randomness: Randomness = .system,
        patience: Duration = .seconds(120)
    ) {
        self.transport = transport
        self.time = time
        self.randomness = randomness
        self.patience = patience
    }

    /// - Parameter draft: server and choices; the id in it is replaced by the server's.
    package func enroll(
        _ request: EnrollRequest, token: Secret<String>, draft: AgentSettings, into state: StateDirectory
    ) async throws -> AgentSettings {
        try draft.validate()
        var (request, settings) = (request, draft)
        if request.machineID == nil {
            // Some containers have none; the server binds the token to a machine, so it needs one.
            settings.inventedMachineID = ID<Agent>.new(at: time.now, from: randomness).description
            request.machineID = settings.inventedMachineID
        }
        let response = try await exchange(request, token)
        settings.agentID = response.agentID
        settings.orgID = response.orgID
        settings.intervalSeconds = max(draft.intervalSeconds, Double(response.reportIntervalSeconds))
        try state.save(settings, token: response.runtimeToken)
        return settings
    }

    private func exchange(_ request: EnrollRequest, _ token: Secret<String>) async throws -> EnrollResponse {
        let deadline = time.monotonic + patience
        var backoff = Backoff(base: .seconds(1), cap: .seconds(15))
        while true {
            let post = Post("/api/agents/agent/enroll", token: token, body: request.json, isGzipped: false)
            let failure: (text: String, retryAfter: Int?)
            do {
                let answer = try await transport.post(post)
                if answer.status == 200 { return try read(answer) }
                let words = ProblemWords(answer.body)
                guard answer.status == 429 || answer.status >= 500 else {
                    throw AgentError.refused("the server refused to enrol this machine: \(answer.status) \(words.text)")
                }
                failure = ("the server answers \(answer.status) \(words.text)", answer.retryAfterSeconds)
            } catch let error as TransportError {
                if error.kind == .untrusted { throw AgentError.unreachable(error.description) }
                failure = (error.description, nil)
            }
            let pause = backoff.next(retryAfterSeconds: failure.retryAfter, randomness: randomness)
            guard time.monotonic + pause < deadline else { throw AgentError.unreachable(failure.text) }
            try await time.sleep(for: pause)
        }
    }

    private func read(_ answer: Answer) throws(AgentError) -> EnrollResponse {
        do {
            let response = try EnrollResponse(json: answer.body)
            guard !response.runtimeToken.reveal().isEmpty else { throw AgentError.refused("the server gave no token") }
            return response
        } catch let error as AgentError {
            throw error
        } catch {
            throw .refused("the server's answer to the enrolment cannot be read: \(error)")
        }
    }
}
