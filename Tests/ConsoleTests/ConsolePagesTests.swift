import Console
import FoundationEssentials
import HTTPKit
import Testing

@Suite struct ConsolePagesTests {
    private let directory: String
    private let pages: ConsolePages

    init() throws {
        directory = Self.unusedDirectory()
        pages = ConsolePages(directory: directory)
    }

    @Test("before it is built every page says what is missing", arguments: ["/", "/infrastructure", "/login"])
    func notBuilt(path: String) async throws {
        let response = try #require(await ask(path))
        #expect(response.status == 503)
        #expect(text(response).contains("ops/build-console"))
    }

    @Test("every address of the console gets the one page, asked for again each time")
    func pageForEveryAddress() async throws {
        try build()
        defer { remove() }
        for path in ["/", "/login", "/infrastructure", "/infrastructure/0190f5b2-0000-7000-8000-000000000000"] {
            let response = try #require(await ask(path))
            #expect(response.status == 200)
            #expect(text(response).contains("<div id=\"root\">"))
            #expect(response.headers["cache-control"] == "no-cache")
            #expect(response.headers["content-type"]?.hasPrefix("text/html") == true)
        }
    }

    @Test("operators get their own page for every address, and neither listener knows the other's")
    func operators() async throws {
        try build()
        defer { remove() }
        try Data("<div id=\"operators\">".utf8).write(to: URL(filePath: directory + "/operator.html"))
        let theirs = ConsolePages(directory: directory, for: .operators)
        let page = try #require(await theirs.response(to: APIRequest(path: "/orgs")))
        #expect(text(page).contains("operators"))
        #expect(await theirs.response(to: APIRequest(path: "/index.html")) == nil)
        #expect(await ask("/operator.html") == nil)
        #expect(await ask("/operator.html.gz") == nil)
        #expect(text(try #require(await ask("/"))).contains("root"))
    }

    @Test("a file with its hash in the name is kept for ever")
    func hashedFiles() async throws {
        try build()
        defer { remove() }
        let response = try #require(await ask("/assets/main-5WACML37.js"))
        #expect(text(response) == "console.log(1)")
        #expect(response.headers["cache-control"]?.contains("immutable") == true)
    }

    @Test(
        "a file that is not there is not answered with the page",
        arguments: [
            "/assets/main-00000000.js", "/assets/main", "/robots.txt", "/../etc/host.conf", "/assets/../../secret.txt",
        ])
    func missingFiles(path: String) async throws {
        try build()
        defer { remove() }
        #expect(await ask(path) == nil)
    }

    // MARK: A built console of two files

    private func build() throws {
        let files = FileManager.default
        try files.createDirectory(atPath: directory + "/assets", withIntermediateDirectories: true)
        try Data("<!doctype html><div id=\"root\"></div>".utf8).write(to: URL(filePath: directory + "/index.html"))
        try Data("console.log(1)".utf8).write(to: URL(filePath: directory + "/assets/main-5WACML37.js"))
    }

    private func remove() { try? FileManager.default.removeItem(atPath: directory) }

    private func ask(_ path: String) async -> APIResponse? {
        var request = APIRequest(
            id: "test", headers: [:], clientAddress: "127.0.0.1", isSecure: false, host: "localhost")
        request.path = path
        return await pages.response(to: request)
    }

    private func text(_ response: APIResponse) -> String {
        if case .bytes(let bytes) = response.body { return String(decoding: bytes, as: UTF8.self) }
        return ""
    }

    private static func unusedDirectory() -> String {
        FileManager.default.temporaryDirectory.path + "/pulse-console-" + UUID().uuidString
    }
}
