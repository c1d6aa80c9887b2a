import Crypto
import SAMLKit
import SignedXML

@testable import SAML

/// Signatures that are none, or of somebody else, or over something else, or made so that checking them does harm.
enum SignatureAttacks {
    static let all = keys + algorithms + transforms + references + shapes + changes + names

    private static let ds = "http://www.w3.org/2000/09/xmldsig#"

    private static let keys: [Attack] = [
        .told("nothing is signed", .unsigned, signs: .nothing) { _ in },
        .changed("the signature is taken out", .unsigned) {
            $0.replacing(first: $0.cut("<ds:Signature ", "</ds:Signature>"), with: "")
        },
        .changed("the signature is renamed", .unsigned) { $0.replacingAll("ds:Signature", with: "ds:Signatur") },
        Attack("signed by another organisation's provider", .signatureMismatch) {
            try TestIdentityProvider(try TestKeys.foreign).response(ResponseDraft())
        },
        Attack("another provider's key with our provider's certificate beside it", .signatureMismatch) {
            var provider = TestIdentityProvider(try TestKeys.foreign)
            provider.signature.keyInfo = .certificate(try TestKeys.provider.certificateBytes)
            return try provider.response(ResponseDraft())
        },
        Attack("another provider's key, as both", .signatureMismatch) {
            try TestIdentityProvider(try TestKeys.foreign, signs: .both).response(ResponseDraft())
        },
        Attack("our own key", .signatureMismatch) {
            try TestIdentityProvider(try TestKeys.service).response(ResponseDraft())
        },
        Attack("our own key, while we have one", .signatureMismatch, in: { try ServiceCase(hasKey: true) }) {
            try TestIdentityProvider(try TestKeys.service).response(ResponseDraft())
        },
        Attack("a key that comes by address", .signatureMismatch) {
            var provider = TestIdentityProvider(try TestKeys.foreign)
            provider.signature.keyInfo = .text(
                "<ds:RetrievalMethod URI=\"http://evil.example/key\" Type=\"\(ds)X509Data\"/>")
            return try provider.response(ResponseDraft())
        },
        Attack("a key by name", .signatureMismatch) {
            var provider = TestIdentityProvider(try TestKeys.foreign)
            provider.signature.keyInfo = .text("<ds:KeyName>provider</ds:KeyName>")
            return try provider.response(ResponseDraft())
        },
        Attack("the key that it will have", .signatureMismatch) {
            try TestIdentityProvider(try TestKeys.next).response(ResponseDraft())
        },
    ]

    /// The good signature with another algorithm named, as if a verifier chose by the name.
    private static func renamed(_ name: String, _ algorithm: String, _ reason: SAMLRefusal.Reason = .algorithm)
        -> Attack
    {
        .changed(name, reason) { $0.replacing(first: SignatureDraft.rsaSHA256, with: algorithm) }
    }

    /// A MAC whose secret is what everybody knows: the provider's certificate.
    private static func mac(_ name: String, _ algorithm: String, _ secret: @escaping @Sendable () throws -> [UInt8])
        -> Attack
    {
        .changed(name, .algorithm) { good in
            let value = HMAC<SHA256>.authenticationCode(for: Array(good.utf8), using: SymmetricKey(data: try secret()))
            let old = good.cut("<ds:SignatureValue>", "</ds:SignatureValue>")
            return good.replacing(first: SignatureDraft.rsaSHA256, with: algorithm)
                .replacing(
                    first: old, with: "<ds:SignatureValue>\(Base64Text.encode(Array(value)))</ds:SignatureValue>")
        }
    }

    private static let more = "http://www.w3.org/2001/04/xmldsig-more#"

