import JSONKit
import Testing

@testable import Monitoring

@Suite struct StoredPatchTests {
    @Test(
        "what is found byte by byte is what the merge patch of both trees is",
        arguments: [
            (#"{"a":1,"b":"x"}"#, #"{"a":1,"b":"x"}"#), (#"{"a":1}"#, #"{"a":2}"#), (#"{}"#, #"{"a":{"b":[1,2]}}"#),
            (#"{"a":1,"b":2}"#, #"{"b":2}"#), (#"{"a":1,"b":2}"#, #"{"b":3,"a":1}"#),
            (#"{"a":{"b":1,"c":{"d":2}},"e":[1]}"#, #"{"a":{"b":1,"c":{"d":3}},"e":[1,2]}"#),
            (#"{"a":{"b":1,"c":2}}"#, #"{"a":{"c":2}}"#), (#"{"a":{"b":1}}"#, #"{"a":7}"#),
            (#"{"a":7}"#, #"{"a":{"b":1}}"#), (#"{"a":{"b":1,"c":2}}"#, #"{"a":{"c":2,"b":1}}"#),
            (#"{"a":"é\"{"}"#, #"{"a":"é\"}"}"#),
            (
                #"{"a\"b":1,"a key of more than twenty-four bytes":2}"#,
                #"{"a\"b":2,"a key of more than twenty-four bytes":3}"#
            ),
            (#"{"a":{"b":{"c":1}},"d":{"e":1,"f":1},"g":1}"#, #"{"a":{"b":{"c":1}},"d":{"f":1,"e":1},"g":2}"#),
        ])
    func likeTrees(old: String, new: String) throws {
        func tree(_ text: String) throws -> JSONValue {
            var reader = JSONReader(Array(text.utf8))
            return try reader.decode(JSONValue.self)
        }
        let expected = MergePatch.between(try tree(old), try tree(new)) ?? .object([:])
        let (patch, hasAny) = patch(from: old, to: new)
        #expect(try tree(patch) == expected)
        #expect(hasAny == (expected != .object([:])))
    }

    private func patch(from old: String, to new: String) -> (text: String, hasAny: Bool) {
        var writer = JSONWriter()
        writer.beginObject()
        let hasAny = StoredPatch.write(from: Array(old.utf8), to: Array(new.utf8), into: &writer)
        writer.endObject()
        return (String(decoding: writer.bytes, as: UTF8.self), hasAny)
    }

    @Test("bytes that were damaged in storage count as nothing known")
    func damaged() {
        #expect(patch(from: #"{"a":1,"#, to: #"{"a":1}"#).text == #"{"a":1}"#)
    }
}
