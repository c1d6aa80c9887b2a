import Testing

@testable import AgentProtocol

@Suite struct QuestionBookTests {
    static let ping = GatewayQuestion(host: "ns.lan", means: .echo, most: 3, timeoutMilliseconds: 1000)
    static let query = GatewayQuestion(
        host: "ns.lan", means: .datagram(port: 53, [1, 2, 3]), most: 2, timeoutMilliseconds: 2000)

    /// A server's side with one question.
    static func asked(_ question: GatewayQuestion = query) -> QuestionBook {
        var book = QuestionBook(.opener)
        let one = book.ask(question, at: .zero)
        #expect(one?.number == 1 && one?.outcome.frames == [.ask(1, question)])
        return book
    }

    @Test("a question is answered once, and both sides forget it") func life() throws {
        var server = Self.asked()
        var agent = QuestionBook(.answerer)
        #expect(try agent.receive(.ask(1, Self.query), at: .zero)?.events == [.asked(1, Self.query)])
        let answers = [GatewayAnswer(microseconds: 250, bytes: [4, 5])]
        #expect(agent.answer(1, answers).frames == [.answer(1, answers)])
        #expect(agent.answer(1, answers).frames.isEmpty, "once")
        #expect(try server.receive(.answer(1, answers), at: .zero)?.events == [.answered(1, answers)])
        #expect(server.count == 0 && agent.count == 0)
        #expect(server.sent == 3 && agent.received == 3 && agent.sent == 2 && server.received == 2)
        #expect(throws: GatewayViolation.self) { try server.receive(.answer(1, answers), at: .zero) }
    }

    @Test("a refusal ends a question as an answer does") func declined() throws {
        var server = Self.asked(Self.ping)
        #expect(try server.receive(.declined(1, .noEchoSocket), at: .zero)?.events == [.declined(1, .noEchoSocket)])
        #expect(server.count == 0)
        #expect(throws: GatewayViolation.self) { try server.receive(.declined(1, .timeout), at: .zero) }
    }

    @Test("what was given up may still be answered, once, and nobody hears of it") func late() throws {
        var server = Self.asked()
        #expect(server.cancel(1).frames == [.cancel(1)])
        #expect(server.cancel(1).frames.isEmpty)
        #expect(try server.receive(.answer(1, []), at: .zero)?.events == [])
        #expect(throws: GatewayViolation.self) { try server.receive(.answer(1, []), at: .zero) }
    }

    @Test("a question that is given up ends what is under way, and is not answered any more") func given() throws {
        var agent = QuestionBook(.answerer)
        _ = try agent.receive(.ask(1, Self.query), at: .zero)
        #expect(try agent.receive(.cancel(1), at: .zero)?.events == [.cancelled(1)])
        #expect(agent.answer(1, []).frames.isEmpty && agent.decline(1, .timeout).frames.isEmpty)
        #expect(try agent.receive(.cancel(1), at: .zero)?.events == [], "they may cross")
    }

    @Test(
        "nobody waits for ever: the agent ends after what the target and the name may take, the server somewhat later")
    func patience() throws {
        var server = Self.asked(Self.ping)
        var agent = QuestionBook(.answerer)
        _ = try agent.receive(.ask(1, Self.ping), at: .zero)
        // Three pings of a second, five seconds for the name.
        #expect(agent.tick(at: .milliseconds(7999)).frames.isEmpty)
        let end = agent.tick(at: .seconds(8))
        #expect(end.frames == [.declined(1, .timeout)] && end.events == [.cancelled(1)] && agent.count == 0)
        #expect(server.tick(at: .milliseconds(10_999)).events.isEmpty)
        let gone = server.tick(at: .seconds(11))
        #expect(gone.frames == [.cancel(1)] && gone.events == [.declined(1, .timeout)] && server.count == 0)
        #expect(try server.receive(.declined(1, .timeout), at: .seconds(12))?.events == [], "it was under way")
    }

