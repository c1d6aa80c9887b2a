import JSONKit
import Testing

@Suite struct MergePatchTests {
    static let pairs: [(JSONValue, JSONValue)] = [
        (["a": 1], ["a": 2]), (["a": 1, "b": 2], ["b": 2]), (["a": ["b": 1, "c": 2]], ["a": ["b": 1, "d": [1, 2]]]),
        (["a": [1, 2]], ["a": [1]]), ([:], ["a": [:]]), (["a": "x"], ["a": ["b": 1]]), (["a": ["b": 1]], ["a": 3]),
    ]

    @Test("the patch between two values turns the first into the second", arguments: pairs)
    func roundTrip(old: JSONValue, new: JSONValue) throws {
        let patch = try #require(MergePatch.between(old, new))
        #expect(MergePatch.apply(patch, to: old) == new)
    }

    @Test("equal values have no patch", arguments: pairs) func equal(old: JSONValue, new: JSONValue) {
        #expect(MergePatch.between(old, old) == nil)
        #expect(MergePatch.between(new, new) == nil)
    }

    @Test("only what changed is in the patch") func minimal() {
        let patch = MergePatch.between(["a": ["x": 1, "y": 2], "b": 3], ["a": ["x": 1, "y": 5], "b": 3])
        #expect(patch == ["a": ["y": 5]])
    }
}
