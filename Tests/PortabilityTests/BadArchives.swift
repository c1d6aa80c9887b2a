import Kernel
import Testing

@testable import Portability

/// An archive with something wrong in it.
struct Bad: Sendable, CustomTestStringConvertible {
    let name: String
    /// What the refusal's detail must contain.
    let says: String
    var file: String?
    var line: Int?
    let change: @Sendable (inout Unpacked) throws -> Void
    var testDescription: String { name }
}

enum BadArchives {
    private static let sites = "tables/sites/000001.jsonl"

    static let forgeries: [Bad] = [
        Bad(name: "a value changed", says: "not what the manifest says", file: sites) { archive in
            archive[sites] = archive[sites].replacing("Bremen", with: "Berlin")
        },
        Bad(name: "a line removed", says: "not what the manifest says", file: sites) { archive in
            archive[sites] = archive[sites].split(separator: "\n").dropLast().map { $0 + "\n" }.joined()
        },
        Bad(name: "a file removed", says: "") { $0.files.removeAll { $0.name == sites } },
        Bad(name: "a file twice", says: "it comes twice", file: sites) { archive in
            let file = try #require(archive.files.first { $0.name == sites })
            archive.files.insert(file, at: archive.files.count - 2)
        },
        Bad(name: "no manifest", says: "not of this manifest|missing|no file") { archive in
            archive.files.removeAll { $0.name == ArchiveManifest.name }
        },
        Bad(name: "no signature", says: "manifest or signature is missing") { $0.files.removeLast() },
        Bad(name: "another installation's signature", says: "not of this manifest", file: ArchiveManifest.signatureName)
        {
            archive in
            let header = archive.files[0]
            try archive.sign(secret: Secret(Array("somebody else's secret, 32 bytes".utf8)))
            archive.files[0] = header
        },
        Bad(name: "something behind the signature", says: "follows its end|nothing comes after") { archive in
            archive.files.append(Tar.File(name: "tables/sites/000002.jsonl", bytes: []))
        },
        Bad(name: "no header", says: "does not begin with export.json") { $0.files.removeFirst() },
    ]

    /// With a manifest that fits and is signed: somebody who has the key, or an old mistake of ours.
    static let misfits: [Bad] = [
        Bad(name: "a row of another organisation", says: "of another organisation", file: sites, line: 2) { archive in
            var lines = archive[sites].split(separator: "\n").map(String.init)
            let id = try #require(lines[1].firstMatch(of: /"org_id":"([^"]*)"/)?.1)
            lines[1] = lines[1].replacing(id, with: "01935c1e-7d00-7000-8000-000000000bad")
            archive[sites] = lines.map { $0 + "\n" }.joined()
        },
        Bad(name: "an unknown table", says: "no file of an archive", file: "tables/users/000001.jsonl") {
            $0["tables/users/000001.jsonl"] = "{}\n"
        },
        Bad(name: "a table that does not travel", says: "does not travel", file: "tables/data_keys/000001.jsonl") {
            $0["tables/data_keys/000001.jsonl"] = ""
        },
        Bad(name: "a path out of the archive", says: "no file of an archive", file: "../../etc/passwd") {
            $0["../../etc/passwd"] = "root\n"
        },
        Bad(name: "a path that looks like ours", says: "no file of an archive", file: "tables/../sites/000001.jsonl") {
            $0["tables/../sites/000001.jsonl"] = ""
        },
        Bad(name: "a part out of order", says: "not in their order", file: "tables/sites/000003.jsonl") {
            $0["tables/sites/000003.jsonl"] = ""
        },
        Bad(name: "an unknown member", says: "member colour is not one of this table", file: sites, line: 1) {
            $0[sites] = $0[sites].replacing("{", with: "{\"colour\":1,", maxReplacements: 1)
        },
        Bad(name: "a member missing", says: "member name is missing", file: sites, line: 1) {
            $0[sites] = $0[sites].replacing("\"name\":\"Bremen\",", with: "", maxReplacements: 1)
        },
        Bad(name: "an id twice", says: "such a row already", file: sites, line: 3) { archive in
            let first = try #require(archive[sites].split(separator: "\n").first)
            archive[sites] += first.replacing("bremen", with: "other") + "\n"
        },
        Bad(name: "a value of another type", says: "not of its column's type", file: sites, line: 1) {
            $0[sites] = $0[sites].replacing(
                /"created_at":"[^"]*"/, with: "\"created_at\":\"not a time\"", maxReplacements: 1)
        },
        Bad(name: "a value its table refuses", says: "not one this table takes", file: sites, line: 1) {
            $0[sites] = $0[sites].replacing("\"name\":\"Bremen\"", with: "\"name\":\"\"", maxReplacements: 1)
        },
        Bad(
            name: "something that refers to nothing", says: "refers to something",
            file: "tables/member_roles/000001.jsonl"
        ) {
            archive in
            let member = try #require(archive["tables/members/000001.jsonl"].firstMatch(of: /"user_id":"([^"]*)"/)?.1)
            let org = try #require(archive["tables/members/000001.jsonl"].firstMatch(of: /"org_id":"([^"]*)"/)?.1)
            archive["tables/member_roles/000001.jsonl"] =
                "{\"org_id\":\"\(org)\",\"user_id\":\"\(member)\",\"role_id\":\"\(member)\",\"assigned_by\":\"x\","
                + "\"assigned_at\":\"2026-11-21T09:30:00+00:00\",\"is_mapped\":false}\n"
        },
        Bad(name: "no JSON", says: "not a JSON object", file: sites, line: 2) { archive in
            var lines = archive[sites].split(separator: "\n").map(String.init)
            lines[1] = "site,name"
            archive[sites] = lines.map { $0 + "\n" }.joined()
        },
        Bad(name: "half a line", says: "cut off", file: sites) { $0[sites] = String($0[sites].dropLast()) },
        Bad(name: "a version to come", says: "version", file: "export.json") {
            $0["export.json"] = $0["export.json"].replacing("\"version\":1", with: "\"version\":2")
        },
        Bad(name: "another format", says: "archive of Pulse", file: "export.json") {
            $0["export.json"] = $0["export.json"].replacing("pulse.export", with: "zip.export")
        },
    ]
}
