import JSONKit
import Kernel
import Testing

@testable import SCIMKit

@Suite struct PatchTests {
    @Test("single values are set, parts merged and taken away") func singles() throws {
        var ana = try Directory.user()
        ana = try Directory.patched(
            ana,
            #"""
            [{"op":"replace","path":"displayName","value":"A. Berg"},{"op":"add","path":"title","value":"Engineer"},
             {"op":"replace","path":"name","value":{"familyName":"Berger"}},{"op":"add","path":"name.middleName","value":"M."},
             {"op":"remove","path":"externalId"},{"op":"replace","path":"NICKNAME","value":"an"},
             {"op":"remove","path":"name.givenName"}]
            """#)
        #expect(ana["displayName"] == "A. Berg" && ana["title"] == "Engineer" && ana["externalId"] == nil)
        #expect(ana["name"] == ["familyName": "Berger", "middleName": "M."] && ana["nickName"] == "an")
        let cleared = try Directory.patched(ana, #"[{"op":"replace","path":"title","value":null}]"#)
        #expect(cleared["title"] == nil)
    }

    @Test("values of a list are added once, replaced, chosen by a filter and taken away") func lists() throws {
        let ana = try Directory.user()
        let added = try Directory.patched(
            ana,
            #"""
            [{"op":"add","path":"emails","value":[{"value":"x@example.com","type":"other","primary":true}]},
             {"op":"add","path":"emails","value":{"value":"ana@home.example","type":"home"}}]
            """#)
        #expect(added["emails"]?.array?.count == 3)
        #expect(added["emails"]?.array?.filter { $0["primary"] == true }.map { $0["value"] } == ["x@example.com"])
        let changed = try Directory.patched(
            added,
            #"[{"op":"replace","path":"emails[type eq \"work\"].value","value":"new@example.com"}]"#)
        #expect(changed["emails"]?.array?.first?["value"] == "new@example.com")
        let removed = try Directory.patched(
            changed, #"[{"op":"remove","path":"emails[type eq \"home\" or value sw \"x@\"]"}]"#)
        #expect(removed["emails"]?.array?.map { $0["type"] } == ["work"])
        let replaced = try Directory.patched(
            removed, #"[{"op":"replace","path":"emails","value":[{"value":"one@example.com"}]}]"#)
        #expect(replaced["emails"] == [["value": "one@example.com"]])
        #expect(try Directory.patched(replaced, #"[{"op":"remove","path":"emails"}]"#)["emails"] == nil)
        let none = try Directory.patched(replaced, #"[{"op":"remove","path":"emails[type eq \"fax\"]"}]"#)
        #expect(none == replaced, "what is not there is gone already")
    }

    @Test(
        "what cannot be done is refused by its name",
        arguments: [
            ("mutability", #"[{"op":"replace","path":"id","value":"x"}]"#),
            ("mutability", #"[{"op":"replace","value":{"id":"x"}}]"#),
            ("mutability", #"[{"op":"add","path":"groups","value":[{"value":"x"}]}]"#),
            ("mutability", #"[{"op":"replace","path":"meta.version","value":"x"}]"#),
            ("mutability", #"[{"op":"replace","path":"schemas","value":["x"]}]"#),
            ("mutability", #"[{"op":"add","value":{"schemas":["urn:other"]}}]"#),
            ("mutability", #"[{"op":"remove","path":"schemas"}]"#),
            ("mutability", #"[{"op":"remove","path":"userName"}]"#),
            ("mutability", #"[{"op":"replace","path":"userName","value":null}]"#),
            ("mutability", #"[{"op":"add","value":{"meta":{"created":"2000-01-01T00:00:00Z"}}}]"#),
            ("invalidValue", #"[{"op":"replace","path":"userName","value":" "}]"#),
            ("invalidValue", #"[{"op":"replace","path":"userName","value":7}]"#),
            ("invalidValue", #"[{"op":"replace","path":"active","value":"perhaps"}]"#),
            ("invalidValue", #"[{"op":"replace","path":"displayName","value":"a\u202eb"}]"#),
            ("invalidValue", #"[{"op":"replace","path":"displayName","value":["a","b"]}]"#),
            (
                "invalidValue",
                #"[{"op":"add","path":"emails","value":[{"value":"a","primary":true},{"value":"b","primary":true}]}]"#
            ),
            ("invalidValue", #"[{"op":"replace","path":"name","value":"Ana"}]"#),
            ("invalidValue", #"[{"op":"add","path":"title"}]"#), ("invalidValue", #"[{"op":"add","value":"x"}]"#),
            ("noTarget", #"[{"op":"remove"}]"#),
            ("noTarget", #"[{"op":"replace","path":"emails[type eq \"fax\"].value","value":"x"}]"#),
            ("noTarget", #"[{"op":"add","path":"emails[type sw \"fax\"].value","value":"x"}]"#),
            ("invalidPath", #"[{"op":"replace","path":"role","value":"owner"}]"#),
            ("invalidPath", #"[{"op":"replace","path":"roles","value":[{"value":"owner"}]}]"#),
            ("invalidPath", #"[{"op":"replace","path":"","value":"x"}]"#),
            ("invalidPath", #"[{"op":"replace","path":"../users","value":"x"}]"#),
            ("invalidPath", #"[{"op":"replace","path":"name[givenName eq \"Ana\"]","value":"x"}]"#),
            ("invalidPath", #"[{"op":"replace","path":"emails[type eq \"work\"]value","value":"x"}]"#),
            ("invalidPath", #"[{"op":"replace","path":["a"],"value":"x"}]"#),
            ("invalidFilter", #"[{"op":"replace","path":"emails[type eq].value","value":"x"}]"#),
            ("invalidFilter", #"[{"op":"replace","path":"emails[type eq \"work\"","value":"x"}]"#),
            ("invalidSyntax", #"[{"op":"move","path":"title","value":"x"}]"#), ("invalidSyntax", "[]"),
            ("invalidSyntax", #"[{"op":"replace","value":{"title":"a","TITLE":"b"}}]"#), ("invalidSyntax", "{}"),
            ("invalidSyntax", "[5]"),
        ])
    func refused(type: String, operations: String) throws {
        let ana = try Directory.user()
        #expect(Directory.refusal { try Directory.patched(ana, operations) } == type, "\(operations)")
    }

    @Test("a PATCH has bounds: operations, values of a list, bytes of a path and of the resource") func bounds() throws
    {
        let ana = try Directory.user()
        let many = { (count: Int, one: String) in "[" + Array(repeating: one, count: count).joined(separator: ",") + "]"
        }
        let title = #"{"op":"replace","path":"title","value":"x"}"#
        #expect(Directory.refusal { try Directory.patched(ana, many(Bounds.patchOperations, title)) } == nil)
        #expect(
            Directory.refusal { try Directory.patched(ana, many(Bounds.patchOperations + 1, title)) } == "invalidSyntax"
        )
        let adds = (0..<60).map { #"{"op":"add","path":"emails","value":{"value":"\#($0)@example.com"}}"# }
        #expect(
            Directory.refusal { try Directory.patched(ana, "[\(adds.joined(separator: ","))]") } == "invalidValue")
        let made = (0..<60).map { #"{"op":"add","path":"emails[type eq \"\#($0)\"].value","value":"a"}"# }
        #expect(
            Directory.refusal { try Directory.patched(ana, "[\(made.joined(separator: ","))]") } == "invalidValue")
        let path = String(repeating: "a", count: Bounds.pathBytes + 1)
        #expect(
            Directory.refusal { try Directory.patched(ana, #"[{"op":"add","path":"\#(path)","value":1}]"#) }
                == "invalidPath")
        let large = (0..<45).map { number in
            #"{"op":"add","path":"addresses","value":{"formatted":"\#(number)\#(String(repeating: "a", count: 1000))"}}"#
        }
        #expect(
            Directory.refusal { try Directory.patched(ana, "[\(large.joined(separator: ","))]") } == "invalidValue")
    }

    @Test("what is refused half-way changes nothing") func wholeOrNothing() throws {
        let ana = try Directory.user()
        let kept = ana
        let half = #"[{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"id","value":"y"}]"#
        #expect(Directory.refusal { try Directory.patched(ana, half) } == "mutability")
        #expect(ana == kept)
    }
}
