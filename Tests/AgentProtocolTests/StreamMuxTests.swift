import Testing

@testable import AgentProtocol

@Suite struct StreamMuxTests {
    static let target = GatewayTarget(host: "pve.lan", port: 8006)

    static func rules(streams: Int = 4, perStream: UInt32 = 100, all: UInt32 = 400) -> StreamMux.Rules {
        let credit = GatewayCredit(perStream: perStream, all: all)
        return StreamMux.Rules(streams: streams, mine: credit, theirs: credit)
    }

    /// A server's side with one open stream.
    static func opened(_ rules: StreamMux.Rules = rules()) throws -> StreamMux {
        var mux = StreamMux(.opener, rules)
        _ = mux.open(target, at: .zero)
        _ = try mux.receive(.opened(1), at: .zero)
        return mux
    }

    @Test("a stream opens, carries, and ends when both have said all and all was taken") func life() throws {
        var server = StreamMux(.opener, Self.rules())
        var agent = StreamMux(.answerer, Self.rules())
        let open = server.open(Self.target, at: .zero)
        #expect(open?.outcome.frames == [.open(1, Self.target)])
        #expect(try agent.receive(.open(1, Self.target), at: .zero).events == [.wanted(1, Self.target)])
        #expect(server.send([1], in: 1, at: .zero).frames.isEmpty, "nothing is sent before it is open")
        #expect(agent.accept(1, at: .zero).frames == [.opened(1)])
        #expect(try server.receive(.opened(1), at: .zero).events == [.opened(1)])
        #expect(server.send([1, 2, 3], in: 1, at: .zero).frames == [.data(1, [1, 2, 3])])
        #expect(try agent.receive(.data(1, [1, 2, 3]), at: .zero).events == [.data(1, [1, 2, 3])])
        #expect(server.close(1, at: .zero).frames == [.close(1)])
        #expect(try agent.receive(.close(1), at: .zero).events == [.finished(1)])
        #expect(agent.close(1, at: .zero).frames == [.close(1)])
        #expect(agent.count == 1, "three bytes were not taken yet")
        #expect(agent.took(3, from: 1, at: .zero).events == [.ended(1)])
        #expect(try server.receive(.close(1), at: .zero).events == [.finished(1), .ended(1)])
        #expect(server.count == 0 && agent.count == 0)
    }

    @Test("nothing is sent beyond the stream's credit, and what waits goes when more is granted") func credit() throws {
        var mux = try Self.opened()
        let sent = mux.send([UInt8](repeating: 1, count: 150), in: 1, at: .zero)
        #expect(sent.frames == [.data(1, [UInt8](repeating: 1, count: 100))])
        #expect(!mux.isReady(1))
        let more = try mux.receive(.window(1, 60), at: .zero)
        #expect(more.frames == [.data(1, [UInt8](repeating: 1, count: 50))])
        #expect(more.events == [.ready(1)])
    }

