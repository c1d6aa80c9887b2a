import Postgres
import TestKit
import Testing

@testable import VerifiedDomains

@Suite struct MailDomainTests {
    @Test(
        "a domain has one form, however it is written",
        arguments: [
            ("Example.COM", "example.com"), (" example.com. ", "example.com"), ("bücher.de", "xn--bcher-kva.de"),
            ("BÜCHER.de", "xn--bcher-kva.de"), ("xn--bcher-kva.de", "xn--bcher-kva.de"),
            ("straße.de", "xn--strae-oqa.de"),
            ("例え.jp", "xn--r8jz45g.jp"), ("a-b.example.org", "a-b.example.org"),
        ])
    func normal(typed: String, normal: String) {
        #expect(MailDomain(typed)?.text == normal)
    }

    @Test(
        "the database writes it the same way", .postgres,
        arguments: [
            "Example.COM", "bücher.de", "BÜCHER.de", "xn--bcher-kva.de", "straße.de", "例え.jp", "münchen-ost.example",
            "ελλάδα.example", "пример.рф", "日本語。例え", "a-ü-b-ö.example", "Ｆｕｌｌ.example",
        ])
    func inTheDatabase(typed: String) async throws {
        let answered = try await TestDatabase.current.app.firstGlobally("SELECT mail_domain(\("ana@" + typed))") {
            try $0.next(String.self)
        }
        #expect(answered == MailDomain(typed)?.text)
    }

    @Test("it is shown as people read it") func shown() {
        #expect(MailDomain("xn--bcher-kva.de")?.shown == "bücher.de")
        #expect(MailDomain("example.com")?.shown == "example.com")
    }

    @Test(
        "what is no domain is none",
        arguments: [
            "", "com", "a", "ana@example.com", "exa mple.com", "-a.com", "a-.com", "a..com", ".com", "a_b.com", "*.com",
            "1.2.3.4", "example.com/x", "example.com:53", "a\n.com", "xn--a.com", "[::1]", "\u{202E}moc.com",
            String(repeating: "a", count: 64) + ".com", String(repeating: "abcdefg.", count: 31) + "com",
        ])
    func none(typed: String) {
        #expect(MailDomain(typed) == nil)
    }

    @Test(
        "what everybody can have is nobody's",
        arguments: [
            "co.uk", "github.io", "xn--55qx5d.cn", "gmail.com", "GMail.com", "yahoo.co.jp", "hotmail.fr", "icloud.com",
            "protonmail.com", "web.de", "qq.com",
        ])
    func common(typed: String) throws {
        #expect(try #require(MailDomain(typed)).isCommon)
    }

    @Test(
        "what somebody has is theirs",
        arguments: ["example.com", "mail.example.co.uk", "gmail.example.com", "ana.github.io"])
    func own(typed: String) throws {
        #expect(try #require(MailDomain(typed)).isCommon == false)
    }

    @Test("a record is found among others, with or without quotes, and nothing like it is taken") func record() {
        let record = DomainRecord("example.com", token: "abc")
        #expect(record.name == "_pulse-challenge.example.com" && record.value == "pulse-domain-verification=abc")
        #expect(record.isAmong(["v=spf1 -all", "pulse-domain-verification=abc"]))
        #expect(record.isAmong([" \"pulse-domain-verification=abc\" "]))
        for text in ["pulse-domain-verification=abcd", "pulse-domain-verification=ABC", "abc", "", "\""] {
            #expect(!record.isAmong([text]), "\(text)")
        }
    }
}
