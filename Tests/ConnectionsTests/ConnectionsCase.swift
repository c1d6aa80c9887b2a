import FrontDoorKit
import HTTPKit
import Identity
import Inventory
import JSONKit
import Kernel
import Outbound
import Postgres
import TestKit
import Testing

@testable import Connections

/// Connections behind the front door, with a platform that says what the test wants.
final class ConnectionsCase {
    let platform = FakePlatform()
    let door: FrontDoor
    let store: ConnectionStore

    init() throws {
        let (platform, kept) = (platform, Kept())
        door = try FrontDoor { parts in
            let store = ConnectionStore(parts.context.database, vault: parts.context.vault)
            kept.store = store
            return ConnectionRoutes(
                store, makers: [platform], policy: OutboundPolicy(), time: parts.context.time
            ).endpoints
        }
        store = try #require(kept.store)
    }

    private final class Kept { var store: ConnectionStore? }

    func member(as role: Role = .owner) async throws -> (browser: Browser, org: OrgID) {
        let (user, org) = try await Given.member(as: role)
        return (try await door.browser(of: user), org)
    }

    static let draft: [String: JSONValue] = [
        "kind": "pve", "name": "fra", "host": "pve.example.com", "tokenId": "pulse@pve!monitor",
        "secret": "s3cret-uuid",
    ]

    static func draft(_ other: [String: JSONValue]) -> JSONValue {
        .object(draft.merging(other) { _, new in new })
    }

    func create(_ browser: Browser, _ other: [String: JSONValue] = [:]) async -> Browser.Answer {
        // Ids of one millisecond are in no order.
        door.time.advance(by: .milliseconds(1))
        return await browser.send(.post, "/api/connections", Self.draft(other))
    }

    /// The path of a new connection.
    func made(_ browser: Browser, _ other: [String: JSONValue] = [:]) async throws -> String {
        let answer = await create(browser, other)
        try #require(answer.status == 201, "\(answer.text)")
        return "/api/connections/\(try #require(answer.json["id"]?.string))"
    }

    /// Audit entries of this action in the organisation, as their texts.
    func entries(_ action: String, in org: OrgID) async throws -> [String] {
        try await TestDatabase.current.app.rows(
            in: org,
            """
            SELECT coalesce(before::text, '') || coalesce(after::text, '') FROM audit_entries WHERE action = \(action)
            ORDER BY seq
            """
        ) { try $0.next(String.self) }
    }

    /// The polls that are wished for while `body` runs, as workers hear of them.
    func wishes(during body: () async throws -> Void) async throws -> [String] {
        let (heard, ear) = AsyncStream.makeStream(of: Listener.Event.self)
        let database = TestDatabase.current.app
        let listening = Task { await database.listen(to: ["pulse_polls"]).run { ear.yield($0) } }
        defer { listening.cancel() }
        var events = heard.makeAsyncIterator()
        #expect(await events.next() == .connected)
        try await body()
        try await database.executeGlobally("SELECT pg_notify('pulse_polls', 'end')")
        var wishes: [String] = []
        while case .notified(_, let wish) = await events.next(), wish != "end" { wishes.append(wish) }
        return wishes
    }

    func generation(of org: OrgID) async throws -> Int64 {
        try await TestDatabase.current.superuser.firstGlobally("SELECT generation FROM pulse.orgs WHERE id = \(org)") {
            try $0.next(Int64.self)
        } ?? 0
    }
}
