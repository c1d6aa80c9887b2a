import JSONKit
import Kernel
import Testing

@testable import Annotations

@Suite struct AnnotationTests {
    private func read(_ text: String) throws -> Annotation {
        var reader = JSONReader(Array(text.utf8))
        return try Annotation(try reader.decode(JSONValue.self))
    }

    @Test("what is empty is taken away, tags are told once, in lower case and in order")
    func normal() throws {
        let said = try read(#"{"customUrl":" https://a.example/x ","notes":"two\nlines","tags":["B","a","b "]}"#)
        #expect(said.customURL == "https://a.example/x" && said.notes == "two\nlines" && said.tags == ["a", "b"])
        #expect(try read(#"{"customUrl":"","notes":" ","tags":[]}"#).isEmpty)
        #expect(try read("{}").isEmpty)
    }

    @Test(
        "what would mislead or cannot be meant is refused by its name",
        arguments: [
            (#"{"customUrl":"javascript:alert(1)"}"#, "customUrl"), (#"{"customUrl":"//host/x"}"#, "customUrl"),
            (#"{"customUrl":"https://u:p@host/"}"#, "customUrl"), (#"{"customUrl":"https:///x"}"#, "customUrl"),
            (#"{"customUrl":"https://a b/"}"#, "customUrl"), (#"{"customUrl":7}"#, "customUrl"),
            (#"{"notes":"bell\u0007"}"#, "notes"), (#"{"tags":"a"}"#, "tags"), (#"{"tags":["a","b\u202e"]}"#, "tags.1"),
            (#"{"tags":[""]}"#, "tags.0"), (#"{"owner":"x"}"#, "owner"), (#"[]"#, ""),
        ])
    func refused(text: String, field: String) {
        let problem = #expect(throws: Problem.self) { try read(text) }
        #expect(problem?.field == field || field.isEmpty)
    }

    @Test("the audit trail is told that notes changed, not what they say")
    func told() throws {
        var writer = JSONWriter()
        try read(#"{"notes":"the door code is 4711"}"#).told.encode(to: &writer)
        #expect(!String(decoding: writer.bytes, as: UTF8.self).contains("4711"))
    }
}
