import Kernel
import Testing

@testable import HTTPKit

@Suite struct RequestTargetTests {
    @Test(
        "what can be read in one way only is read",
        arguments: [
            ("/", [""], ""), ("/api/me", ["api", "me"], ""), ("/a%20b/%C3%BC", ["a b", "ü"], ""),
            ("/x?a=1&b=%26", ["x"], "a=1&b=%26"), ("/x/", ["x", ""], ""), ("/x?", ["x"], ""), ("/x?a?b", ["x"], "a?b"),
            ("http://host:80/api/me?x=1", ["api", "me"], "x=1"), ("HTTP://host", [""], ""),
            ("/a..b/...", ["a..b", "..."], ""),
        ])
    func readable(raw: String, segments: [String], query: String) throws {
        let target = try RequestTarget(raw)
        #expect(target.segments == segments)
        #expect(target.rawQuery == query)
    }

    @Test(
        "dots, slashes in disguise, broken escapes and foreign bytes are refused",
        arguments: [
            "/../etc/passwd", "/a/..", "/a/./b", "/%2e%2e/x", "/%2E./x", "/a%2fb", "/a%5cb", "/a\\b", "/%", "/%4",
            "/%zz",
            "/%ff", "/%c3%28", "/%00", "/a%0ab", "/ü", "/a b", "*", "", "api/me", "/a#b", "/%ed%a0%80",
            "/" + Array(repeating: "a", count: 33).joined(separator: "/"),
        ])
    func unreadable(raw: String) {
        #expect { try RequestTarget(raw) } throws: { ($0 as? Problem)?.slug == "bad-path" }
    }

    @Test(
        "a query is decoded strictly",
        arguments: [
            "/x?a=%", "/x?a=%f", "/x?%gg=1", "/x?a=%ff", "/x?a=%00", "/x?" + String(repeating: "a&", count: 101),
        ])
    func badQuery(raw: String) {
        #expect { try RequestTarget(raw) } throws: { ($0 as? Problem)?.slug == "bad-query" }
    }

    @Test("plus is a space, names may repeat, a missing value is empty")
    func query() throws {
        let query = try Query(parsing: "a=1+2&b&a=%2B&c=d=e&t=%09%0a")
        #expect(query["t"] == "\t\n")
        #expect(query.all("a") == ["1 2", "+"])
        #expect(query["b"] == "")
        #expect(query["c"] == "d=e")
        #expect(query["d"] == nil)
    }

    @Test("numbers are read whole and within their range, or the parameter is named")
    func integers() throws {
        let query: Query = ["page": "3", "limit": "1000", "bad": "1e3", "huge": "99999999999999999999"]
        #expect(try query.integer("page", in: 1...10) == 3)
        #expect(try query.integer("none", in: 1...10) == nil)
        for name in ["bad", "huge", "limit"] {
            #expect { try query.integer(name, in: 1...100) } throws: { ($0 as? Problem)?.field == name }
        }
        #expect(try query.paging().limit == 100)
        #expect(try query.paging().page == 3)
    }
}
