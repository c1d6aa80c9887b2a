import JSONKit
import Kernel
import Testing

/// One member of each kind, read as rooms read.
private struct Machine: JSONDecodable, Equatable {
    var name: String
    var cores: Int?
    var load: [Double] = []
    var tags: [String: Bool] = [:]

    init(from reader: inout JSONReader) throws(JSONError) {
        var name: String?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": name = try reader.decode()
            case "cores": cores = try reader.decode()
            case "load": try reader.decode(into: &load)
            case "tags": try reader.decode(into: &tags)
            default: try reader.skip()
            }
        }
        self.name = try reader.required("name", name)
    }
}

@Suite struct ReadingTests {
    @Test("members arrive in any order, unknown ones are passed over, null leaves the default")
    func members() throws {
        let machine = try Machine(
            json: """
                 {"extra": [1, {"deep": [null, true, "\\u00e4"]}], "load": [0.5, 1, 2e0], "cores": null,
                  "tags": {"a": true, "b": false, "a": false}, "name": "web-1", "more": {}} \n
                """.utf8)
        #expect(machine.name == "web-1" && machine.cores == nil && machine.load == [0.5, 1, 2])
        #expect(machine.tags == ["a": false, "b": false], "the last of duplicate keys wins")
    }

    @Test("the closure forms read like the loops")
    func closures() throws {
        var reader = JSONReader(#"{"a": [1, 2, 3], "b": {"c": 4}}"#.utf8)
        var sum = 0
        try reader.object { (key, reader) throws(JSONError) in
            switch key {
            case "a": try reader.array { (reader) throws(JSONError) in sum += try reader.int() }
            default: try reader.object { (_, reader) throws(JSONError) in sum += try reader.int() * 10 }
            }
        }
        try reader.finish()
        #expect(sum == 46)
    }

    @Test(
        "keys of every length are told apart",
        arguments: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 23, 24, 25, 31, 32, 33, 64, 200])
    func keyLengths(length: Int) throws {
        let text = String(String(repeating: "abcdefghijklmnopqrstuvwxyz0123456789", count: 6).prefix(length))
        for candidate in [text, text + "x", String(text.dropLast()), text.uppercased()] {
            var reader = JSONReader(#"{"\#(candidate)": 1}"#.utf8)
            try reader.enterObject()
            let key = try #require(try reader.nextKey())
            #expect(key.description == candidate)
            #expect(try reader.int() == 1)
            #expect(try reader.nextKey() == nil)
        }
    }

    @Test("a key matches its literal and nothing else")
    func keyMatching() throws {
        var reader = JSONReader(
            #"{"hostname": 1, "abcdefghijklmnop": 2, "abcdefghijklmnopqrstuvwx": 3, "abcdefghijklmnopqrstuvwxyz": 4, "schl\u00fcssel": 5, "größe": 6, "": 7}"#
                .utf8)
        var found: [Int] = []
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "hostnamE", "hostnam", "abcdefghijklmnoq", "abcdefghijklmnopqrstuvwX": Issue.record("wrong match")
            case "hostname": found.append(try reader.int())
            case "abcdefghijklmnop": found.append(try reader.int())
            case "abcdefghijklmnopqrstuvwx": found.append(try reader.int())
            case "abcdefghijklmnopqrstuvwxyz": found.append(try reader.int())
            case "schlüssel": found.append(try reader.int())
            case "größe": found.append(try reader.int())
            case "": found.append(try reader.int())
            default: Issue.record("no match for \(key)")
            }
        }
        #expect(found == [1, 2, 3, 4, 5, 6, 7])
    }

    @Test("keys match in any case when the reader is told so")
    func foldedKeys() throws {
        var reader = JSONReader(
            #"{"HostName": 1, "CPUUSAGEPERCENT": 2, "averyveryverylongKEYofthirtysix": 3}"#.utf8,
            options: JSONReader.Options(ignoresKeyCase: true))
        var found: [Int] = []
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "hostname": found.append(try reader.int())
            case "cpuUsagePercent": found.append(try reader.int())
            case "aVeryVeryVeryLongKeyOfThirtySix": found.append(try reader.int())
            default: try reader.skip()
            }
        }
        #expect(found == [1, 2, 3])
        var strict = JSONReader(#"{"HostName": 1}"#.utf8)
        try strict.enterObject()
        let key = try #require(try strict.nextKey())
        #expect(!(key == "hostname"))
    }

    @Test(
        "integers are exact to the last bit",
        arguments: [
            ("0", 0), ("-0", 0), ("7", 7), ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
            ("1234567890123456789", 1_234_567_890_123_456_789),
        ])
    func integers(text: String, value: Int64) throws { #expect(try Int64(json: text.utf8) == value) }

    @Test(
        "integers out of range, with fraction or exponent are refused",
        arguments: [
            "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1.0", "1e3", "-1.5",
            "99999999999999999999999", "\"1\"", "true", "null", "{}", "",
        ])
    func refusedIntegers(text: String) { #expect(throws: JSONError.self) { try Int64(json: text.utf8) } }

    @Test("unsigned integers reach 2^64 - 1 and no further")
    func unsigned() throws {
        #expect(try UInt64(json: "18446744073709551615".utf8) == .max)
        #expect(try UInt64(json: "10000000000000000000".utf8) == 10_000_000_000_000_000_000)
        #expect(try UInt64(json: "-0".utf8) == 0)
        for text in ["18446744073709551616", "-1", "99999999999999999999", "1.5"] {
            #expect(throws: JSONError.self) { try UInt64(json: text.utf8) }
        }
    }

    @Test(
        "doubles are rounded correctly",
        arguments: [
            "0", "-0", "1", "-1", "0.1", "3.141592653589793", "1e22", "1e23", "1E+2", "1e-07", "-2.5e-3",
            "4.9406564584124654e-324", "2.2250738585072014e-308", "1.7976931348623157e308", "9007199254740993",
            "123456789012345678901234567890", "0.000000000000000000000000000001234567890123456789", "1e-400",
            "0e999999999", "18446744073709551616.5", "72057594037927945", "1.00000000000000011102230246251565",
        ])
    func doubles(text: String) throws {
        let value = try Double(json: text.utf8)
        #expect(value.bitPattern == Double(text)?.bitPattern)
    }

    @Test("doubles too large are refused", arguments: ["1e309", "-1e400", "1e99999999999999999999"])
    func hugeDoubles(text: String) { #expect(throws: JSONError.self) { try Double(json: text.utf8) } }

    @Test(
        "strings: escapes, surrogate pairs and letters of any script",
        arguments: [
            (#""""#, ""), (#""plain""#, "plain"), (#""a\"b\\c\/d""#, "a\"b\\c/d"),
            (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"),
            (#""\u0041\u00e4\u20AC""#, "Aä€"), (#""\ud83d\ude00!""#, "😀!"), (#""größer 日本 😀""#, "größer 日本 😀"),
            (#""\u0000""#, "\u{0}"), (#""seven77""#, "seven77"), (#""eight888""#, "eight888"),
            (#""0123456\"""#, "0123456\""), (#""!!!!!!!!!!!!\u0021""#, "!!!!!!!!!!!!!"), ("\"\u{7F}\"", "\u{7F}"),
        ])
    func strings(text: String, value: String) throws {
        #expect(try String(json: text.utf8) == value)
        var skipping = JSONReader(text.utf8)
        try skipping.skip()
        try skipping.finish()
    }

    @Test("times and ids are read and refused as values of their type")
    func timesAndIDs() throws {
        #expect(
            try Timestamp(json: #""2026-11-21T09:30:00.123456789+01:00""#.utf8)
                == Timestamp(rfc3339: "2026-11-21T08:30:00.123Z"))
        #expect(
            try OrgID(json: #""0191F3A0-0000-7000-8000-000000000001""#.utf8).description
                == "0191f3a0-0000-7000-8000-000000000001")
        for text in [#""yesterday""#, #""2026-13-01T00:00:00Z""#, "5"] {
            #expect(throws: JSONError.self) { try Timestamp(json: text.utf8) }
            #expect(throws: JSONError.self) { try OrgID(json: text.utf8) }
        }
    }

    @Test("a part of a body can be taken out as it stands")
    func rawValues() throws {
        var reader = JSONReader(#"{"a": {"x": [1, 2.50, "\u00e4"]} , "b": 1}"#.utf8)
        try reader.enterObject()
        _ = try reader.nextKey()
        #expect(try reader.rawValue() == Array(#"{"x": [1, 2.50, "\u00e4"]}"#.utf8))
    }
}
