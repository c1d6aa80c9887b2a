import Cryptography
import Foundation
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Logging
import Postgres
import TestKit
import Testing
import Vault

@testable import EncryptionKeys

@Suite(.postgres) struct KeyRoutesTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "pulse-keys-\(UUID())").path()
    private let place = SealedPlace(table: "t", column: "c", row: "1")

    private func house() throws -> (door: FrontDoor, ring: KeyRing) {
        let database = TestDatabase.current.app
        let store = KeyStoreProvider(directory: directory, root: .environment(Secret(Self.root)))
        let ring = KeyRing(database, providers: KeyProviders(standard: store), time: ManualTime())
        let door = try FrontDoor { parts in
            KeyRoutes(ring, database: database, time: parts.context.time).endpoints
        }
        return (door, ring)
    }

    private static let root = Data([UInt8](repeating: 3, count: 32)).base64EncodedString()

    private func member(_ door: FrontDoor, as role: Role = .owner) async throws -> (browser: Browser, org: OrgID) {
        let (user, org) = try await Given.member(as: role)
        let csrf = BearerToken.new(.csrf)
        let session = try await Given.session(of: user, csrfHash: csrf.hash, at: door.time.now)
        let browser = door.browser()
        browser.cookies = ["pulse_session": session.token.text.reveal(), "pulse_csrf": csrf.text.reveal()]
        return (browser, org)
    }

    @Test("an organisation sees its keys and no other's, and never a wrapped byte") func overview() async throws {
        let (door, ring) = try house()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (ours, org) = try await member(door)
        let (theirs, _) = try await member(door)
        let sealed = try await SecretVault(ring).seal(Secret("canary"), for: .org(org), at: place)
        let answer = await ours.send(.get, "/api/security/keys")
        #expect(answer.status == 200)
        #expect(answer.json["provider"]?.string == "environment")
        #expect(answer.json["dataKeys"]?.array?.count == 1)
        #expect(Set(answer.json["dataKeys"]?[0]?.object?.keys ?? [:].keys) == ["id", "version", "state", "createdAt"])
        #expect(answer.json["wrappingKey"]?["isOwn"]?.bool == false)
        let foreign = await theirs.send(.get, "/api/security/keys")
        #expect(foreign.json["dataKeys"]?.array?.isEmpty == true)
        #expect(foreign.json["wrappingKey"] == nil)
        #expect("\(sealed)" == "<sealed>")
    }

    @Test("a rotation is begun once, shown with its progress, and leaves one entry") func rotate() async throws {
        let (door, ring) = try house()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (browser, org) = try await member(door)
        let (other, _) = try await member(door)
        _ = try await SecretVault(ring).seal(Secret("x"), for: .org(org), at: place)
        let begun = await browser.send(.post, "/api/security/keys/rotations", ["kind": "wrapping"])
        #expect(begun.status == 201)
        let id = try #require(begun.json["id"]?.string)
        let again = await browser.send(.post, "/api/security/keys/rotations", ["kind": "data"])
        #expect(again.status == 409)
        #expect(again.json["code"]?.string == "key_rotation_running")
        let wrong = await browser.send(.post, "/api/security/keys/rotations", ["kind": "all"])
        #expect(wrong.json["field"]?.string == "kind")
        let rotator = KeyRotator(ring, worker: TestDatabase.current.worker, columns: [], logger: .silent)
        try await rotator.round()
        let shown = await browser.send(.get, "/api/security/keys/rotations/\(id)")
        #expect(shown.json["state"]?.string == "done")
        let list = await browser.send(.get, "/api/security/keys/rotations?limit=1")
        #expect(list.json["data"]?.array?.count == 1)
        #expect(await other.send(.get, "/api/security/keys/rotations/\(id)").status == 404)
        let entries = try await TestDatabase.current.app.rows(
            in: org, "SELECT object FROM audit_entries WHERE action = 'key.rotate'"
        ) { try $0.next(String.self) }
        #expect(entries == ["key_rotation:\(id)"])
    }

    @Test("who may only look may not rotate", arguments: [Role.viewer, .auditor, .editor])
    func roles(role: Role) async throws {
        let (door, _) = try house()
        let (browser, _) = try await member(door, as: role)
        #expect(await browser.send(.get, "/api/security/keys").status == (role == .auditor ? 200 : 403))
        #expect(await browser.send(.post, "/api/security/keys/rotations", ["kind": "data"]).status == 403)
    }

    @Test("a key of a provider that is not set up is refused by its field, and taking back nothing is fine")
    func ownKey() async throws {
        let (door, _) = try house()
        let (browser, org) = try await member(door)
        let refused = await browser.send(
            .put, "/api/security/keys/own",
            ["provider": "aws-kms", "reference": "arn:aws:kms:eu-central-1:123456789012:key/1"])
        #expect(refused.status == 400)
        #expect(refused.json["field"]?.string == "provider")
        let back = await browser.send(.delete, "/api/security/keys/own")
        #expect(back.status == 200)
        let entries = try await TestDatabase.current.app.rows(in: org, "SELECT action FROM audit_entries") {
            try $0.next(String.self)
        }
        #expect(entries == ["key.return"])
    }

    @Test("the own key wants a session that was confirmed lately") func stale() async throws {
        let (door, _) = try house()
        let (browser, _) = try await member(door)
        door.time.advance(by: .seconds(700))
        let answer = await browser.send(.delete, "/api/security/keys/own")
        #expect(answer.json["code"]?.string == "fresh_session_required")
    }
}
