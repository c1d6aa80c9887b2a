/// One side's view of all questions on one WebSocket, as `StreamMux` is of its streams. Pure: frames, answers and the time
/// go in, frames to send and events come out. Both sides run the same code; only who asks differs.
///
/// A question is answered once, or declined once, or was cancelled by whoever asked and is not spoken of any more. Bounds:
/// `GatewayLimits.questions` wait at a time, each for as long as it may take and some seconds; an answer beyond what was
/// asked ends the connection, and so do more late answers than questions were given up.
package struct QuestionBook: Sendable {
    package enum Event: Hashable, Sendable {
        /// The other side asks: say `answer` or `decline`.
        case asked(UInt32, GatewayQuestion)
        case answered(UInt32, [GatewayAnswer])
        case declined(UInt32, GatewayRefusal)
        /// Whatever is under way for it may end.
        case cancelled(UInt32)
    }

    /// What follows from one step.
    package struct Outcome: Sendable {
        package var frames: [GatewayFrame] = []
        package var events: [Event] = []
    }

    private struct Open: Sendable {
        let question: GatewayQuestion
        let end: Duration
    }

    /// Of the agent, beside what the target may take: looking the name up.
    package static let lookup: Duration = .seconds(5)
    /// Of the server, beside that: the way to the agent and back.
    package static let way: Duration = .seconds(3)

    package let side: StreamMux.Side
    private var open: [UInt32: Open] = [:]
    private var highest: UInt32 = 0
    /// Given up here, and perhaps answered by the other side all the same.
    private var late = 0
    /// Bytes of datagrams, in and out, since the beginning.
    package private(set) var received: UInt64 = 0
    package private(set) var sent: UInt64 = 0

    package init(_ side: StreamMux.Side) { self.side = side }

    package var count: Int { open.count }
    /// Since the beginning.
    package var total: UInt32 { highest }

    // MARK: Whoever asks

    /// - Returns: the question's number; `nil` when as many wait as may.
    package mutating func ask(_ question: GatewayQuestion, at now: Duration) -> (number: UInt32, outcome: Outcome)? {
        guard side == .opener, open.count < GatewayLimits.questions, highest < UInt32.max else { return nil }
        highest += 1
        open[highest] = Open(question: question, end: now + question.patience + Self.lookup + Self.way)
        if case .datagram(_, let bytes) = question.means { sent += UInt64(bytes.count) }
        return (highest, Outcome(frames: [.ask(highest, question)]))
    }

    /// Nobody waits for it any more.
    package mutating func cancel(_ number: UInt32) -> Outcome {
        guard side == .opener, open.removeValue(forKey: number) != nil else { return Outcome() }
        late += 1
        return Outcome(frames: [.cancel(number)])
    }

    // MARK: Whoever answers

    /// What the limits do not hold of it is left out.
    package mutating func answer(_ number: UInt32, _ answers: [GatewayAnswer]) -> Outcome {
        guard side == .answerer, let one = open.removeValue(forKey: number) else { return Outcome() }
        let fitting = answers.prefix(one.question.most).map { answer in
            GatewayAnswer(
                microseconds: answer.microseconds,
                bytes: one.question.means == .echo ? [] : Array(answer.bytes.prefix(GatewayLimits.datagramBytes)))
        }
        sent += fitting.reduce(0) { $0 + UInt64($1.bytes.count) }
        return Outcome(frames: [.answer(number, fitting)])
    }

    package mutating func decline(_ number: UInt32, _ why: GatewayRefusal) -> Outcome {
        guard side == .answerer, open.removeValue(forKey: number) != nil else { return Outcome() }
        return Outcome(frames: [.declined(number, why)])
    }

    // MARK: Both

    /// Ends what has taken too long.
    package mutating func tick(at now: Duration) -> Outcome {
        var outcome = Outcome()
        for number in open.filter({ now >= $0.value.end }).keys.sorted() {
            switch side {
            case .opener:
                outcome.frames += cancel(number).frames
                outcome.events.append(.declined(number, .timeout))
            case .answerer:
                outcome.frames += decline(number, .timeout).frames
                outcome.events.append(.cancelled(number))
            }
        }
        return outcome
    }

    /// - Returns: `nil` for a frame that is about streams.
    /// - Throws: when the other side does not keep to the wire; nothing may be made of this connection any more.
    package mutating func receive(_ frame: GatewayFrame, at now: Duration) throws(GatewayViolation) -> Outcome? {
        switch frame {
        case .ask(let number, let question): try asked(number, question, at: now)
        case .answer(let number, let answers): try answered(number, answers)
        case .declined(let number, let why):
            Outcome(events: try settled(number) == nil ? [] : [.declined(number, why)])
        case .cancel(let number):
            try cancelled(number)
        case .hello, .welcome, .open, .opened, .refused, .data, .window, .close, .reset, .ping, .pong: nil
        }
    }

    private mutating func asked(
        _ number: UInt32, _ question: GatewayQuestion, at now: Duration
    ) throws(GatewayViolation) -> Outcome {
        guard side == .answerer else { throw GatewayViolation("only the server asks") }
        guard number > highest else { throw GatewayViolation("question numbers rise") }
        highest = number
        guard open.count < GatewayLimits.questions else { return Outcome(frames: [.declined(number, .tooMany)]) }
        open[number] = Open(question: question, end: now + question.patience + Self.lookup)
        if case .datagram(_, let bytes) = question.means { received += UInt64(bytes.count) }
        return Outcome(events: [.asked(number, question)])
    }

    private mutating func answered(
        _ number: UInt32, _ answers: [GatewayAnswer]
    ) throws(GatewayViolation) -> Outcome {
        received += answers.reduce(0) { $0 + UInt64($1.bytes.count) }
        guard let question = try settled(number) else { return Outcome() }
        guard answers.count <= question.most, question.means != .echo || answers.allSatisfy(\.bytes.isEmpty) else {
            throw GatewayViolation("an answer beyond what was asked")
        }
        return Outcome(events: [.answered(number, answers)])
    }

    /// - Returns: `nil` for one that was given up here while its answer was on its way.
    private mutating func settled(_ number: UInt32) throws(GatewayViolation) -> GatewayQuestion? {
        guard side == .opener else { throw GatewayViolation("only the agent answers") }
        guard number > 0, number <= highest else { throw GatewayViolation("an answer to what nobody asked") }
        if let one = open.removeValue(forKey: number) { return one.question }
        guard late > 0 else { throw GatewayViolation("a question is answered twice") }
        late -= 1
        return nil
    }

    private mutating func cancelled(_ number: UInt32) throws(GatewayViolation) -> Outcome {
        guard side == .answerer else { throw GatewayViolation("only the server gives a question up") }
        guard number > 0, number <= highest else { throw GatewayViolation("a question that nobody asked is given up") }
        // It was answered while this was on its way.
        return Outcome(events: open.removeValue(forKey: number) == nil ? [] : [.cancelled(number)])
    }
}
