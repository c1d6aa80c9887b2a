import JSONKit
import Kernel
import Testing

@Suite struct WritingTests {
    private func written(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("commas come by themselves and nil members stay absent")
    func members() {
        let text = written { json in
            json.object { json in
                json.member("id", 7)
                json.member("name", String?.none)
                json.object("cpu") { json in
                    json.member("percent", 12.345, decimals: 2)
                    json.member("none", nil, decimals: 2)
                }
                json.array("list") { json in
                    json.int(1)
                    json.null()
                    json.object { _ in }
                    json.array { _ in }
                    json.string("x")
                }
                json.member("map", ["b": 1, "a": 2])
                json.member("at", Timestamp(milliseconds: 0))
                json.member("on", true)
            }
        }
        #expect(
            text
                == #"{"id":7,"cpu":{"percent":12.35},"list":[1,null,{},[],"x"],"map":{"a":2,"b":1},"at":"1970-01-01T00:00:00.000Z","on":true}"#
        )
    }

    @Test("what turns out to be nothing is taken back, its comma too")
    func takenBack() {
        var told: [Bool] = []
        let text = written { json in
            json.object { json in
                for (name, isThere) in [("a", false), ("b", true), ("c", false), ("d", true)] {
                    told.append(
                        json.unlessEmpty { json in
                            json.beginObject(name)
                            json.member("n", 1)
                            json.endObject()
                            return isThere
                        })
                }
            }
        }
        #expect(text == #"{"b":{"n":1},"d":{"n":1}}"#)
        #expect(told == [false, true, false, true])
    }

    @Test("what is kept has no room to grow")
    func exact() {
        var writer = JSONWriter(capacity: 4096)
        writer.string("x")
        #expect(writer.exactBytes == writer.bytes)
        #expect(writer.exactBytes.capacity < 100)
    }

    @Test(
        "doubles are written shortest and read back the same",
        arguments: [
            (0.0, "0"), (-0.0, "-0.0"), (1, "1"), (-17, "-17"), (0.1, "0.1"), (1e300, "1e+300"), (1e16, "1e+16"),
            (.leastNonzeroMagnitude, "5e-324"), (9_007_199_254_740_992, "9007199254740992"), (.nan, "null"),
            (.infinity, "null"),
            (-.infinity, "null"), (123.456, "123.456"),
        ])
    func doubles(value: Double, text: String) throws {
        #expect(written { $0.double(value) } == text)
        if value.isFinite { #expect(try Double(json: text.utf8).bitPattern == value.bitPattern) }
    }

    @Test(
        "decimals are rounded and trailing zeros cut",
        arguments: [
            (12.345678, 2, "12.35"), (99.999, 2, "100"), (0.004, 2, "0"), (-0.004, 2, "0"), (-1.5, 1, "-1.5"),
            (1.05, 2, "1.05"), (1e18, 2, "1e+18"), (7, 0, "7"), (2.5, 3, "2.5"), (.nan, 2, "null"),
            (0.000000001, 9, "0.000000001"),
        ])
    func decimals(value: Double, decimals: Int, text: String) {
        #expect(written { $0.double(value, decimals: decimals) } == text)
    }

    @Test("integers are written in full")
    func integers() {
        #expect(written { $0.int(.min) } == "-9223372036854775808")
        #expect(written { $0.uint(.max) } == "18446744073709551615")
        #expect(written { $0.int(0) } == "0")
    }

    @Test("every character comes back as it went")
    func strings() throws {
        for scalar in (0...0x2FF).compactMap(Unicode.Scalar.init) + ["\u{2028}", "€", "😀", "\u{10FFFF}"] {
            let text = "a\(Character(scalar))b"
            let json = text.json
            #expect(try String(json: json) == text)
            #expect(json.allSatisfy { $0 >= 0x20 })
        }
    }

    @Test("values of unknown shape come back equal, keys in order")
    func values() throws {
        let value: JSONValue = [
            "b": [1, -2.5, true, nil, "x", .unsigned(.max)], "a": ["deep": ["deeper": "ö\n"]], "e": [],
        ]
        #expect(try JSONValue(json: value.json) == value)
        #expect(String(decoding: value.json, as: UTF8.self).hasPrefix(#"{"a":{"deep""#))
        #expect(value["a"]?["deep"]?["deeper"]?.string == "ö\n" && value["b"]?[1]?.double == -2.5)
        #expect(try JSONValue(json: "1.0".utf8) == .double(1))
        #expect(try JSONValue(json: "36893488147419103232".utf8) == .double(0x1p65))
    }
}
