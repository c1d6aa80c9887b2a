import JSONKit
import Kernel
import Testing

@testable import SCIMKit

@Suite struct ResourceTests {
    @Test("names are spelled as the schema has them, what is read-only or unknown is not heard") func reads() throws {
        let user = try Directory.user(
            #"""
            {"SCHEMAS":["URN:ietf:params:scim:schemas:core:2.0:User"],"USERNAME":"a","id":"mine","isAdmin":true,
             "meta":{"created":"x"},"groups":[{"value":"g"}],"Emails":{"Value":"a@b.example","colour":"red"},
             "role":"owner","title":null,"phoneNumbers":[],"ACTIVE":"false"}
            """#)
        #expect(user == ["userName": "a", "emails": [["value": "a@b.example"]], "active": false])
    }

    @Test(
        "what is no resource is refused",
        arguments: [
            ("invalidSyntax", "[]"), ("invalidSyntax", #"{"userName":"a"}"#),
            ("invalidSyntax", #"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"userName":"a"}"#),
            ("invalidSyntax", #"{"schemas":["\#(URN.user)"],"userName":"a","USERNAME":"b"}"#),
            ("invalidValue", #"{"schemas":["\#(URN.user)"]}"#),
            ("invalidValue", #"{"schemas":["\#(URN.user)"],"userName":""}"#),
            ("invalidValue", #"{"schemas":["\#(URN.user)"],"userName":{"value":"a"}}"#),
            ("invalidValue", #"{"schemas":["\#(URN.user)"],"userName":"a\u0000b"}"#),
            ("invalidValue", #"{"schemas":["\#(URN.user)"],"userName":"a\u200bb"}"#),
            ("invalidValue", #"{"schemas":["\#(URN.user)"],"userName":"a","active":1}"#),
            ("invalidValue", #"{"schemas":["\#(URN.user)"],"userName":"a","emails":[[["x"],["y"]]]}"#),
            ("invalidValue", #"{"schemas":["\#(URN.user)"],"userName":"a","\#(URN.enterprise)":"x"}"#),
        ])
    func refused(type: String, text: String) {
        #expect(Directory.refusal { try Directory.user(text) } == type, "\(text)")
    }

    @Test("texts and lists have bounds") func bounds() {
        let user = { (more: String) in #"{"schemas":["\#(URN.user)"],\#(more)}"# }
        let name = String(repeating: "a", count: 257)
        #expect(Directory.refusal { try Directory.user(user(#""userName":"\#(name)""#)) } == "invalidValue")
        let mails = (0...Bounds.elements).map { #"{"value":"\#($0)"}"# }.joined(separator: ",")
        #expect(
            Directory.refusal { try Directory.user(user(#""userName":"a","emails":[\#(mails)]"#)) } == "invalidValue")
    }

    @Test("a projection tells what is asked for, and always the id") func projections() throws {
        var ana = try Directory.user()
        ana["id"] = "1"
        ana["schemas"] = [.string(URN.user)]
        ana["meta"] = ["version": "W/\"1\""]
        let told = { (attributes: String?, excluded: String?) in
            try Projection(attributes: attributes, excluded: excluded, of: .user).apply(to: ana)
        }
        #expect(try told(nil, nil) == ana)
        #expect(try told("userName", nil).keys.sorted() == ["id", "schemas", "userName"])
        let parts = try told("name.givenName, EMAILS.value,unknown,\(URN.enterprise):department", nil)
        #expect(parts["name"] == ["givenName": "Ana"])
        #expect(parts["emails"] == [["value": "ana@example.com"], ["value": "ana@home.example"]])
        #expect(parts[URN.enterprise] == ["department": "Tools"] && parts["userName"] == nil)
        #expect(try told(URN.enterprise, nil)[URN.enterprise]?["employeeNumber"] == "7")
        let rest = try told(nil, "id,schemas,emails,name.familyName,\(URN.enterprise)")
        #expect(rest["id"] == "1" && rest["emails"] == nil && rest["name"] == ["givenName": "Ana"])
        #expect(rest[URN.enterprise] == nil && rest["schemas"] != nil && rest["userName"] != nil)
        let projection = try Projection(attributes: nil, excluded: "members", of: .group)
        #expect(!projection.tells("members") && Projection.usual.tells("members"))
        #expect(try Projection(attributes: "groups.value", excluded: nil, of: .user).tells("groups"))
        let list = Array(repeating: "title", count: Bounds.projectedAttributes + 1).joined(separator: ",")
        #expect(Directory.refusal { try told(list, nil) } == "invalidValue")
    }

    @Test("a version stands for itself, weak or not, alone or in a list, and for a star") func tags() throws {
        let tag = EntityTag(3)
        for good in [[#"W/"3""#], [#""3""#], [#""1", W/"3""#], ["*"], []] { try tag.check(ifMatch: good) }
        for bad in [[#"W/"2""#], ["3"], [""], [#"W/"33""#], [#"w/"3""#]] {
            #expect(throws: Problem.scimVersionMismatch) { try tag.check(ifMatch: bad) }
        }
        #expect(throws: Problem.scimVersionMismatch) { try tag.check(ifMatch: [], ifNoneMatch: ["*"]) }
    }

    @Test("a page has bounds, and what is no number is told") func pages() throws {
        let query = { (values: [String: String]) in try SearchQuery(of: .user) { values[$0] } }
        let usual = try query([:])
        #expect(usual.startIndex == 1 && usual.count == 100 && usual.filter == nil)
        let odd = try query(["startIndex": "-5", "count": "100000"])
        #expect(odd.startIndex == 1 && odd.count == Bounds.pageSize)
        #expect(try query(["count": "-1"]).count == 0)
        for text in ["ten", "1e3", "", "99999999999999999999", "9223372036854775807", "-9223372036854775808"] {
            #expect(Directory.refusal { try query(["count": text]) } == "invalidValue", "\(text)")
        }
        let body = try json(#"{"schemas":["\#(URN.search)"],"attributes":["userName"],"count":5,"startIndex":11}"#)
        let search = try SearchQuery(body, of: .user)
        #expect(search.count == 5 && search.startIndex == 11)
        let page = search.response([["id": "1", "userName": "a", "title": "b"]], of: 12)
        #expect(page["totalResults"] == 12 && page["itemsPerPage"] == 1)
        #expect(page["Resources"] == [["id": "1", "userName": "a"]])
        #expect(Directory.refusal { try SearchQuery(json("{}"), of: .user) } == "invalidSyntax")
    }

    @Test("an error is told in the form of SCIM, its status as text") func errors() throws {
        let body = try JSONValue(json: Problem.scim(.invalidFilter, "Why.").scimBody)
        #expect(body["schemas"] == [.string(URN.error)] && body["status"] == "400")
        #expect(body["scimType"] == "invalidFilter" && body["detail"]?.string?.hasSuffix("Why.") == true)
        #expect(try JSONValue(json: Problem.forbidden.scimBody)["scimType"] == nil)
        #expect(Problem.scim(.uniqueness, "").status == 409)
    }

    @Test("what is offered is described with every attribute of every schema") func discovery() throws {
        let discovery = Discovery(base: "https://pulse.example.com/scim/v2")
        #expect(discovery.schemas.map { $0["id"] } == [.string(URN.user), .string(URN.enterprise), .string(URN.group)])
        #expect(discovery.resourceTypes.map { $0["endpoint"] } == ["/Users", "/Groups"])
        let config = discovery.serviceProviderConfig
        #expect(config["sort"] == ["supported": false] && config["bulk"]?["maxOperations"] == 500)
        let user = try #require(discovery.schemas.first?["attributes"]?.array)
        #expect(!user.contains { ["password", "roles", "entitlements"].contains($0["name"]?.string) })
    }
}
