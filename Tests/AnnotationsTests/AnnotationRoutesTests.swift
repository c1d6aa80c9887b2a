import Compression
import FrontDoorKit
import HTTPKit
import Identity
import Inventory
import JSONKit
import Kernel
import Postgres
import Resources
import TestKit
import Testing

@testable import Annotations

/// Notes behind the front door, about resources that stand in the table as a monitor would have put them there.
private final class NotesCase {
    let door: FrontDoor

    init() throws {
        door = try FrontDoor { parts in
            AnnotationRoutes(
                AnnotationStore(parts.context.database, vault: parts.context.vault),
                resources: ResourceStore(parts.context.database), time: parts.context.time
            ).endpoints
        }
    }

    func member(as role: Role = .owner) async throws -> (browser: Browser, org: OrgID) {
        let (user, org) = try await Given.member(as: role)
        return (try await door.browser(of: user), org)
    }

    /// - Parameter anchor: makes it a container below `parent`.
    @discardableResult
    func resource(
        _ name: String, in org: OrgID, below parent: ResourceID? = nil, anchor: String? = nil, isAmbiguous: Bool = false
    ) async throws -> ResourceID {
        door.time.advance(by: .milliseconds(1))
        let (id, now) = (ResourceID.new(at: door.time.now), door.time.now)
        let facts = anchor.map { #"{"docker":{"anchor":"\#($0)","isAmbiguous":\#(isAmbiguous)}}"# } ?? "{}"
        let type = anchor == nil ? "agent" : "app-container"
        _ = try await TestDatabase.current.app.asOrg(org) { transaction in
            try await transaction.execute(
                """
                INSERT INTO resources (org_id, id, connection_id, type, source, sources, parent_id, name, name_key, status,
                                       facts, first_seen_at, changed_at)
                VALUES (\(org), \(id), \(id), \(type), 'docker', '{docker}', \(parent), \(name), \(name.lowercased()),
                        'online', \(Packed.pack(Array(facts.utf8))), \(now), \(now))
                """)
        }
        return id
    }

    func remove(_ id: ResourceID, in org: OrgID) async throws {
        _ = try await TestDatabase.current.app.asOrg(org) { transaction in
            try await transaction.execute("DELETE FROM resources WHERE id = \(id)")
        }
    }

    func succeed(_ old: ResourceID, by new: ResourceID, in org: OrgID) async throws {
        let now = door.time.now
        _ = try await TestDatabase.current.app.asOrg(org) { transaction in
            try await transaction.execute(
                "INSERT INTO resource_successions VALUES (\(org), \(old), \(new), \(now))")
        }
    }
}

@Suite(.postgres) struct AnnotationRoutesTests {
    private static let note: JSONValue = ["notes": "Ask Ada.", "customUrl": "https://a.example/", "tags": ["shop"]]

    private func path(_ id: ResourceID) -> String { "/api/resources/\(id)/metadata" }

    @Test("what was written about a resource is there, under every name of its path, until it is taken away")
    func roundTrip() async throws {
        let place = try NotesCase()
        let (browser, org) = try await place.member()
        let host = try await place.resource("web-1", in: org)
        #expect(await browser.send(.get, path(host)).json["state"] == "none")
        let written = await browser.send(.put, path(host), Self.note)
        #expect(written.status == 200 && written.json["state"] == "attached", "\(written.text)")
        for other in [path(host), "/api/guests/metadata/\(host)"] {
            let told = await browser.send(.get, other).json
            #expect(
                told["notes"] == "Ask Ada." && told["customUrl"] == "https://a.example/" && told["tags"] == ["shop"])
        }
        #expect(await browser.send(.get, "/api/guests/metadata").json["data"]?.array?.count == 1)
        #expect(await browser.send(.get, "/api/docker/metadata").json["data"] == [])
        #expect(await browser.send(.delete, path(host)).status == 204)
        #expect(await browser.send(.get, path(host)).json["state"] == "none")
    }

    @Test("notes are sealed where they lie")
    func sealed() async throws {
        let place = try NotesCase()
        let (browser, org) = try await place.member()
        _ = await browser.send(.put, path(try await place.resource("web-1", in: org)), Self.note)
        let found = try await TestDatabase.current.app.rows(
            in: org, "SELECT position('Ada'::bytea IN notes::bytea) FROM resource_metadata"
        ) { try $0.next(Int.self) }
        #expect(found == [0])
    }