    @Test("all streams together keep to the credit of all; who waits longest is served first") func all() throws {
        var mux = StreamMux(.opener, Self.rules(perStream: 100, all: 150))
        for stream in UInt32(1)...2 {
            _ = mux.open(Self.target, at: .zero)
            _ = try mux.receive(.opened(stream), at: .zero)
        }
        #expect(mux.send([UInt8](repeating: 1, count: 100), in: 1, at: .seconds(1)).frames.count == 1)
        #expect(
            mux.send([UInt8](repeating: 2, count: 100), in: 2, at: .seconds(2)).frames
                == [.data(2, [UInt8](repeating: 2, count: 50))])
        #expect(try mux.receive(.window(1, 100), at: .seconds(2)).frames.isEmpty)
        #expect(mux.send([1], in: 1, at: .seconds(3)).frames.isEmpty)
        let more = try mux.receive(.window(0, 200), at: .seconds(3))
        #expect(more.frames == [.data(1, [1]), .data(2, [UInt8](repeating: 2, count: 50))])
    }

    @Test("credit is granted anew when half was taken, never before") func grants() throws {
        var mux = try Self.opened()
        _ = try mux.receive(.data(1, [UInt8](repeating: 0, count: 100)), at: .zero)
        #expect(mux.took(49, from: 1, at: .zero).frames.isEmpty)
        #expect(mux.took(51, from: 1, at: .zero).frames == [.window(1, 100), .window(0, 100)])
        #expect(mux.held == 0)
    }

    static let unlawful: [(String, [GatewayFrame])] = [
        ("a greeting again", [.welcome(GatewayWelcome(streams: 1, credit: GatewayCredit(perStream: 1, all: 1)))]),
        ("a stream that nobody opened", [.data(9, [1])]), ("an end of none", [.close(9)]),
        ("a reset of none", [.reset(9, .broken)]), ("an answer to nothing", [.opened(9)]),
        ("an agent that opens", [.open(9, target)]), ("opened twice", [.opened(1), .opened(1)]),
        ("data before it is open", [.data(1, [1])]), ("refused when open", [.opened(1), .refused(1, .timeout)]),
        ("more than the stream may hold", [.opened(1), .data(1, [UInt8](repeating: 0, count: 101))]),
        ("closed twice", [.opened(1), .close(1), .close(1)]),
        ("data after the end", [.opened(1), .close(1), .data(1, [1])]),
        ("credit without end", [.opened(1), .window(1, GatewayLimits.window)]),
        ("credit of all without end", [.window(0, GatewayLimits.window)]), ("credit of none", [.window(9, 1)]),
    ]

    @Test("who does not keep to the wire is found out", arguments: unlawful)
    func violation(name: String, frames: [GatewayFrame]) throws {
        var mux = StreamMux(.opener, Self.rules())
        _ = mux.open(Self.target, at: .zero)
        for frame in frames.dropLast() { _ = try mux.receive(frame, at: .zero) }
        #expect(throws: GatewayViolation.self) { try mux.receive(frames[frames.count - 1], at: .zero) }
    }

    @Test("who sends more than all streams may hold is found out, though each keeps to its own") func flood() throws {
        var mux = StreamMux(.opener, Self.rules(perStream: 100, all: 150))
        for stream in UInt32(1)...2 {
            _ = mux.open(Self.target, at: .zero)
            _ = try mux.receive(.opened(stream), at: .zero)
        }
        _ = try mux.receive(.data(1, [UInt8](repeating: 0, count: 100)), at: .zero)
        #expect(throws: GatewayViolation.self) {
            try mux.receive(.data(2, [UInt8](repeating: 0, count: 51)), at: .zero)
        }
    }

    @Test("an agent refuses streams beyond its bound and numbers that do not rise") func answerer() throws {
        var mux = StreamMux(.answerer, Self.rules(streams: 2))
        _ = try mux.receive(.open(1, Self.target), at: .zero)
        _ = try mux.receive(.open(5, Self.target), at: .zero)
        #expect(try mux.receive(.open(6, Self.target), at: .zero).frames == [.refused(6, .tooMany)])
        #expect(throws: GatewayViolation.self) { try mux.receive(.open(4, Self.target), at: .zero) }
        #expect(throws: GatewayViolation.self) { try mux.receive(.opened(1), at: .zero) }
    }

    @Test("what arrives for a stream that was ended here is let go, and its credit given back") func late() throws {
        var mux = try Self.opened()
        _ = try mux.receive(.data(1, [UInt8](repeating: 0, count: 60)), at: .zero)
        #expect(mux.reset(1, .cancelled).frames == [.reset(1, .cancelled)])
        #expect(try mux.receive(.data(1, [UInt8](repeating: 0, count: 40)), at: .zero).frames == [.window(0, 100)])
        #expect(try mux.receive(.close(1), at: .zero).events.isEmpty)
        #expect(mux.took(60, from: 1, at: .zero).frames.isEmpty, "given back already")
        #expect(mux.count == 0)
    }

    @Test("an opening that is not answered, silence, and what nobody takes each end a stream") func times() throws {
        var waiting = StreamMux(.opener, Self.rules())
        _ = waiting.open(Self.target, at: .zero)
        #expect(waiting.tick(at: .seconds(14)).events.isEmpty)
        #expect(waiting.tick(at: .seconds(15)).events == [.refused(1, .timeout)])
        #expect(try waiting.receive(.opened(1), at: .seconds(16)).events.isEmpty, "too late")

        var silent = try Self.opened()
        #expect(silent.tick(at: .seconds(119)).events.isEmpty)
        #expect(silent.tick(at: .seconds(120)).events == [.failed(1, .idle)])

        var stuck = try Self.opened()
        _ = try stuck.receive(.data(1, [1, 2]), at: .seconds(10))
        _ = stuck.took(1, from: 1, at: .seconds(30))
        #expect(stuck.tick(at: .seconds(59)).events.isEmpty)
        let end = stuck.tick(at: .seconds(60))
        #expect(end.events == [.failed(1, .stalled)] && end.frames == [.reset(1, .stalled)])
    }

    @Test("a stream carries no more than one may") func tooLong() throws {
        var rules = Self.rules()
        rules.bytes = 50
        var mux = try Self.opened(rules)
        #expect(try mux.receive(.data(1, [UInt8](repeating: 0, count: 51)), at: .zero).events == [.failed(1, .tooLong)])
        #expect(mux.held == 0)
    }

    @Test("random talk loses nothing, mixes nothing up and never holds more than was granted", arguments: 1...40)
    func random(seed: UInt64) throws {
        var talk = RandomTalk(seed: seed)
        try talk.run(steps: 3000)
        talk.finish()
        try talk.drain()
        #expect(talk.arrived == talk.said)
        #expect(talk.server.count == 0 && talk.agent.count == 0)
    }

    @Test("random frames of a hostile side end in a refusal or are borne, and never hold more than was granted")
    func fuzz() {
        var random = SplitMix(seed: 7)
        for _ in 0..<300 {
            var mux = StreamMux(.opener, Self.rules())
            for _ in 0..<4 { _ = mux.open(Self.target, at: .zero) }
            for step in 0..<60 {
                let stream = UInt32.random(in: 0...6, using: &random)
                let size = Int.random(in: 1...80, using: &random)
                let frames: [GatewayFrame] = [
                    .opened(stream), .data(stream, [UInt8](repeating: 0, count: size)), .window(stream, UInt32(size)),
                    .close(stream), .reset(stream, .broken), .refused(stream, .timeout), .ping(1),
                ]
                let frame = frames[Int.random(in: 0..<frames.count, using: &random)]
                guard (try? mux.receive(frame, at: .seconds(step))) != nil else { break }
                #expect(mux.held <= 400)
            }
        }
    }
}

