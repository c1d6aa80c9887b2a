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
        ])
    func likeTrees(old: String, new: String) throws {
        func tree(_ text: String) throws -> JSONValue {
            var reader = JSONReader(Array(text.utf8))
            return try reader.decode(JSONValue.self)
        }
        let expected = MergePatch.between(try tree(old), try tree(new))?.object ?? [:]
        #expect(StoredPatch.between(Array(old.utf8), Array(new.utf8)) == expected)
    }

    @Test("bytes that were damaged in storage count as nothing known")
    func damaged() {
        let patch = StoredPatch.between(Array(#"{"a":1,"#.utf8), Array(#"{"a":1}"#.utf8))
        #expect(patch == ["a": .integer(1)])
    }
}
