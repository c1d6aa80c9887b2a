import AgentProtocol
import JSONKit

/// What an answer means for the reports that were sent.
enum Verdict: Hashable {
    /// 200 with `success`, and nothing else: the reports are durable at the server.
    case accepted(intervalSeconds: Int?)
    /// The server has read them and will never take them.
    case refused(String)
    /// The token is not accepted now; that may be temporary, so nothing is thrown away.
    case unauthorised(String)
    /// The server removed this agent.
    case revoked(String)
    /// Try again later.
    case busy(String, retryAfterSeconds: Int?)

    init(_ answer: Answer) {
        let words = ProblemWords(answer.body)
        switch answer.status {
        case 200:
            // A hotel's login page also answers 200: only the server's own words let a report leave the queue.
            if words.saysSuccess {
                let reply = try? ReportReply(json: answer.body)
                self = .accepted(intervalSeconds: reply?.reportIntervalSeconds)
            } else {
                self = .busy("200 that is not from Pulse", retryAfterSeconds: answer.retryAfterSeconds)
            }
        case 400, 401, 403, 404, 410:
            if words.saysRemoved {
                self = .revoked(words.text)
            } else if answer.status == 400, words.code != nil {
                self = .refused(words.text)
            } else if answer.status == 401 || answer.status == 403 {
                self = .unauthorised("\(answer.status) \(words.text)")
            } else {
                // A 400 without a code is not Pulse's: some proxy is in the way, and the reports are fine.
                self = .busy("\(answer.status) \(words.text)", retryAfterSeconds: answer.retryAfterSeconds)
            }
        case 413, 422: self = .refused("\(answer.status) \(words.text)")
        default: self = .busy("\(answer.status) \(words.text)", retryAfterSeconds: answer.retryAfterSeconds)
        }
    }

    init(_ error: TransportError) { self = .busy(error.description, retryAfterSeconds: nil) }
}

/// The parts of an answer's body that matter here, from problem+json or the older `{error, code}` form.
struct ProblemWords {
    var code: String?
    /// One line for people.
    var text = ""
    private var all: [String] = []
    private(set) var saysSuccess = false

    init(_ body: [UInt8]) {
        guard let value = try? JSONValue(json: body), let members = value.object else { return }
        code = members["code"]?.string
        saysSuccess = members["success"]?.bool == true
        all = ["detail", "error", "message", "title"].compactMap { members[$0]?.string }
        let field = members["field"]?.string.map { " (\($0))" } ?? ""
        text = String(((members["detail"] ?? members["title"] ?? members["error"])?.string ?? "").prefix(200)) + field
        if text.isEmpty { text = code ?? "" }
    }

    /// These words are a promise between servers and agents.
    var saysRemoved: Bool {
        code == "agent_revoked"
            || code == "invalid_report"
                && all.contains { $0.range(of: "was removed") != nil || $0.range(of: "monitoring stopped") != nil }
    }
}