    @Test("a container that is made anew keeps what was written, also when its host turned out to be another one's")
    func recreated() async throws {
        let place = try NotesCase()
        let (browser, org) = try await place.member()
        let host = try await place.resource("host", in: org)
        let first = try await place.resource("web", in: org, below: host, anchor: "compose:shop/web/1")
        #expect(await browser.send(.put, path(first), Self.note).status == 200)
        try await place.remove(first, in: org)
        let waiting = await browser.send(.get, "/api/docker/metadata").json["data"]?[0]
        #expect(waiting?["state"] == "pending" && waiting?["notes"] == nil)
        let merged = try await place.resource("host", in: org)
        try await place.succeed(host, by: merged, in: org)
        let again = try await place.resource("shop-web-1", in: org, below: merged, anchor: "compose:shop/web/1")
        #expect(await browser.send(.get, path(again)).json["notes"] == "Ask Ada.")
        try await place.remove(host, in: org)
        let listed = await browser.send(.get, "/api/docker/metadata").json["data"]?[0]
        #expect(listed?["state"] == "attached" && listed?["resourceId"] == .string(again.description))
        let other = try await place.resource("db", in: org, below: merged, anchor: "compose:shop/db/1")
        #expect(await browser.send(.get, path(other)).json["state"] == "none")
    }

    @Test("of two that claim to be the same none gets it, and it is shown as pending")
    func ambiguous() async throws {
        let place = try NotesCase()
        let (browser, org) = try await place.member()
        let host = try await place.resource("host", in: org)
        let first = try await place.resource("web", in: org, below: host, anchor: "compose:shop/web/1")
        #expect(await browser.send(.put, path(first), Self.note).status == 200)
        try await place.remove(first, in: org)
        for name in ["a", "b"] {
            let twin = try await place.resource(
                name, in: org, below: host, anchor: "compose:shop/web/1", isAmbiguous: true)
            let told = await browser.send(.get, path(twin)).json
            #expect(told["state"] == "pending" && told["notes"] == nil && told["tags"] == [])
            #expect(await browser.send(.put, path(twin), Self.note).slug == "metadata-ambiguous")
            #expect(await browser.send(.delete, path(twin)).slug == "metadata-ambiguous")
        }
        let listed = await browser.send(.get, "/api/docker/metadata").json["data"]
        #expect(listed?.array?.count == 1 && listed?[0]?["state"] == "pending" && listed?[0]?["notes"] == nil)
    }

    @Test("notes of two machines that turned out to be one are not mixed")
    func united() async throws {
        let place = try NotesCase()
        let (browser, org) = try await place.member()
        let (old, new) = (try await place.resource("a", in: org), try await place.resource("b", in: org))
        for id in [old, new] { #expect(await browser.send(.put, path(id), Self.note).status == 200) }
        try await place.succeed(old, by: new, in: org)
        #expect(await browser.send(.get, path(new)).json["state"] == "pending")
        #expect(await browser.send(.put, path(new), Self.note).slug == "metadata-ambiguous")
    }

    @Test("another organisation neither sees nor writes, and is told what a stranger is told")
    func isolation() async throws {
        let place = try NotesCase()
        let (ours, org) = try await place.member()
        let (theirs, _) = try await place.member()
        let host = try await place.resource("web-1", in: org)
        #expect(await ours.send(.put, path(host), Self.note).status == 200)
        let unknown = ResourceID.new(at: place.door.time.now)
        for method in [Endpoint.Method.get, .put, .delete] {
            let body: JSONValue? = method == .put ? Self.note : nil
            let foreign = await theirs.send(method, path(host), body)
            let absent = await theirs.send(method, path(unknown), body)
            #expect(foreign.status == 404 && foreign.text == absent.text)
        }
        #expect(await theirs.send(.get, "/api/guests/metadata").json["data"] == [])
        #expect(await ours.send(.get, path(host)).json["notes"] == "Ask Ada.")
        let bare = try await TestDatabase.current.app.firstGlobally("SELECT count(*) FROM resource_metadata") {
            try $0.next(Int.self)
        }
        #expect(bare == 0, "without an organisation the table is empty")
    }

    @Test("who only looks reads and does not write", arguments: [Role.viewer, .auditor])
    func roles(role: Role) async throws {
        let place = try NotesCase()
        let (browser, org) = try await place.member(as: role)
        let host = try await place.resource("web-1", in: org)
        #expect(await browser.send(.get, path(host)).status == 200)
        #expect(await browser.send(.put, path(host), Self.note).status == 403)
        #expect(await browser.send(.delete, path(host)).status == 403)
    }
}