    private static let algorithms: [Attack] = [
        .signed("RSA with SHA-1", .algorithm) { $0.algorithm = ds + "rsa-sha1" },
        .signed("a digest of SHA-1", .digest) { $0.digest = ds + "sha1" },
        .signed("both of SHA-1", .algorithm) {
            $0.algorithm = ds + "rsa-sha1"
            $0.digest = ds + "sha1"
        },
        .signed("a digest of SHA-224", .digest) { $0.digest = more + "sha224" },
        .signed("RSA with SHA-224", .algorithm) { $0.algorithm = more + "rsa-sha224" },
        renamed("RSA with MD5", more + "rsa-md5"), renamed("DSA with SHA-1", ds + "dsa-sha1"),
        renamed("DSA with SHA-256", "http://www.w3.org/2009/xmldsig11#dsa-sha256"),
        renamed("a MAC of SHA-1 by name", ds + "hmac-sha1"), renamed("a MAC of SHA-256 by name", more + "hmac-sha256"),
        renamed("ECDSA with a key of RSA", more + "ecdsa-sha256", .signatureMismatch),
        renamed("RSA-PSS", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"),
        renamed("none", "none"), renamed("an empty name", ""), renamed("a name of JOSE", "RS256"),
        renamed("a name with a blank", SignatureDraft.rsaSHA256 + " "),
        renamed("a name in capitals", more + "RSA-SHA256"),
        mac("a MAC with the certificate in PEM", more + "hmac-sha256") {
            Array(try TestKeys.provider.certificate.utf8)
        },
        mac("a MAC with the certificate in DER", more + "hmac-sha256") { try TestKeys.provider.certificateBytes },
        mac("a MAC with nothing", more + "hmac-sha256") { [] },
        .changed("a MAC cut to nothing", .algorithm) {
            $0.replacing(
                first: "<ds:SignatureMethod Algorithm=\"\(SignatureDraft.rsaSHA256)\"/>",
                with:
                    "<ds:SignatureMethod Algorithm=\"\(more)hmac-sha256\"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>"
            )
        },
        .changed("RSA cut to nothing", .algorithm) {
            $0.replacing(
                first: "<ds:SignatureMethod Algorithm=\"\(SignatureDraft.rsaSHA256)\"/>",
                with:
                    "<ds:SignatureMethod Algorithm=\"\(SignatureDraft.rsaSHA256)\"><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>"
            )
        },
        .changed("a digest of MD5", .digest) { $0.replacing(first: SignatureDraft.sha256, with: more + "md5") },
        .changed("a digest without a name", .digest) { $0.replacing(first: SignatureDraft.sha256, with: "") },
    ]

    private static func transformed(_ name: String, _ raw: String, _ reason: SAMLRefusal.Reason = .transform) -> Attack
    {
        .changed(name, reason) { $0.replacing(first: $0.cut("<ds:Transforms>", "</ds:Transforms>"), with: raw) }
    }

    private static func listed(_ transforms: String...) -> String {
        "<ds:Transforms>" + transforms.joined() + "</ds:Transforms>"
    }
    private static func plain(_ algorithm: String, _ inside: String = "") -> String {
        "<ds:Transform Algorithm=\"\(algorithm)\">\(inside)</ds:Transform>"
    }
    private static let out = plain(SignatureDraft.enveloped)

    private static let transforms: [Attack] = [
        transformed("no transforms", ""), transformed("an empty list of transforms", listed()),
        transformed("the signature is not taken out", listed(plain(SignatureDraft.exclusive))),
        transformed("taken out twice", listed(out, out)),
        transformed("three transforms", listed(out, plain(SignatureDraft.exclusive), plain(SignatureDraft.exclusive))),
        transformed("the other way round", listed(plain(SignatureDraft.exclusive), out)),
        transformed(
            "a program in XSLT",
            listed(
                out,
                plain(
                    "http://www.w3.org/TR/1999/REC-xslt-19991116",
                    "<xsl:stylesheet version=\"1.0\" xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"><xsl:template match=\"/\"><xsl:for-each select=\"//. | //@*\"><xsl:for-each select=\"//. | //@*\"><a/></xsl:for-each></xsl:for-each></xsl:template></xsl:stylesheet>"
                ))),
        transformed("XSLT alone", listed(plain("http://www.w3.org/TR/1999/REC-xslt-19991116"))),
        transformed(
            "XPath",
            listed(
                out, plain("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>not(//saml:Attribute)</ds:XPath>")
            )),
        transformed(
            "XPath that takes time",
            listed(
                out,
                plain(
                    "http://www.w3.org/TR/1999/REC-xpath-19991116",
                    "<ds:XPath>count(//. | //@* | //namespace::*) &gt; 0</ds:XPath>"))),
        transformed(
            "XPath of the second kind",
            listed(
                out,
                plain(
                    "http://www.w3.org/2002/06/xmldsig-filter2",
                    "<f:XPath xmlns:f=\"http://www.w3.org/2002/06/xmldsig-filter2\" Filter=\"subtract\">//*</f:XPath>"))
        ),
        transformed("XPointer", listed(out, plain("http://www.w3.org/2001/04/xmldsig-more/xptr", "<x/>"))),
        transformed("base64", listed(out, plain(ds + "base64"))),
        transformed("base64 alone", listed(plain(ds + "base64"))),
        transformed("a transform without a name", listed(out, "<ds:Transform/>")),
        transformed("a transform of nobody's", listed(out, plain("urn:evil"))),
        transformed("the canonical form of 1.1", listed(out, plain("http://www.w3.org/2006/12/xml-c14n11"))),
        transformed(
            "something in the transform that takes out",
            listed(plain(SignatureDraft.enveloped, "<x/>"), plain(SignatureDraft.exclusive))),
        transformed(
            "a thousand prefixes",
            listed(
                out,
                plain(
                    SignatureDraft.exclusive,
                    "<e:InclusiveNamespaces xmlns:e=\"\(SignatureDraft.exclusive)\" PrefixList=\"\((0..<1000).map { "p\($0)" }.joined(separator: " "))\"/>"
                ))),
        transformed(
            "prefixes with the inclusive form",
            listed(
                out,
                plain(
                    SignatureDraft.inclusive,
                    "<e:InclusiveNamespaces xmlns:e=\"\(SignatureDraft.exclusive)\" PrefixList=\"xs\"/>"))),
        transformed(
            "another canonical form than was signed", listed(out, plain(SignatureDraft.inclusive)), .digestMismatch),
        .changed("the canonical form is none", .canonicalization) {
            $0.replacing(
                first: "<ds:CanonicalizationMethod Algorithm=\"\(SignatureDraft.exclusive)\"/>",
                with: "<ds:CanonicalizationMethod Algorithm=\"\"/>")
        },
        .changed("the canonical form is XSLT", .canonicalization) {
            $0.replacing(
                first: "<ds:CanonicalizationMethod Algorithm=\"\(SignatureDraft.exclusive)\"/>",
                with: "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>")
        },
        .changed("the canonical form takes a signature out", .canonicalization) {
            $0.replacing(
                first: "<ds:CanonicalizationMethod Algorithm=\"\(SignatureDraft.exclusive)\"/>",
                with: "<ds:CanonicalizationMethod Algorithm=\"\(SignatureDraft.enveloped)\"/>")
        },
        .changed("the canonical form is another one", .signatureMismatch) {
            $0.replacing(
                first: "<ds:CanonicalizationMethod Algorithm=\"\(SignatureDraft.exclusive)\"/>",
                with: "<ds:CanonicalizationMethod Algorithm=\"\(SignatureDraft.inclusive)\"/>")
        },
    ]

    private static func referring(_ name: String, _ reason: SAMLRefusal.Reason, _ uri: String) -> Attack {
        .changed(name, reason) { $0.replacing(first: " URI=\"#_assertion1\"", with: uri) }
    }

    private static let references: [Attack] = [
        referring("to nothing", .wrongReference, ""), referring("to the whole document", .wrongReference, " URI=\"\""),
        referring("to the response", .wrongReference, " URI=\"#_response1\""),
        referring("to an ID that nobody has", .wrongReference, " URI=\"#_nobody\""),
        referring("to an empty ID", .wrongReference, " URI=\"#\""),
        referring("to everything by XPointer", .wrongReference, " URI=\"#xpointer(/)\""),
        referring("to an ID by XPointer", .wrongReference, " URI=\"#xpointer(id('_assertion1'))\""),
        referring("to an ID that is escaped", .wrongReference, " URI=\"#%5Fassertion1\""),
        referring("to an ID with a blank", .wrongReference, " URI=\"#_assertion1 \""),
        referring("without the number sign", .externalReference, " URI=\"_assertion1\""),
        referring("to a file", .externalReference, " URI=\"file:///etc/passwd\""),
        referring("to an address", .externalReference, " URI=\"http://169.254.169.254/#_assertion1\""),
        referring("to an attachment", .externalReference, " URI=\"cid:1\""),
        referring("to data", .externalReference, " URI=\"data:text/xml,%3Ca/%3E\""),
        referring("to a manifest", .signatureShape, " Type=\"\(ds)Manifest\" URI=\"#_assertion1\""),
        .changed("two references", .severalReferences) {
            let one = $0.cut("<ds:Reference ", "</ds:Reference>")
            return $0.replacing(first: one, with: one + one)
        },
        .changed("two references, the second to the response", .severalReferences) {
            let one = $0.cut("<ds:Reference ", "</ds:Reference>")
            return $0.replacing(first: one, with: one + one.replacing(first: "#_assertion1", with: "#_response1"))
        },
        .changed("no reference", .signatureShape) {
            $0.replacing(first: $0.cut("<ds:Reference ", "</ds:Reference>"), with: "")
        },
    ]

    private static func shaped(
        _ name: String, _ old: String, _ new: String, _ reason: SAMLRefusal.Reason = .signatureShape
    ) -> Attack {
        .changed(name, reason) { $0.replacing(first: old, with: new) }
    }

    private static let shapes: [Attack] = [
        shaped("an object in the signature", "</ds:Signature>", "<ds:Object>x</ds:Object></ds:Signature>"),
        shaped("something else in the signature", "</ds:Signature>", "<x:y xmlns:x=\"urn:x\"/></ds:Signature>"),
        shaped("something before what is signed", "<ds:SignedInfo>", "<ds:Object/><ds:SignedInfo>"),
        shaped("two of what is signed", "<ds:SignedInfo>", "<ds:SignedInfo/><ds:SignedInfo>"),
        shaped("two values", "<ds:SignatureValue>", "<ds:SignatureValue/><ds:SignatureValue>"),
        shaped("an element in the value", "<ds:SignatureValue>", "<ds:SignatureValue><x/>"),
        shaped("an element in the digest", "<ds:DigestValue>", "<ds:DigestValue><x/>"),
        shaped("two digests", "<ds:DigestValue>", "<ds:DigestValue/><ds:DigestValue>"),
        shaped("two methods", "<ds:SignatureMethod ", "<ds:SignatureMethod/><ds:SignatureMethod ", .algorithm),
        shaped("two keys", "<ds:KeyInfo>", "<ds:KeyInfo/><ds:KeyInfo>"),
        shaped(
            "something in the digest's method", "<ds:DigestMethod Algorithm=\"\(SignatureDraft.sha256)\"/>",
            "<ds:DigestMethod Algorithm=\"\(SignatureDraft.sha256)\"><x/></ds:DigestMethod>", .digest),
        .changed("nothing in the signature", .signatureShape) {
            $0.replacing(first: $0.cut("<ds:Signature ", "</ds:Signature>"), with: "<ds:Signature xmlns:ds=\"\(ds)\"/>")
        },
        .changed("no value", .signatureShape) {
            $0.replacing(first: $0.cut("<ds:SignatureValue>", "</ds:SignatureValue>"), with: "")
        },
        .changed("an empty value", .signatureMismatch) {
            $0.replacing(
                first: $0.cut("<ds:SignatureValue>", "</ds:SignatureValue>"),
                with: "<ds:SignatureValue></ds:SignatureValue>")
        },
        .changed("a short value", .signatureMismatch) {
            $0.replacing(
                first: $0.cut("<ds:SignatureValue>", "</ds:SignatureValue>"),
                with: "<ds:SignatureValue>AAAA</ds:SignatureValue>")
        },
        .changed("a long value", .signatureMismatch) {
            $0.replacing(
                first: $0.cut("<ds:SignatureValue>", "</ds:SignatureValue>"),
                with: "<ds:SignatureValue>\(String(repeating: "A", count: 100_000))</ds:SignatureValue>")
        },
        .changed("an empty digest", .digestMismatch) {
            $0.replacing(
                first: $0.cut("<ds:DigestValue>", "</ds:DigestValue>"), with: "<ds:DigestValue></ds:DigestValue>")
        },
        .changed("a short digest", .digestMismatch) {
            $0.replacing(
                first: $0.cut("<ds:DigestValue>", "</ds:DigestValue>"), with: "<ds:DigestValue>AAAA</ds:DigestValue>")
        },
    ]

    private static func edited(_ name: String, _ old: String, _ new: String) -> Attack {
        .changed(name, .digestMismatch) { $0.replacing(first: old, with: new) }
    }

    private static let changes: [Attack] = [
        edited("the NameID is changed", "ana@nordwind.example<", "admin@nordwind.example<"),
        edited("a letter of the NameID is a capital", "ana@", "Ana@"),
        edited("a blank before the NameID", ">ana@", "> ana@"),
        edited(
            "a group is added", "<saml:AttributeValue",
            "<saml:AttributeValue>root</saml:AttributeValue><saml:AttributeValue"),
        edited("a group is changed", ">ops<", ">root<"),
        edited("the audience is changed", "/main/metadata<", "/other/metadata<"),
        edited(
            "the end is changed", "NotOnOrAfter=\"\(ResponseDraft.time(300))\" Recipient",
            "NotOnOrAfter=\"\(ResponseDraft.time(900))\" Recipient"),
        edited("the conditions are taken out", "<saml:Conditions", "<saml:Advice/><saml:Conditions"),
        edited(
            "a prefix means another namespace", "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"",
            "xmlns:xsi=\"urn:x\""),
        .changed("a byte of a signed response is changed", .digestMismatch, signs: .response) {
            $0.replacing(first: "Ana Lind", with: "Eva Lind")
        },
        .changed("the status of a signed response is changed", .digestMismatch, signs: .response) {
            $0.replacing(first: "</samlp:Status>", with: "<samlp:StatusMessage>x</samlp:StatusMessage></samlp:Status>")
        },
    ]

    private static func named(_ name: String, _ reason: SAMLRefusal.Reason, _ attribute: String) -> Attack {
        .changed(name, reason) { $0.replacing(first: " ID=\"_assertion1\"", with: attribute) }
    }

    private static let names: [Attack] = [
        named("no ID", .idShape, ""), named("an ID in small letters", .idShape, " id=\"_assertion1\""),
        named("an Id", .idShape, " Id=\"_assertion1\""), named("xml:id", .idShape, " xml:id=\"_assertion1\""),
        named("an ID of a namespace", .idShape, " xmlns:u=\"urn:u\" u:ID=\"_assertion1\""),
        named("an ID and an Id", .idShape, " ID=\"_assertion1\" Id=\"_evil\""),
        named("an ID and xml:id", .idShape, " ID=\"_assertion1\" xml:id=\"_evil\""),
        named("an empty ID", .idShape, " ID=\"\""), named("an ID that begins with a digit", .idShape, " ID=\"1\""),
        named("an ID with a colon", .idShape, " ID=\"a:b\""), named("an ID with a blank", .idShape, " ID=\"a b\""),
        named("an ID with a bracket", .idShape, " ID=\"a(b)\""),
        named("an ID with a quote", .idShape, " ID=\"a&quot;b\""),
        named("an ID with another letter", .idShape, " ID=\"_ässertion\""),
        named("an ID of 300 letters", .idShape, " ID=\"\(String(repeating: "a", count: 300))\""),
        .changed("another element with the same ID", .duplicateID) {
            $0.replacing(first: "<samlp:Status>", with: "<samlp:Status ID=\"_assertion1\">")
        },
        .changed("another element with the same ID as xml:id", .idShape) {
            $0.replacing(first: "<samlp:Status>", with: "<samlp:Status xml:id=\"_assertion1\">")
        },
        .changed("another element with the same ID as Id", .duplicateID) {
            $0.replacing(first: "<ds:KeyInfo>", with: "<ds:KeyInfo Id=\"_assertion1\">")
        },
        .changed("two other elements with one ID", .duplicateID) {
            $0.replacing(first: "<samlp:Status>", with: "<samlp:Status ID=\"x\">").replacing(
                first: "<ds:KeyInfo>", with: "<ds:KeyInfo Id=\"x\">")
        },
    ]
}
