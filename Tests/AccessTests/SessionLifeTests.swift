import Access
import Cryptography
import HTTPKit
import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct SessionLifeTests {
    @Test("a session that is not used ends after 24 hours")
    func idle() async throws {
        let gate = GateCase()
        let (user, org) = try await Given.member()
        let request = GateCase.request(session: try await Given.session(of: user).token)
        gate.time.advance(by: .seconds(86_399))
        #expect(try await gate.outcome(request) == "ok in \(org)")
        gate.time.advance(by: .seconds(1))
        #expect(try await gate.outcome(request) == "401 authentication-required")
    }

    @Test("use prolongs a session, up to 30 days after it began")
    func sliding() async throws {
        let gate = GateCase()
        let (user, org) = try await Given.member()
        let request = GateCase.request(session: try await Given.session(of: user).token)
        for hours in stride(from: 20, to: 30 * 24, by: 20) {
            gate.time.advance(by: .seconds(20 * 3600))
            #expect(try await gate.outcome(request) == "ok in \(org)", "after \(hours) hours")
            await gate.touches.flush()
        }
        gate.time.advance(by: .seconds(20 * 3600))
        #expect(try await gate.outcome(request) == "401 authentication-required")
    }

    @Test("a session ends 30 days after it began even if something has prolonged it further")
    func absolute() async throws {
        let gate = GateCase()
        let (user, org) = try await Given.member()
        let request = GateCase.request(session: try await Given.session(of: user).token)
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.sessions SET expires_at = expires_at + interval '90 days'")
        gate.time.advance(by: .seconds(30 * 86_400 - 1))
        #expect(try await gate.outcome(request) == "ok in \(org)")
        gate.time.advance(by: .seconds(1))
        #expect(try await gate.outcome(request) == "401 authentication-required")
    }

    @Test("a session is noted once a minute, and a revoked one is refused at once")
    func touches() async throws {
        let gate = GateCase()
        let (user, org) = try await Given.member()
        let session = try await Given.session(of: user)
        let request = GateCase.request(session: session.token)
        func lastSeen() async throws -> Timestamp? {
            await gate.touches.flush()
            return try await TestDatabase.current.app.firstGlobally(
                "SELECT last_seen_at FROM sessions_of(\(user), \(gate.time.now))"
            ) { try $0.next() }
        }
        gate.time.advance(by: .seconds(59))
        #expect(try await gate.outcome(request) == "ok in \(org)")
        #expect(try await lastSeen() == Given.start)
        gate.time.advance(by: .seconds(1))
        #expect(try await gate.outcome(request) == "ok in \(org)")
        #expect(try await lastSeen() == Given.start + .seconds(60))

        _ = try await TestDatabase.current.app.executeGlobally("SELECT end_session(\(user), \(session.id))")
        #expect(try await gate.outcome(request) == "401 authentication-required")
    }

    @Test("of more than ten sessions the oldest end, and the one the browser came with is replaced")
    func limit() async throws {
        let gate = GateCase()
        let (user, org) = try await Given.member()
        var sessions: [BearerToken] = []
        for number in 0..<12 {
            sessions.append(try await Given.session(of: user, at: Given.start + .seconds(number)).token)
        }
        for (number, session) in sessions.enumerated() {
            let expected = number < 2 ? "401 authentication-required" : "ok in \(org)"
            #expect(try await gate.outcome(GateCase.request(session: session)) == expected, "session \(number)")
        }
    }

    @Test("one person cannot end another's session")
    func foreignSession() async throws {
        let gate = GateCase()
        let (user, org) = try await Given.member()
        let other = try await Given.person()
        let session = try await Given.session(of: user)
        let ended = try await TestDatabase.current.app.firstGlobally("SELECT end_session(\(other), \(session.id))") {
            try $0.next(Bool.self)
        }
        #expect(ended == false)
        #expect(try await gate.outcome(GateCase.request(session: session.token)) == "ok in \(org)")
    }
}
