import Compression
import Cryptography
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Postgres
import Tenancy
import TestKit
import Testing

@testable import Portability

/// An organisation with something in every table there is, behind the real gate.
struct PortabilityCase {
    static let secret = Secret(Array("the secret of an installation, 32".utf8))
    let door: FrontDoor
    let owner: UserID
    let org: OrgID
    let browser: Browser

    init(secret: Secret<[UInt8]> = PortabilityCase.secret) async throws {
        door = try FrontDoor { parts in
            OrganisationRoutes(parts.context).endpoints + MemberRoutes(parts.context).endpoints
                + InviteeRoutes(parts.context).endpoints
                + PortabilityRoutes(database: parts.context.database, secret: secret, time: parts.context.time)
                .endpoints
        }
        (owner, org) = try await Given.member()
        browser = try await door.browser(of: owner)
    }

    func export(_ org: OrgID? = nil, by other: Browser? = nil) async -> Browser.Answer {
        await (other ?? browser).send(.get, "/api/orgs/\(org ?? self.org)/export")
    }

    /// An organisation nobody has used yet.
    func fresh(of owner: Browser? = nil) async throws -> OrgID {
        door.time.advance(by: .milliseconds(5))
        let made = await (owner ?? browser).send(.post, "/api/orgs", ["displayName": "Fresh"])
        return try #require(made.json["id"]?.string.flatMap { OrgID($0) }, "\(made.text)")
    }

    func take(_ archive: [UInt8], into org: OrgID, by other: Browser? = nil) async -> Browser.Answer {
        await (other ?? browser).send(
            .post, "/api/orgs/\(org)/import", bytes: archive, headers: ["content-type": "application/gzip"])
    }

    /// Rows of all tenant tables that this organisation has.
    func count(in org: OrgID) async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for table in try await PortableTable.all(in: TestDatabase.current.app) {
            counts[table.name] = try await TestDatabase.current.superuser.firstGlobally(
                SQL(unsafeSQL: "SELECT count(*) FROM pulse.\(table.name) WHERE org_id = '\(org)'")
            ) { try $0.next(Int.self) }
        }
        return counts
    }
}

/// What is in an archive, for comparing and for making bad ones.
struct Unpacked: Sendable {
    var files: [Tar.File]

    init(_ archive: [UInt8]) throws {
        var reader = TarReader(fileLimit: 32 << 20)
        files = try reader.feed(try Gzip.decompress(archive, limit: 1 << 30))
        try reader.finish()
    }

    var packed: [UInt8] {
        Gzip.compress(files.flatMap { Tar.bytes(of: $0, at: Given.start) } + Tar.end)
    }

    subscript(_ name: String) -> String {
        get { files.first { $0.name == name }.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "" }
        set {
            let file = Tar.File(name: name, bytes: Array(newValue.utf8))
            if let index = files.firstIndex(where: { $0.name == name }) {
                files[index] = file
            } else {
                files.insert(file, at: max(0, files.count - 2))
            }
        }
    }

    /// The lines of each table, in order, with another id for the organisation.
    func rows(as org: OrgID) throws -> [String: [String]] {
        let source = try ArchiveHeader(json: Array(self[ArchiveHeader.name].utf8)).org
        var rows: [String: [String]] = [:]
        for file in files {
            let parts = file.name.split(separator: "/")
            guard parts.count == 3 else { continue }
            let text = String(decoding: file.bytes, as: UTF8.self).replacing("\(source)", with: "\(org)")
            rows[String(parts[1]), default: []] += text.split(separator: "\n").map(String.init)
        }
        return rows
    }

    /// Makes the manifest fit again, and signs it as this installation.
    mutating func sign(secret: Secret<[UInt8]> = PortabilityCase.secret) throws {
        let key = ArchiveManifest.signingKey(secret: secret)
        var manifest = ArchiveManifest()
        files.removeAll { [ArchiveManifest.name, ArchiveManifest.signatureName].contains($0.name) }
        for file in files {
            let lines = file.bytes.count { $0 == UInt8(ascii: "\n") }
            manifest.add(file, rows: file.name == ArchiveHeader.name ? 0 : lines)
        }
        files.append(Tar.File(name: ArchiveManifest.name, bytes: manifest.json))
        files.append(
            Tar.File(
                name: ArchiveManifest.signatureName,
                bytes: Array(Base64URL.encode(try key.sign(manifest.json)).utf8)))
    }
}
