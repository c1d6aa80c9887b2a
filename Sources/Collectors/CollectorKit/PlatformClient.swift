package import Inventory
package import Outbound

/// A question that was not answered as hoped.
package struct PlatformFailure: Error, Sendable, Hashable {
    package let fault: ConnectionFault
    /// The answer's, when there was one.
    package let status: Int?
    /// The beginning of what was said. For telling failures apart only: never shown, never logged.
    package let said: String

    package init(_ fault: ConnectionFault, status: Int? = nil, said: String = "") {
        self.fault = fault
        self.status = status
        self.said = said
    }
}

/// Asks one host and takes only success for an answer.
package struct PlatformClient: Sendable {
    /// 8 MiB: about 18,000 guests in one list.
    package static let mostBytes = 8 << 20

    private let http: HostClient
    private let target: String
    private let prefix: String
    private let meaning: @Sendable (_ status: Int, _ path: String) -> ConnectionFault?

    /// - Parameters:
    ///   - target: as a person would call it, for the sentences of faults.
    ///   - prefix: before every path.
    ///   - meaning: what a status means on this platform; `nil` leaves it to the common rules.
    package init(
        _ http: HostClient, target: String, prefix: String = "",
        meaning: @escaping @Sendable (_ status: Int, _ path: String) -> ConnectionFault? = { _, _ in nil }
    ) {
        self.http = http
        self.target = target
        self.prefix = prefix
        self.meaning = meaning
    }

    /// - Returns: the body of a success.
    package func send(
        _ path: String, method: String = "GET", headers: [(String, String)] = [], body: [UInt8]? = nil,
        timeout: Duration = .seconds(30), maxBytes: Int = PlatformClient.mostBytes, isRepeatable: Bool? = nil,
        within allowance: PollAllowance
    ) async throws(PlatformFailure) -> [UInt8] {
        let answer: OutboundAnswer
        do {
            let rest = try allowance.take(atMost: timeout)
            let start = ContinuousClock.now
            answer = try await http.send(
                OutboundRequest(
                    prefix + path, method: method, headers: [("accept", "application/json")] + headers, body: body,
                    timeout: rest, headerTimeout: min(rest, .seconds(10)), maxBytes: maxBytes,
                    isRepeatable: isRepeatable))
            allowance.answered(after: .now - start)
        } catch {
            throw PlatformFailure(ConnectionFault(error, reaching: target))
        }
        guard !(200..<300).contains(answer.status) else { return answer.body }
        let fault = meaning(answer.status, path) ?? .refusal(status: answer.status, by: target)
        throw PlatformFailure(
            fault ?? ConnectionFault(.badAnswer, "\(target) answered with status \(answer.status)."),
            status: answer.status, said: String(decoding: answer.body.prefix(500), as: UTF8.self))
    }
}
