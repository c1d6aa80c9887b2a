import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import TestKit
import Testing

@Suite(.postgres) struct SiteTests {
    @Test("a site is made, changed and removed, each with its entry")
    func life() async throws {
        let place = try await TenancyCase()
        let browser = place.ownerBrowser
        let made = await browser.send(.post, "/api/sites", ["name": " Bremen ", "tags": ["b", "a", "a"]])
        #expect(made.status == 201)
        #expect(made.json["name"]?.string == "Bremen")
        #expect(made.json["tags"]?.array?.compactMap(\.string) == ["a", "b"])
        let path = "/api/sites/\(made.json["id"]?.string ?? "")"
        #expect(await browser.send(.patch, path, ["description": "by the river"]).json["name"]?.string == "Bremen")
        #expect(await browser.send(.get, path).json["description"]?.string == "by the river")
        #expect(await browser.send(.delete, path).status == 204)
        #expect(await browser.send(.get, path).slug == "site-not-found")
        #expect(try await place.trail() == ["site.create", "site.delete", "site.update"])
    }

    @Test("names are there once, whatever their case, and fit")
    func names() async throws {
        let place = try await TenancyCase()
        let browser = place.ownerBrowser
        #expect(await browser.send(.post, "/api/sites", ["name": "Bremen"]).status == 201)
        #expect(await browser.send(.post, "/api/sites", ["name": "BREMEN"]).slug == "site-name-taken")
        let other = await browser.send(.post, "/api/sites", ["name": "Kiel"]).json["id"]?.string ?? ""
        #expect(await browser.send(.patch, "/api/sites/\(other)", ["name": "bremen"]).slug == "site-name-taken")
        for body in [["name": ""], ["name": "a\nb"], ["description": "x"]] as [JSONValue] {
            #expect(await browser.send(.post, "/api/sites", body).slug == "invalid-field")
        }
    }

    @Test("another organisation's sites are not found, and viewers only look")
    func isolation() async throws {
        let (ours, theirs) = (try await TenancyCase(), try await TenancyCase())
        let id = await ours.ownerBrowser.send(.post, "/api/sites", ["name": "Bremen"]).json["id"]?.string ?? ""
        let (_, viewer) = try await ours.join(as: .viewer)
        #expect(await viewer.send(.get, "/api/sites").json["data"]?.array?.count == 1)
        #expect(await viewer.send(.post, "/api/sites", ["name": "Kiel"]).slug == "permission-denied")
        #expect(await theirs.ownerBrowser.send(.get, "/api/sites").json["data"]?.array?.isEmpty == true)
        for method in [Endpoint.Method.get, .delete] {
            #expect(await theirs.ownerBrowser.send(method, "/api/sites/\(id)").slug == "site-not-found")
        }
        #expect(await theirs.ownerBrowser.send(.patch, "/api/sites/\(id)", ["name": "x"]).slug == "site-not-found")
    }
}