/// Both sides, and a wire that keeps what was said until somebody listens.
private struct RandomTalk {
    var server: StreamMux
    var agent: StreamMux
    var said: [String: [UInt8]] = [:]
    var arrived: [String: [UInt8]] = [:]
    private var toAgent: [GatewayFrame] = []
    private var toServer: [GatewayFrame] = []
    private var held: [(fromServer: Bool, stream: UInt32, bytes: [UInt8])] = []
    private var random: SplitMix
    private var open: [UInt32] = []

    init(seed: UInt64) {
        random = SplitMix(seed: seed)
        let rules = StreamMuxTests.rules(streams: 8, perStream: 64, all: 200)
        (server, agent) = (StreamMux(.opener, rules), StreamMux(.answerer, rules))
    }

    mutating func run(steps: Int) throws {
        for _ in 0..<steps {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: if let new = server.open(StreamMuxTests.target, at: .zero) { took(new.outcome, server: true) }
            case 1, 2:
                guard let stream = open.randomElement(using: &random) else { continue }
                say(in: stream, server: Bool.random(using: &random))
            case 3: try listen()
            default: hand()
            }
            #expect(server.held <= 200 && agent.held <= 200)
        }
    }

    mutating func finish() {
        for stream in open {
            took(server.close(stream, at: .zero), server: true)
            took(agent.close(stream, at: .zero), server: false)
        }
    }

    mutating func drain() throws {
        while !toAgent.isEmpty || !toServer.isEmpty || !held.isEmpty {
            try listen()
            hand()
            finish()
        }
    }

    private mutating func say(in stream: UInt32, server isServer: Bool) {
        guard isServer ? server.isReady(stream) : agent.isReady(stream) else { return }
        let bytes = (0..<Int.random(in: 1...100, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        said["\(isServer) \(stream)", default: []] += bytes
        took(
            isServer ? server.send(bytes, in: stream, at: .zero) : agent.send(bytes, in: stream, at: .zero),
            server: isServer)
    }

    private mutating func listen() throws {
        if !toAgent.isEmpty { took(try agent.receive(toAgent.removeFirst(), at: .zero), server: false) }
        if !toServer.isEmpty { took(try server.receive(toServer.removeFirst(), at: .zero), server: true) }
    }

    private mutating func hand() {
        guard let index = held.indices.randomElement(using: &random) else { return }
        // In its stream nothing overtakes anything.
        let first =
            held.firstIndex { $0.fromServer == held[index].fromServer && $0.stream == held[index].stream } ?? index
        let one = held.remove(at: first)
        arrived["\(one.fromServer) \(one.stream)", default: []] += one.bytes
        let count = one.bytes.count
        if one.fromServer {
            took(agent.took(count, from: one.stream, at: .zero), server: false)
        } else {
            took(server.took(count, from: one.stream, at: .zero), server: true)
        }
    }

    private mutating func took(_ outcome: StreamMux.Outcome, server isServer: Bool) {
        if isServer { toAgent += outcome.frames } else { toServer += outcome.frames }
        for event in outcome.events {
            switch event {
            case .wanted(let stream, _): took(agent.accept(stream, at: .zero), server: false)
            case .opened(let stream): open.append(stream)
            case .data(let stream, let bytes): held.append((!isServer, stream, bytes))
            case .ended(let stream): open.removeAll { $0 == stream }
            case .refused, .finished, .ready, .failed, .pong: break
            }
        }
    }
}
