import Foundation
import Kernel
import Testing

@testable import HTTPKit

@Suite struct StaticFilesTests {
    /// A directory of its own for one test, with a sibling that must not be reached.
    private final class Site: Sendable {
        let root: URL
        let files: StaticFiles

        init(_ contents: [String: String]) throws {
            root = FileManager.default.temporaryDirectory.appendingPathComponent("static-\(UUID().uuidString)")
            files = StaticFiles(directory: root.appendingPathComponent("site").path)
            try write(["../secret.txt": "secret"])
            try write(contents)
        }

        deinit { try? FileManager.default.removeItem(at: root) }

        func write(_ contents: [String: String]) throws {
            for (name, text) in contents {
                let file = root.appendingPathComponent("site").appendingPathComponent(name).standardizedFileURL
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
        }

        func get(_ path: String, gzip: Bool = false) async -> APIResponse? {
            await files.response(
                to: APIRequest(path: path, headers: gzip ? ["accept-encoding": "br, gzip;q=0.8"] : [:]))
        }
    }

    @Test("a file comes with its type and a strong ETag that follows its content")
    func etag() async throws {
        let site = try Site(["app.js": "let a = 1", "deep/page.html": "<p>"])
        let first = try #require(await site.get("/app.js"))
        #expect(first.text == "let a = 1")
        #expect(first.headers["content-type"] == "text/javascript; charset=utf-8")
        #expect(first.headers["cache-control"] == "no-cache")
        let etag = try #require(first.headers["etag"])
        #expect(etag.hasPrefix("\"") && etag.hasSuffix("\"") && etag.count == 34)
        #expect(await site.get("/app.js")?.headers["etag"] == etag)
        try site.write(["app.js": "let a = 2"])
        #expect(await site.get("/app.js")?.headers["etag"] != etag)
        #expect(await site.get("/deep/page.html")?.headers["content-type"] == "text/html; charset=utf-8")
    }

    @Test("what is not below the directory does not exist")
    func escapes() async throws {
        let site = try Site(["a.txt": "a", ".hidden": "h", "dir/b.txt": "b"])
        let secret = site.root.appendingPathComponent("secret.txt").path
        #expect(FileManager.default.fileExists(atPath: secret))
        try FileManager.default.createSymbolicLink(
            atPath: site.root.appendingPathComponent("site/link.txt").path, withDestinationPath: secret)
        try FileManager.default.createSymbolicLink(
            atPath: site.root.appendingPathComponent("site/up").path, withDestinationPath: site.root.path)
        for path in [
            "/../secret.txt", "/dir/../../secret.txt", "/link.txt", "/up/secret.txt", "/.hidden", "/dir", "/dir/", "/",
            "",
            "//a.txt", "/none.txt", "/a.txt/", "/a.txt\0.js",
        ] { #expect(await site.get(path) == nil, "\(path)") }
        #expect(await site.get("/dir/b.txt") != nil)
    }

    @Test("a directory that is not there yet has no files, and may come later")
    func later() async throws {
        let site = try Site([:])
        #expect(await site.get("/a.txt") == nil)
        try site.write(["a.txt": "a"])
        #expect(await site.get("/a.txt")?.text == "a")
    }

    @Test(
        "a name with a content hash is for ever",
        arguments: [
            ("/app-5QXZ7K2M.js", true), ("/style.0a1b2c3d.css", true), ("/a/b/chunk-ABCDEFGH2345.js", true),
            ("/app.js", false), ("/main-settings.js", false), ("/app-5QX.js", false), ("/0a1b2c3d.css", false),
            ("/index.html", false), ("/favicon", false),
        ])
    func immutable(path: String, isImmutable: Bool) { #expect(StaticFiles.hasContentHash(path) == isImmutable) }

    @Test("a packed sibling goes to who can unpack it, under an ETag of its own")
    func packed() async throws {
        let site = try Site(["app-5QXZ7K2M.js": "plain"])
        #expect(await site.get("/app-5QXZ7K2M.js", gzip: true)?.headers["vary"] == nil)
        try site.write(["app-5QXZ7K2M.js.gz": "packed"])
        let plain = try #require(await site.get("/app-5QXZ7K2M.js"))
        let packed = try #require(await site.get("/app-5QXZ7K2M.js", gzip: true))
        #expect(plain.text == "plain" && plain.headers["content-encoding"] == nil)
        #expect(packed.text == "packed" && packed.headers["content-encoding"] == "gzip")
        #expect(packed.headers["content-type"] == "text/javascript; charset=utf-8")
        #expect(plain.headers["vary"] == "Accept-Encoding" && packed.headers["vary"] == "Accept-Encoding")
        #expect(plain.headers["etag"] != packed.headers["etag"])
        #expect(packed.headers["cache-control"] == "public, max-age=31536000, immutable")
        for refused in ["gzip;q=0", "gzip; q=0.000", "br", "", "xgzip"] {
            #expect(!StaticFiles.acceptsGzip(["accept-encoding": refused]), "\(refused)")
        }
    }

    @Test("every address that looks like a page is the page")
    func page() async throws {
        let site = try Site(["index.html": "page", "a.txt": "a"])
        let get = { (path: String) in await site.files.response(to: APIRequest(path: path), orPage: "index.html")?.text
        }
        #expect(await get("/") == "page")
        #expect(await get("/infrastructure") == "page")
        #expect(await get("/orgs/x/y") == "page")
        #expect(await get("/a.txt") == "a")
        #expect(await get("/missing.js") == nil)
    }

    @Test("a large file is streamed, whole")
    func large() async throws {
        let text = String(repeating: "0123456789abcdef", count: 100_000)
        let site = try Site(["large.txt": text])
        try await Given.server([], fallback: { await site.files.response(to: $0) }) { port in
            try await RawClient.connected(to: port) { client in
                try await client.get("/large.txt")
                let answer = try await client.answer()
                #expect(answer["content-length"] == "1600000")
                #expect(answer.text == text)
                try await client.get("/large.txt", ["If-None-Match: \(answer["etag"] ?? "")"])
                #expect(try await client.answer().status == 304)
            }
        }
    }

    @Test("a download has a name, and is not found when it is not there")
    func download() async throws {
        let site = try Site(["agent": "binary"])
        let path = site.root.appendingPathComponent("site/agent").path
        let answer = try await APIResponse.download(path: path, fileName: "pulse-agent\"; x=\"")
        #expect(answer.headers["content-disposition"] == "attachment; filename=\"pulse-agentx\"")
        #expect(answer.headers["content-type"] == "application/octet-stream")
        await #expect(throws: Problem.notFound) { try await APIResponse.download(path: path + "x", fileName: "x") }
    }
}
