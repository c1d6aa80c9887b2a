/// One side's view of all streams on one WebSocket. Pure: frames, bytes and the time go in, frames to send and events for
/// whoever holds the connections come out. Both sides run the same code; only who opens differs.
///
/// Bounds: a stream holds at most its credit of what came in and one `send` of what goes out; all together hold at most
/// `mine.all` of what came in. A side that is given more than it granted ends the connection.
package struct StreamMux: Sendable {
    package enum Side: Sendable {
        /// The server.
        case opener
        /// The agent.
        case answerer
    }

    package struct Rules: Sendable {
        /// Most streams at a time.
        package var streams: Int
        /// What we are ready to hold.
        package var mine: GatewayCredit
        /// What the other side is ready to hold.
        package var theirs: GatewayCredit
        /// Until the other side has answered an open.
        package var opening: Duration = .seconds(15)
        /// Without a byte either way.
        package var idle: Duration = .seconds(120)
        /// While something that came in is not taken.
        package var stall: Duration = .seconds(30)
        /// Of one stream, both ways together.
        package var bytes: UInt64 = 4 << 30

        package init(streams: Int, mine: GatewayCredit, theirs: GatewayCredit) {
            self.streams = streams
            self.mine = mine
            self.theirs = theirs
        }
    }

    package enum Event: Hashable, Sendable {
        /// The other side wants a connection: answer with `accept` or `refuse`.
        case wanted(UInt32, GatewayTarget)
        case opened(UInt32)
        case refused(UInt32, GatewayRefusal)
        /// Came in; say `took` when it is handed on.
        case data(UInt32, [UInt8])
        /// The other side says nothing more in it.
        case finished(UInt32)
        /// All that was sent has gone: more may be sent.
        case ready(UInt32)
        /// Gone at once, with whatever had not been handed on. `nil`: by the other side's or our own wish.
        case failed(UInt32, StreamFailure)
        /// Both sides have said all, and all was handed on.
        case ended(UInt32)
        case pong(UInt64)
    }

    /// What follows from one step.
    package struct Outcome: Sendable {
        package var frames: [GatewayFrame] = []
        package var events: [Event] = []
    }

    struct Stream: Sendable {
        enum Phase: Sendable { case opening, open }
        var phase = Phase.opening
        /// Bytes that we may still send.
        var credit: Int
        /// Bytes that the other side may still send.
        var granted: Int
        /// Came in and not taken yet.
        var held = 0
        /// Taken, and not granted anew.
        var freed = 0
        var pending: [UInt8] = []
        /// Told that it has to wait.
        var waits = false
        var closing = false
        var hasClosed = false
        var isFinished = false
        var total: UInt64 = 0
        var movedAt: Duration
        var takenAt: Duration
    }

    package let side: Side
    package let rules: Rules
    var streams: [UInt32: Stream] = [:]
    /// The highest number that was opened.
    private(set) var highest: UInt32 = 0
    private(set) var creditOfAll: Int
    private var grantedOfAll: Int
    private var freedOfAll = 0
    /// Bytes of data frames, in and out, since the beginning.
    package private(set) var received: UInt64 = 0
    package private(set) var sent: UInt64 = 0

    package init(_ side: Side, _ rules: Rules) {
        self.side = side
        self.rules = rules
        creditOfAll = Int(rules.theirs.all)
        grantedOfAll = Int(rules.mine.all)
    }

    package var count: Int { streams.count }
    /// What came in and waits to be handed on, of all streams.
    package var held: Int { streams.values.reduce(0) { $0 + $1.held } }

    // MARK: Our wishes

    /// - Returns: the stream's number; `nil` when there are as many as may be.
    package mutating func open(_ target: GatewayTarget, at now: Duration) -> (stream: UInt32, outcome: Outcome)? {
        guard side == .opener, streams.count < rules.streams, highest < UInt32.max else { return nil }
        highest += 1
        streams[highest] = fresh(at: now)
        return (highest, Outcome(frames: [.open(highest, target)]))
    }

    package mutating func accept(_ stream: UInt32, at now: Duration) -> Outcome {
        guard streams[stream]?.phase == .opening else { return Outcome() }
        streams[stream]?.phase = .open
        streams[stream]?.movedAt = now
        return Outcome(frames: [.opened(stream)])
    }

    package mutating func refuse(_ stream: UInt32, _ why: GatewayRefusal) -> Outcome {
        guard streams.removeValue(forKey: stream) != nil else { return Outcome() }
        return Outcome(frames: [.refused(stream, why)])
    }

    /// More may be sent only when this has told `.ready`, unless `isReady`.
    package mutating func send(_ bytes: [UInt8], in stream: UInt32, at now: Duration) -> Outcome {
        guard streams[stream]?.phase == .open, streams[stream]?.closing == false, !bytes.isEmpty else {
            return Outcome()
        }
        streams[stream]?.pending += bytes
        var outcome = Outcome()
        pump(stream, at: now, into: &outcome)
        if streams[stream]?.pending.isEmpty == false { streams[stream]?.waits = true }
        return outcome
    }

    /// Nothing waits to be sent in it.
    package func isReady(_ stream: UInt32) -> Bool {
        guard let stream = streams[stream], stream.phase == .open, !stream.closing else { return false }
        return stream.pending.isEmpty
    }

    /// What came in was handed on.
    package mutating func took(_ count: Int, from stream: UInt32, at now: Duration) -> Outcome {
        var outcome = Outcome()
        guard var one = streams[stream], one.held > 0 else { return outcome }
        let count = min(count, one.held)
        one.held -= count
        one.freed += count
        one.takenAt = now
        if !one.isFinished, one.freed * 2 >= Int(rules.mine.perStream) {
            outcome.frames.append(.window(stream, UInt32(one.freed)))
            one.granted += one.freed
            one.freed = 0
        }
        streams[stream] = one
        giveBack(count, into: &outcome)
        settle(stream, into: &outcome)
        return outcome
    }

    /// Says nothing more in it, once all that waits has gone.
    package mutating func close(_ stream: UInt32, at now: Duration) -> Outcome {
        var outcome = Outcome()
        guard streams[stream]?.phase == .open, streams[stream]?.closing == false else { return outcome }
        streams[stream]?.closing = true
        pump(stream, at: now, into: &outcome)
        return outcome
    }

    /// Ends it at once, with whatever waits in it.
    package mutating func reset(_ stream: UInt32, _ why: StreamFailure) -> Outcome {
        var outcome = Outcome()
        guard let gone = streams.removeValue(forKey: stream) else { return outcome }
        outcome.frames.append(.reset(stream, why))
        giveBack(gone.held, into: &outcome)
        return outcome
    }

    /// Ends what has taken too long.
    package mutating func tick(at now: Duration) -> Outcome {
        var outcome = Outcome()
        for (number, stream) in streams.sorted(by: { $0.key < $1.key }) {
            let why: StreamFailure?
            if stream.phase == .opening {
                guard now - stream.movedAt >= rules.opening else { continue }
                // Whoever answers has a shorter patience of their own and says why.
                why = side == .opener ? .cancelled : .broken
            } else if stream.held > 0, now - stream.takenAt >= rules.stall {
                why = .stalled
            } else {
                why = now - stream.movedAt >= rules.idle ? .idle : nil
            }
            guard let why else { continue }
            outcome.join(reset(number, why))
            outcome.events.append(
                stream.phase == .opening && side == .opener ? .refused(number, .timeout) : .failed(number, why))
        }
        return outcome
    }

    // MARK: What the other side says

    /// - Throws: when it does not keep to the wire; nothing may be made of this connection any more.
    package mutating func receive(_ frame: GatewayFrame, at now: Duration) throws(GatewayViolation) -> Outcome {
        var outcome = Outcome()
        switch frame {
        case .hello, .welcome: throw GatewayViolation("a greeting after the greeting")
        case .ask, .answer, .declined, .cancel: throw GatewayViolation("a question where none is spoken of")
        case .open(let stream, let target): try wanted(stream, target, at: now, into: &outcome)
        case .opened(let stream):
            try known(stream, onlyOf: .opener)
            guard streams[stream] != nil else { break }
            guard streams[stream]?.phase == .opening else { throw GatewayViolation("a stream is opened twice") }
            streams[stream]?.phase = .open
            streams[stream]?.movedAt = now
            outcome.events.append(.opened(stream))
        case .refused(let stream, let why):
            try known(stream, onlyOf: .opener)
            guard let one = streams[stream] else { break }
            guard one.phase == .opening else { throw GatewayViolation("an open stream is refused") }
            streams[stream] = nil
            outcome.events.append(.refused(stream, why))
        case .data(let stream, let bytes): try take(bytes, of: stream, at: now, into: &outcome)
        case .window(let stream, let credit): try grow(stream, by: Int(credit), at: now, into: &outcome)
        case .close(let stream):
            try known(stream)
            guard let one = streams[stream] else { break }
            guard one.phase == .open, !one.isFinished else { throw GatewayViolation("a stream is closed twice") }
            streams[stream]?.isFinished = true
            outcome.events.append(.finished(stream))
            settle(stream, into: &outcome)
        case .reset(let stream, let why):
            try known(stream)
            guard let gone = streams.removeValue(forKey: stream) else { break }
            giveBack(gone.held, into: &outcome)
            outcome.events.append(.failed(stream, why))
        case .ping(let number): outcome.frames.append(.pong(number))
        case .pong(let number): outcome.events.append(.pong(number))
        }
        return outcome
    }

    private mutating func wanted(
        _ stream: UInt32, _ target: GatewayTarget, at now: Duration, into outcome: inout Outcome
    ) throws(GatewayViolation) {
        guard side == .answerer else { throw GatewayViolation("only the server opens streams") }
        guard stream > highest else { throw GatewayViolation("stream numbers rise") }
        highest = stream
        guard streams.count < rules.streams else {
            outcome.frames.append(.refused(stream, .tooMany))
            return
        }
        streams[stream] = fresh(at: now)
        outcome.events.append(.wanted(stream, target))
    }

    private mutating func take(
        _ bytes: [UInt8], of stream: UInt32, at now: Duration, into outcome: inout Outcome
    ) throws(GatewayViolation) {
        try known(stream)
        guard bytes.count <= grantedOfAll else { throw GatewayViolation("more is sent than all streams may hold") }
        grantedOfAll -= bytes.count
        received += UInt64(bytes.count)
        // It was ended here while this was on its way.
        guard var one = streams[stream] else { return giveBack(bytes.count, into: &outcome) }
        guard one.phase == .open, !one.isFinished else { throw GatewayViolation("data in a stream that is not open") }
        guard bytes.count <= one.granted else { throw GatewayViolation("more is sent than the stream may hold") }
        one.granted -= bytes.count
        if one.held == 0 { one.takenAt = now }
        one.held += bytes.count
        one.total += UInt64(bytes.count)
        one.movedAt = now
        streams[stream] = one
        guard one.total <= rules.bytes else {
            outcome.join(reset(stream, .tooLong))
            outcome.events.append(.failed(stream, .tooLong))
            return
        }
        outcome.events.append(.data(stream, bytes))
    }

    private mutating func grow(
        _ stream: UInt32, by credit: Int, at now: Duration, into outcome: inout Outcome
    ) throws(GatewayViolation) {
        guard stream == 0 else {
            try known(stream)
            guard let one = streams[stream] else { return }
            guard one.credit + credit <= Int(GatewayLimits.window) else { throw GatewayViolation("credit without end") }
            streams[stream]?.credit += credit
            return pump(stream, at: now, into: &outcome)
        }
        guard creditOfAll + credit <= Int(GatewayLimits.window) else { throw GatewayViolation("credit without end") }
        creditOfAll += credit
        // The one that has waited longest first: nobody is passed over for ever.
        let waiting = streams.filter { !$0.value.pending.isEmpty }.sorted { $0.value.movedAt < $1.value.movedAt }
        for (number, _) in waiting { pump(number, at: now, into: &outcome) }
    }

    // MARK: Parts

    private func fresh(at now: Duration) -> Stream {
        Stream(
            credit: Int(rules.theirs.perStream), granted: Int(rules.mine.perStream), movedAt: now, takenAt: now)
    }

    private func known(_ stream: UInt32, onlyOf side: Side? = nil) throws(GatewayViolation) {
        guard stream > 0, stream <= highest else { throw GatewayViolation("a stream that nobody opened") }
        guard side == nil || side == self.side else { throw GatewayViolation("only the agent answers an open") }
    }

    /// Sends what waits as far as both credits go.
    private mutating func pump(_ stream: UInt32, at now: Duration, into outcome: inout Outcome) {
        guard var one = streams[stream], one.phase == .open else { return }
        var start = 0
        while start < one.pending.count {
            let size = min(one.pending.count - start, one.credit, creditOfAll, GatewayLimits.dataBytes)
            guard size > 0 else { break }
            outcome.frames.append(.data(stream, Array(one.pending[start..<start + size])))
            start += size
            one.credit -= size
            creditOfAll -= size
        }
        if start > 0 {
            one.pending.removeFirst(start)
            one.total += UInt64(start)
            one.movedAt = now
            sent += UInt64(start)
        }
        if one.pending.isEmpty, one.closing, !one.hasClosed {
            one.hasClosed = true
            outcome.frames.append(.close(stream))
        } else if one.pending.isEmpty, one.waits {
            one.waits = false
            outcome.events.append(.ready(stream))
        }
        streams[stream] = one
        guard one.total <= rules.bytes else {
            outcome.join(reset(stream, .tooLong))
            outcome.events.append(.failed(stream, .tooLong))
            return
        }
        settle(stream, into: &outcome)
    }

    /// Forgets a stream in which nothing can happen any more.
    private mutating func settle(_ stream: UInt32, into outcome: inout Outcome) {
        guard let one = streams[stream], one.hasClosed, one.isFinished, one.held == 0 else { return }
        streams[stream] = nil
        outcome.events.append(.ended(stream))
    }

    private mutating func giveBack(_ count: Int, into outcome: inout Outcome) {
        freedOfAll += count
        guard freedOfAll * 4 >= Int(rules.mine.all) else { return }
        outcome.frames.append(.window(0, UInt32(freedOfAll)))
        grantedOfAll += freedOfAll
        freedOfAll = 0
    }
}

extension StreamMux.Outcome {
    mutating func join(_ other: Self) {
        frames += other.frames
        events += other.events
    }
}