    @Test("as many wait as may: the server does not ask more, and an agent that is asked more says so")
    func bounds() throws {
        var server = QuestionBook(.opener)
        var agent = QuestionBook(.answerer)
        for number in 1...UInt32(GatewayLimits.questions) {
            #expect(server.ask(Self.ping, at: .zero)?.number == number)
            #expect(try agent.receive(.ask(number, Self.ping), at: .zero)?.frames == [])
        }
        #expect(server.ask(Self.ping, at: .zero) == nil)
        let next = UInt32(GatewayLimits.questions) + 1
        let refused = try agent.receive(.ask(next, Self.ping), at: .zero)
        #expect(refused?.frames == [.declined(next, .tooMany)] && refused?.events == [])
        #expect(agent.count == GatewayLimits.questions)
        _ = server.cancel(1)
        #expect(server.ask(Self.ping, at: .zero)?.number == next, "numbers are not used again")
    }

    @Test("a flood of answers ends the connection, whatever was given up before") func flood() throws {
        var server = QuestionBook(.opener)
        for number in 1...UInt32(10) {
            _ = server.ask(Self.query, at: .zero)
            _ = server.cancel(number)
        }
        for number in 1...UInt32(10) { _ = try server.receive(.answer(number, []), at: .zero) }
        #expect(throws: GatewayViolation.self) { try server.receive(.answer(10, []), at: .zero) }
    }

    @Test("an agent that answers more than was asked, or what nobody asked, does not keep to the wire")
    func hostileAgent() throws {
        let two = [GatewayAnswer(microseconds: 1), GatewayAnswer(microseconds: 2)]
        let frames: [(GatewayQuestion, GatewayFrame)] = [
            (Self.query, .answer(2, [])), (Self.query, .declined(2, .timeout)),
            (Self.query, .answer(1, two + [GatewayAnswer(microseconds: 3)])),
            (Self.ping, .answer(1, [GatewayAnswer(microseconds: 1, bytes: [1])])),
            (Self.query, .ask(1, Self.ping)), (Self.query, .cancel(1)),
        ]
        for (question, frame) in frames {
            var server = Self.asked(question)
            #expect(throws: GatewayViolation.self, "\(frame)") { try server.receive(frame, at: .zero) }
        }
    }

    @Test("a server whose numbers do not rise, or that answers, does not keep to the wire") func hostileServer() throws
    {
        for frame in [
            GatewayFrame.ask(5, Self.ping), .ask(4, Self.ping), .answer(5, []), .declined(5, .timeout), .cancel(6),
        ] {
            var agent = QuestionBook(.answerer)
            _ = try agent.receive(.ask(5, Self.ping), at: .zero)
            #expect(throws: GatewayViolation.self, "\(frame)") { try agent.receive(frame, at: .zero) }
        }
    }

    @Test("an agent sends no more than was asked for") func cut() throws {
        var agent = QuestionBook(.answerer)
        _ = try agent.receive(.ask(1, Self.query), at: .zero)
        _ = try agent.receive(.ask(2, Self.ping), at: .zero)
        let long = GatewayAnswer(microseconds: 1, bytes: [UInt8](repeating: 1, count: 5000))
        guard case .answer(1, let told)? = agent.answer(1, [long, long, long]).frames.first else {
            Issue.record("no answer")
            return
        }
        #expect(told.count == 2 && told.allSatisfy { $0.bytes.count == GatewayLimits.datagramBytes })
        #expect(agent.answer(2, [long]).frames == [.answer(2, [GatewayAnswer(microseconds: 1)])])
    }

    @Test("frames of streams are nobody's question, and questions are no frames of streams") func apart() throws {
        var book = QuestionBook(.answerer)
        #expect(try book.receive(.opened(1), at: .zero) == nil)
        var mux = StreamMux(.answerer, StreamMuxTests.rules())
        #expect(throws: GatewayViolation.self) { try mux.receive(.ask(1, Self.ping), at: .zero) }
    }
}
