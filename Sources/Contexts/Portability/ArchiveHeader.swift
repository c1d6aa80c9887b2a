internal import Cryptography
internal import JSONKit
internal import Kernel

/// The first file of an archive: what it is, of whom, and who will have signed it.
struct ArchiveHeader: Sendable, Equatable {
    static let name = "export.json"
    static let format = "pulse.export"
    static let version = 1

    let org: OrgID
    let slug: String
    let displayName: String
    let exportedAt: Timestamp
    /// Who owns it: they may bring its people along.
    let owners: [UserID]
    /// The installation whose signature the manifest carries.
    let signer: VerifyingKey

    var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("format", Self.format)
            json.member("version", Self.version)
            json.object("organization") { json in
                json.member("id", org)
                json.member("slug", slug)
                json.member("displayName", displayName)
            }
            json.member("exportedAt", exportedAt)
            json.member("owners", owners)
            json.member("signedBy", Base64URL.encode(signer.bytes))
        }
        return json.bytes
    }
}

extension ArchiveHeader {
    init(json bytes: [UInt8]) throws(ArchiveRefusal) {
        guard let json = try? JSONValue(json: bytes), json["format"]?.string == Self.format else {
            throw ArchiveRefusal(reason: "it does not say that it is an archive of Pulse", file: Self.name)
        }
        guard json["version"]?.int == Self.version else {
            throw ArchiveRefusal(reason: "its version is not one this Pulse knows", file: Self.name)
        }
        guard let org = json["organization"]?["id"]?.string.flatMap({ OrgID($0) }),
            let slug = json["organization"]?["slug"]?.string, slug.utf8.count <= 64,
            let displayName = json["organization"]?["displayName"]?.string, displayName.utf8.count <= 256,
            let exportedAt = json["exportedAt"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
            let owners = json["owners"]?.array?.map({ $0.string.flatMap { UserID($0) } }), !owners.contains(nil),
            let signer = json["signedBy"]?.string.flatMap({ Base64URL.decode($0.utf8) }).flatMap({ VerifyingKey($0) })
        else { throw ArchiveRefusal(reason: "it does not say whose archive it is", file: Self.name) }
        self.init(
            org: org, slug: slug, displayName: displayName, exportedAt: exportedAt, owners: owners.compactMap { $0 },
            signer: signer)
    }
}

/// The last file but one: every file before it, with its digest; and the signature over these very bytes after it.
struct ArchiveManifest: Sendable, Equatable {
    static let name = "manifest.json"
    static let signatureName = "manifest.sig"

    struct File: Sendable, Equatable {
        let name: String
        let byteCount: Int
        /// Lines.
        let rows: Int
        let sha256: [UInt8]
    }

    var files: [File] = []

    mutating func add(_ file: Tar.File, rows: Int) {
        files.append(
            File(name: file.name, byteCount: file.bytes.count, rows: rows, sha256: Digests.sha256(file.bytes)))
    }

    var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.array("files") { json in
                for file in files {
                    json.object { json in
                        json.member("name", file.name)
                        json.member("bytes", file.byteCount)
                        json.member("rows", file.rows)
                        json.member("sha256", file.sha256.hex)
                    }
                }
            }
            json.object("rows") { json in
                let counts = Dictionary(files.map { ($0.table, $0.rows) }, uniquingKeysWith: +)
                for (table, rows) in counts.sorted(by: { $0.key < $1.key }) where !table.isEmpty {
                    json.member(table, rows)
                }
            }
        }
        return json.bytes
    }
}

extension ArchiveManifest.File {
    /// `tables/sites/000001.jsonl` is of `sites`.
    var table: String {
        let parts = name.split(separator: "/")
        return parts.count == 3 ? String(parts[1]) : ""
    }
}

extension ArchiveManifest {
    /// The key that signs archives, derived from the installation's secret.
    static func signingKey(secret: Secret<[UInt8]>) -> SigningKey {
        SigningKey(seed: Digests.derivedKey(from: secret, purpose: "pulse archive key"))
    }
}
