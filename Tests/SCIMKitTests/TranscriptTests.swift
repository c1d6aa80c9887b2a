import JSONKit
import Kernel
import Testing

@testable import SCIMKit

/// What the two directories that most companies have really send, one request after the other.
@Suite struct TranscriptTests {
    @Test("Entra: capitalised operations, booleans as text, dotted members, filters that make values") func entra()
        throws
    {
        var user = try Directory.user(
            #"""
            {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
                        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
             "externalId":"0a21f0f2","userName":"mia@contoso.example","active":true,"displayName":"Mia Krug",
             "emails":[{"primary":true,"type":"work","value":"mia@contoso.example"}],
             "meta":{"resourceType":"User"},"name":{"formatted":"Mia Krug","familyName":"Krug","givenName":"Mia"},
             "roles":[]}
            """#)
        #expect(user["roles"] == nil && user["meta"] == nil)
        user = try Directory.patched(
            user,
            #"""
            [{"op":"Replace","path":"emails[type eq \"work\"].value","value":"mia.k@contoso.example"},
             {"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"+49 1"},
             {"op":"Replace","path":"name.familyName","value":"Krug-Lenz"},
             {"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Sales"},
             {"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"M1"}]
            """#)
        #expect(user["phoneNumbers"] == [["type": "mobile", "value": "+49 1"]])
        #expect(user["emails"]?.array?.first?["value"] == "mia.k@contoso.example")
        #expect(user[URN.enterprise] == ["department": "Sales", "manager": ["value": "M1"]])
        user = try Directory.patched(
            user,
            #"""
            [{"op":"Replace","value":{"displayName":"Mia Lenz","name.givenName":"Mia Sophie",
              "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"Retail",
              "phoneNumbers[type eq \"mobile\"].value":"+49 2"}}]
            """#)
        #expect(user["displayName"] == "Mia Lenz" && user["name"]?["givenName"] == "Mia Sophie")
        #expect(user[URN.enterprise]?["department"] == "Retail")
        #expect(user["phoneNumbers"] == [["type": "mobile", "value": "+49 2"]])
        user = try Directory.patched(
            user,
            #"""
            [{"op":"Replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
              "value":[{"value":"M2","$ref":"../Users/M2"}]},
             {"op":"Remove","path":"phoneNumbers[type eq \"mobile\"].value"},
             {"op":"Replace","path":"active","value":"False"}]
            """#)
        #expect(user["active"] == false)
        #expect(user[URN.enterprise]?["manager"]?["value"] == "M2")
        #expect(user["phoneNumbers"] == [["type": "mobile"]])
        user = try Directory.patched(user, #"[{"op":"Add","path":"active","value":"True"}]"#)
        #expect(user["active"] == true && user["userName"] == "mia@contoso.example")
    }

    @Test("Okta: objects without a path, its own id among them, and whole resources by PUT") func okta() throws {
        var user = try Directory.user(
            #"""
            {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"test.user@okta.example",
             "name":{"givenName":"Test","familyName":"User"},
             "emails":[{"primary":true,"value":"test.user@okta.example","type":"work"}],
             "displayName":"Test User","locale":"en-US","externalId":"00ujl29u0le5T6Aj10h7","groups":[],
             "password":"1mz050nq","active":true}
            """#)
        #expect(user["password"] == nil && user["groups"] == nil)
        user = try Directory.patched(user, #"[{"op":"replace","value":{"active":false}}]"#)
        #expect(user["active"] == false)
        user = try Directory.patched(
            user,
            #"""
            [{"op":"replace","value":{"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e05","active":true,
              "name":{"familyName":"Tester"},"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}}]
            """#)
        #expect(user["active"] == true && user["name"] == ["givenName": "Test", "familyName": "Tester"])
        #expect(user["externalId"] == "00ujl29u0le5T6Aj10h7")
    }

    @Test("the examples of RFC 7644, 3.5.2, end as it says") func examples() throws {
        var user = try Directory.user()
        user = try Directory.patched(
            user,
            #"""
            [{"op":"add","value":{"emails":[{"value":"babs@jensen.org","type":"home"}],"nickname":"Babs"}},
             {"op":"replace","path":"addresses","value":[{"type":"work","streetAddress":"911 Universal City Plaza"}]},
             {"op":"replace","path":"addresses[type eq \"work\"].streetAddress","value":"1010 Broadway Ave"},
             {"op":"replace","path":"addresses[type eq \"work\"]","value":
               {"type":"work","locality":"Hollywood","postalCode":"91608","country":"US","primary":true}}]
            """#)
        #expect(user["nickName"] == "Babs" && user["emails"]?.array?.count == 3)
        #expect(
            user["addresses"] == [
                ["type": "work", "locality": "Hollywood", "postalCode": "91608", "country": "US", "primary": true]
            ])
        user = try Directory.patched(
            user,
            #"""
            [{"op":"remove","path":"emails[type eq \"work\" and value ew \"example.com\"]"},
             {"op":"remove","path":"addresses[type eq \"work\"]"}]
            """#)
        #expect(user["emails"]?.array?.count == 2 && user["addresses"] == nil)
    }
}
