import JSONKit
import Kernel
import Testing

@Suite struct RefusalTests {
    @Test(
        "malformed text is refused, whether read or skipped",
        arguments: [
            "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "{\"a\"}", "{\"a\":}",
            "{\"a\":1,}", "{,}", "{\"a\" 1}", "{a:1}", "{'a':1}", "{\"a\":1 \"b\":2}", "{\"a\":1]", "[1}", "{1:2}",
            "tru", "truE", "True", "nul", "nulll", "fals", "NaN", "Infinity", "-Infinity", "nan", "inf", "+1", "-",
            "01", "-01", "1.", ".5", "1e", "1e+", "1.e5", "0x10", "1_000", "--1", "\"", "\"abc", "\"\\\"", "\"\\x\"",
            "\"\\u12\"", "\"\\u12G4\"", "\"\\ud83d\"", "\"\\ud83dx\"", "\"\\ud83d\\u0041\"", "\"\\ude00\"",
            "\"\\ud83d\\ud83d\"", "\"a\nb\"", "\"a\tb\"", "\"\u{0}\"", "\u{0}", "{} x", "1 1", "[] []", "nulL",
            "/* c */ 1", "// c\n1", "\u{FEFF}1", "\"\\", "\"\\u", "\"\\ud83d\\u", "{\"a", "[\"a\"", "\u{A0}1",
        ])
    func malformed(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(json: text.utf8) }
        #expect(throws: JSONError.self) {
            var reader = JSONReader(text.utf8)
            try reader.skip()
            try reader.finish()
        }
    }

    @Test(
        "bad UTF-8 is refused wherever it stands",
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE2, 0x82], [0xE0, 0x80, 0x80],
            [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xF0, 0x9F, 0x98],
        ] as [[UInt8]])
    func badUTF8(bytes: [UInt8]) {
        for (before, after) in [("\"", "\""), ("\"abcdefg", "hij\""), ("{\"", "\":1}"), ("{\"a\":\"", "\"}")] {
            let text = Array(before.utf8) + bytes + Array(after.utf8)
            #expect(throws: JSONError.self) { try JSONValue(json: text) }
            #expect(throws: JSONError.self) {
                var reader = JSONReader(text)
                try reader.skip()
            }
        }
    }

    @Test("every cut of a good body is refused, and nothing is read behind its end")
    func truncation() throws {
        let text = Array(#"{"name":"gr\u00fcn ö 😀","list":[1,-2.5e3,true,null,{"x":"\ud83d\ude00"}],"n":12}"#.utf8)
        _ = try JSONValue(json: text)
        for length in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue(json: text.prefix(length)) }
        }
    }

    @Test("depth 128 is read, 129 refused, 10,000 answered", arguments: ["[", "{\"a\":"])
    func depth(opening: String) throws {
        let closing = opening == "[" ? "]" : "}"
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: opening, count: depth) + "1" + String(repeating: closing, count: depth)).utf8)
        }
        _ = try JSONValue(json: nested(128))
        for depth in [129, 10_000, 1_000_000] {
            #expect { try JSONValue(json: nested(depth)) } throws: {
                ($0 as? JSONError)?.reason == .tooDeep(limit: 128)
            }
            #expect(throws: JSONError.self) {
                var reader = JSONReader(nested(depth))
                try reader.skip()
            }
        }
    }

    @Test("trailing bytes are refused unless allowed")
    func trailing() throws {
        #expect { try Int(json: "1 x".utf8) } throws: { ($0 as? JSONError)?.reason == .trailingBytes }
        #expect(try Int(json: "1 \n".utf8) == 1)
        #expect(try Int(json: "1 x".utf8, options: JSONReader.Options(allowsTrailingBytes: true)) == 1)
    }
}

@Suite struct ErrorPathTests {
    private struct Disk: JSONDecodable {
        var total: UInt64
        init(from reader: inout JSONReader) throws(JSONError) {
            var total: UInt64?
            try reader.enterObject()
            while let key = try reader.nextKey() {
                switch key {
                case "totalBytes": total = try reader.decode()
                default: try reader.skip()
                }
            }
            self.total = try reader.required("totalBytes", total)
        }
    }
    private struct Report: JSONDecodable {
        var disks: [Disk] = []
        init(from reader: inout JSONReader) throws(JSONError) {
            try reader.enterObject()
            while let key = try reader.nextKey() {
                switch key {
                case "disks": try reader.decode(into: &disks)
                case "port":
                    let port = try reader.int()
                    guard (1...65_535).contains(port) else { throw reader.invalid("must be 1 to 65535") }
                default: try reader.skip()
                }
            }
        }
    }

    @Test(
        "an error names the member and its place",
        arguments: [
            (#"{"disks":[{"totalBytes":1},{"totalBytes":"x"}]}"#, "disks.1.totalBytes"),
            (#"{"a":{"b":"]},{"},"disks":[{"totalBytes":1},{"x":[1,2],"totalBytes":-1}]}"#, "disks.1.totalBytes"),
            (#"{"disks":[{},{"totalBytes":1}]}"#, "disks.0.totalBytes"),
            (#"{"disks":[{"totalBytes":1},{"y":{"totalBytes":2}}]}"#, "disks.1.totalBytes"),
            (#"{"disks":7}"#, "disks"), (#"{"disks":[1]}"#, "disks.0"),
            (#"{"other":{"deep":[0,{"k":tru}]}}"#, "other.deep.1.k"),
            (#"{"port":0}"#, "port"), (#"{"disks":[],"port":70000}"#, "port"), (#"[]"#, ""), (#"{"a":1,"b":"#, "b"),
        ])
    func paths(text: String, path: String) {
        #expect { try Report(json: text.utf8) } throws: { error in
            let error = error as? JSONError
            #expect(error?.path == path)
            return error?.problem.field == (path.isEmpty ? nil : path)
        }
    }

    @Test("the problem says 400 invalid-json, what was seen and where")
    func problem() throws {
        let error = #expect(throws: JSONError.self) { try Report(json: #"{"disks": [{"totalBytes": true}]}"#.utf8) }
        let problem = try #require(error?.problem)
        #expect(problem.slug == "invalid-json" && problem.status == 400 && problem.code == "invalid_json")
        #expect(problem.detail == "expected a number, found true or false (byte 26)")
        #expect(problem.field == "disks.0.totalBytes")
    }

    @Test("a missing member is told as such")
    func missing() {
        #expect { try Disk(json: "{}".utf8) } throws: {
            $0 as? JSONError == JSONError(.missingMember, path: "totalBytes", offset: 2)
        }
    }

    @Test("a path of a stranger's making stays short")
    func longPath() {
        let key = String(repeating: "k", count: 5000)
        let text = String(repeating: #"{"\#(key)":"#, count: 100) + "x"
        let error = #expect(throws: JSONError.self) { try JSONValue(json: text.utf8) }
        #expect((error?.path.utf8.count ?? 1000) < 300)
    }
}
