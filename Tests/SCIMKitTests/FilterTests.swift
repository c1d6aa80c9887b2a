import JSONKit
import Kernel
import Testing

@testable import SCIMKit

@Suite struct FilterTests {
    private static let person: Members = [
        "userName": "Ana@Example.com", "active": true, "title": "Engineer", "externalId": "A1",
        "name": ["familyName": "Berg", "givenName": "Ana"],
        "emails": [
            ["type": "work", "value": "ana@example.com", "primary": true], ["type": "home", "value": "a@home.example"],
        ],
        "meta": ["lastModified": "2026-11-21T09:30:00.000Z"],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": ["department": "Tools"],
    ]

    @Test(
        "a filter finds what it says",
        arguments: [
            #"userName eq "ana@example.com""#, #"USERNAME EQ "ANA@EXAMPLE.COM""#, #"userName sw "ana""#,
            #"userName ew ".COM""#, #"userName co "@""#, #"title pr"#, #"active eq true"#, #"active eq "True""#,
            #"externalId eq "A1""#, #"name.familyName co "er""#, #"emails eq "ana@example.com""#,
            #"emails.type eq "home""#, #"emails[type eq "work" and value co "@example.com"]"#,
            #"emails[type eq "work"].value eq "ana@example.com""#, #"not (title eq "Manager")"#,
            #"nickName ne "x""#, #"not(nickName pr)"#, #"nickName eq null"#, #"title ne null"#,
            #"meta.lastModified gt "2026-11-21T10:00:00+01:00""#, #"meta.lastModified le "2026-11-21T09:30:00Z""#,
            #"title eq "x" or userName sw "ana" and active eq true"#, #"(title eq "x" or active eq true) and title pr"#,
            #"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "A""#,
            #"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "tools""#,
            #"title gt "Dean""#, #"title lt "Zebra""#, #"title ge "engineer""#, #"  title   pr  "#,
            #"userName eq "ana@example.com""#,
        ])
    func finds(text: String) throws {
        #expect(try Filter(text, of: .user).matches(Self.person))
    }

    @Test(
        "a filter does not find what it does not say",
        arguments: [
            #"userName eq "ana""#, #"externalId eq "a1""#, #"active eq false"#, #"nickName pr"#,
            #"emails[type eq "work" and value eq "a@home.example"]"#,
            #"emails[type eq "home"].value eq "ana@example.com""#,
            #"title eq "x" or userName sw "b" and active eq true"#, #"not (title pr)"#, #"userName eq "ana\"""#,
            #"userName eq "' OR 1=1 --""#, #"userName co "%""#, #"userName sw "_na""#, #"title eq null"#,
        ])
    func findsNot(text: String) throws {
        #expect(try !Filter(text, of: .user).matches(Self.person))
    }

    @Test(
        "what is no filter is refused as one",
        arguments: [
            "", "userName", "userName eq", #"userName eq "a"#, #"eq "a""#, #"userName is "a""#, "(userName pr",
            "userName pr)", #"userName eq "a" and"#, "not userName pr", #"password eq "a""#, #"userName eq 5"#,
            "userName eq true", #"active gt true"#, #"active co "t""#, #"active eq "maybe""#, #"emails[type eq "work""#,
            #"emails[colour eq "red"]"#, #"userName[value eq "a"]"#, #"emails[type eq "work"].colour eq "x""#,
            #"emails[emails[type eq "a"]]"#, #"meta.created gt "yesterday""#, #"name eq "Ana""#, #"userName eq 'a'"#,
            #"userName eq "a"; DROP TABLE users"#, #"userName eq "\u0000""#, #"userName eq "\ud800""#, "[]", "((()))",
            #"urn:nobody:User:userName eq "a""#, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq true",
            #"userName gt null"#, #"name.familyName.first eq "a""#, "userName eq \"a\u{0}\"", #"userName.value eq "a""#,
        ])
    func refused(text: String) {
        #expect(Directory.refusal { try Filter(text, of: .user) } == "invalidFilter", "\(text)")
    }

    @Test("a filter has bounds: length, depth and terms") func bounds() throws {
        let nested = { (depth: Int) in
            String(repeating: "(", count: depth) + "title pr" + String(repeating: ")", count: depth)
        }
        #expect(try Filter(nested(Bounds.filterDepth - 1), of: .user).matches(Self.person))
        #expect(Directory.refusal { try Filter(nested(Bounds.filterDepth), of: .user) } == "invalidFilter")
        #expect(Directory.refusal { try Filter(nested(2000), of: .user) } == "invalidFilter")
        let chained = { (terms: Int) in Array(repeating: "title pr", count: terms).joined(separator: " or ") }
        #expect(try Filter(chained(Bounds.filterTerms), of: .user).matches(Self.person))
        #expect(Directory.refusal { try Filter(chained(Bounds.filterTerms + 1), of: .user) } == "invalidFilter")
        let long = #"title eq "\#(String(repeating: "a", count: Bounds.filterBytes))""#
        #expect(Directory.refusal { try Filter(long, of: .user) } == "invalidFilter")
        let negations = String(repeating: "not (", count: 500) + "title pr" + String(repeating: ")", count: 500)
        #expect(Directory.refusal { try Filter(negations, of: .user) } == "invalidFilter")
    }

    @Test("composed and decomposed letters are the same, upper and lower case too") func unicode() throws {
        let person: Members = ["userName": "Jos\u{E9}"]
        #expect(try Filter("userName eq \"JOSE\u{301}\"", of: .user).matches(person))
    }
}
