import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import Access

@Suite(.postgres) struct AdmissionWatchTests {
    /// Every way in which a view comes to its end, and what its reader is told.
    enum Ending: String, CaseIterable {
        case session, sessionExpired, member, role, organisation, token, tokenExpired, sight, deletion

        var slug: String {
            switch self {
            case .session, .sessionExpired: "authentication-required"
            case .member, .deletion: "organisation-not-found"
            case .role: "permission-denied"
            case .organisation: "org-suspended"
            case .token, .tokenExpired: "invalid-token"
            case .sight: "view-changed"
            }
        }

        /// Done behind the product's back: nobody has to tell the watch.
        func statement(_ user: UserID) -> SQL? {
            switch self {
            case .session: "DELETE FROM pulse.sessions WHERE user_id = \(user)"
            case .member: "DELETE FROM pulse.members WHERE user_id = \(user)"
            case .role: "UPDATE pulse.members SET role = 'custom' WHERE user_id = \(user)"
            case .organisation: "UPDATE pulse.orgs SET state = 'suspended', suspension = 'abuse'"
            case .deletion: "UPDATE pulse.orgs SET state = 'deleted'"
            case .token: "UPDATE pulse.api_tokens SET revoked_at = now()"
            case .sight: "UPDATE pulse.members SET sight_beside_role = '{\"not\":[{\"tags\":[\"x\"]}]}'"
            case .sessionExpired, .tokenExpired: nil
            }
        }
    }

    private let endpoint = GateCase.endpoint(.permission(.readMonitoring), scope: .monitoringRead, narrows: true)

    @Test("an open view ends in the round after its reader may not be there any more", arguments: Ending.allCases)
    func ends(ending: Ending) async throws {
        let access = try AccessCase()
        let member = try await access.member(as: .admin)
        let watch = AdmissionWatch(gate: access.door.gate, time: access.door.time, logger: .silent)
        var request = GateCase.request(header: "\(member.org)")
        if [.token, .tokenExpired].contains(ending) {
            let made = try await access.mint(member, ["name": "t", "expiresIn": "1h"])
            request.headers["x-api-token"] = made.token
        } else {
            request.headers["cookie"] = "pulse_session=\(try #require(member.browser.cookies["pulse_session"]))"
        }
        request.admitted = try await access.door.gate.admit(request, to: endpoint)
        let view = Task { [request, endpoint] in
            do {
                try await watch.stay(request, at: endpoint)
                return "?"
            } catch let problem as Problem { return problem.slug }
        }
        while watch.count == 0 { await Task.yield() }
        await watch.round()
        #expect(watch.count == 1, "a view that may be open stays open")
        if let statement = ending.statement(member.user) {
            try await TestDatabase.current.superuser.executeGlobally(statement)
        } else {
            access.door.time.advance(by: .seconds(25 * 3600))
        }
        await watch.round()
        // What was told is still read; who was told nothing waits no longer.
        view.cancel()
        #expect(try await view.value == ending.slug)
        #expect(watch.count == 0)
    }

    @Test("a view that its reader closes is forgotten")
    func closes() async throws {
        let access = try AccessCase()
        let member = try await access.member(as: .viewer)
        let watch = AdmissionWatch(gate: access.door.gate, time: access.door.time, logger: .silent)
        var request = GateCase.request()
        request.headers["cookie"] = "pulse_session=\(try #require(member.browser.cookies["pulse_session"]))"
        let view = Task { [request, endpoint] in try await watch.stay(request, at: endpoint) }
        while watch.count == 0 { await Task.yield() }
        view.cancel()
        await #expect(throws: CancellationError.self) { try await view.value }
        #expect(watch.count == 0)
    }
}
