import Kernel
import SAMLKit

@testable import SAML

/// Messages that are signed well and meant for somebody else, for another time, or for nothing of ours.
enum ContentAttacks {
    static let all = addressed + asked + times + subjects + conditions + status

    private static func scene(
        _ change: @escaping @Sendable (inout SAMLSettings) -> Void
    ) -> @Sendable () throws -> ServiceCase {
        {
            var scene = try ServiceCase()
            change(&scene.settings)
            return scene
        }
    }

    private static let addressed: [Attack] = [
        .told("for another organisation's address", .wrongDestination) {
            $0.destination = "https://pulse.example.com/api/saml/other/main/acs"
        },
        .told("for another installation", .wrongDestination) {
            $0.destination = "https://evil.example/api/saml/nordwind/main/acs"
        },
        .told("for no address, in a signed response", .wrongDestination) { $0.destination = nil },
        .told("for an empty address", .wrongDestination) { $0.destination = "" },
        .told("for an address that goes on", .wrongDestination) { $0.destination = ResponseDraft.acs + "/x" },
        .told("for an address with a question", .wrongDestination) { $0.destination = ResponseDraft.acs + "?x" },
        .told("for an address in capitals", .wrongDestination) { $0.destination = ResponseDraft.acs.uppercased() },
        .told("an unsigned response for another address", .wrongDestination, signs: .assertion) {
            $0.destination = "https://evil.example/acs"
        },
        .told("to be received elsewhere", .wrongRecipient) {
            $0.recipient = "https://pulse.example.com/api/saml/other/main/acs"
        },
        .told("to be received nowhere", .wrongRecipient) { $0.recipient = nil },
        .told("to be received at nothing", .wrongRecipient) { $0.recipient = "" },
        .told("to be received at an address that goes on", .wrongRecipient) { $0.recipient = ResponseDraft.acs + "/" },
        .told("for another audience", .wrongAudience) { $0.audiences = [["https://other.example/sp"]] },
        .told("for an audience that begins alike", .wrongAudience) {
            $0.audiences = [[ResponseDraft.audience + ".evil.example"]]
        },
        .told("for an empty audience", .wrongAudience) { $0.audiences = [[""]] },
        .told("for a restriction of nobody", .wrongAudience) { $0.audiences = [[]] },
        .told("for no audience", .wrongAudience) { $0.audiences = [] },
        .told("for us and, in a second restriction, for another", .wrongAudience) {
            $0.audiences = [[ResponseDraft.audience], ["https://other.example/sp"]]
        },
        .told("without conditions", .wrongAudience) { $0.hasConditions = false },
        .told("from another issuer", .wrongIssuer) { $0.assertionIssuer = "https://evil.example/idp" },
        .told("from nobody", .wrongIssuer) { $0.assertionIssuer = nil },
        .told("from an empty issuer", .wrongIssuer) { $0.assertionIssuer = "" },
        .told("from an issuer in capitals", .wrongIssuer) { $0.assertionIssuer = ResponseDraft.issuer.uppercased() },
        .told("from an issuer that goes on", .wrongIssuer) { $0.assertionIssuer = ResponseDraft.issuer + "/" },
        .told("from an issuer of another kind", .wrongIssuer) { $0.issuerFormat = ResponseDraft.email },
        .told("a response from another issuer", .wrongIssuer) { $0.responseIssuer = "https://evil.example/idp" },
        .told("an unsigned response from another issuer", .wrongIssuer, signs: .assertion) {
            $0.responseIssuer = "https://evil.example/idp"
        },
    ]

    private static let begun = scene { $0.allowIdpInitiated = true }

    private static let asked: [Attack] = [
        .told("an answer to another request", .wrongInResponseTo) {
            $0.responseInResponseTo = "_other"
            $0.inResponseTo = "_other"
        },
        .told("a response to another request", .wrongInResponseTo) { $0.responseInResponseTo = "_other" },
        .told("an unsigned response to another request", .wrongInResponseTo, signs: .assertion) {
            $0.responseInResponseTo = "_other"
        },
        .told("an assertion for another request", .wrongInResponseTo) { $0.inResponseTo = "_other" },
        .told("an assertion for another request in an unsigned response", .wrongInResponseTo, signs: .assertion) {
            $0.inResponseTo = "_other"
        },
        .told("a response to nothing", .wrongInResponseTo) { $0.responseInResponseTo = nil },
        .told("an assertion for nothing", .wrongInResponseTo) { $0.inResponseTo = nil },
        .told("an empty request", .wrongInResponseTo) {
            $0.responseInResponseTo = ""
            $0.inResponseTo = ""
        },
        .told("nobody asked", .unsolicited, requestID: nil) { _ in },
        .told("nobody asked, and it says so", .unsolicited, requestID: nil) {
            $0.responseInResponseTo = nil
            $0.inResponseTo = nil
        },
        .told("nobody asked and the provider may begin, but it answers", .unsolicited, requestID: nil, in: begun) { _ in
        },
        .told(
            "nobody asked and the provider may begin, but the assertion answers", .unsolicited, requestID: nil,
            in: begun
        ) {
            $0.responseInResponseTo = nil
        },
        .told(
            "nobody asked and the provider may begin, but the response answers", .unsolicited, requestID: nil, in: begun
        ) {
            $0.inResponseTo = nil
        },
    ]

    private static let times: [Attack] = [
        .told("over", .expired) { $0.validUntil = ResponseDraft.time(-121) },
        .told("over to the second", .expired) { $0.validUntil = ResponseDraft.time(-120) },
        .told("not begun", .notYetValid) { $0.validFrom = ResponseDraft.time(121) },
        .told("not to be handed in any more", .confirmationExpired) { $0.confirmationEnd = ResponseDraft.time(-120) },
        .told("to be handed in whenever", .badTime) { $0.confirmationEnd = nil },
        .told("to be handed in later", .notYetValid) { $0.confirmationStart = ResponseDraft.time(121) },
        .told("an end that is none", .badTime) { $0.validUntil = "tomorrow" },
        .told("an end of last century's format", .badTime) { $0.validUntil = "2026-11-22 00:00" },
        .told("an end in no zone", .badTime) { $0.confirmationEnd = "2099-01-01T00:00:00" },
        .told("an end on no day", .badTime) { $0.confirmationEnd = "2099-02-30T00:00:00Z" },
        .told("an empty end", .badTime) { $0.confirmationEnd = "" },
        .told("a start that is none", .badTime) { $0.validFrom = "-1" },
        .told("a response of an hour ago", .stale) { $0.responseIssued = ResponseDraft.time(-3600) },
        .told("an assertion of an hour ago that is still valid", .stale) {
            $0.assertionIssued = ResponseDraft.time(-3600)
        },
        .told("a response from the future", .notYetValid) { $0.responseIssued = ResponseDraft.time(121) },
        .told("an assertion from the future", .notYetValid) { $0.assertionIssued = ResponseDraft.time(121) },
        .told("a response of no time", .badTime) { $0.responseIssued = nil },
        .told("an assertion of no time", .badTime) { $0.assertionIssued = nil },
        .told("an assertion of a time that is none", .badTime) { $0.assertionIssued = "now" },
        .told("a session that has ended", .sessionEnded) { $0.sessionEnd = ResponseDraft.time(0) },
        .told("a session whose end is none", .badTime) { $0.sessionEnd = "never" },
        .told("a login in the future", .notYetValid) { $0.authenticatedAt = ResponseDraft.time(121) },
        .told("a login at no time", .badTime) { $0.authenticatedAt = nil },
    ]

    private static let subjects: [Attack] = [
        .told("about nobody", .noSubject) { $0.nameID = nil },
        .told("about a subject without a name", .noSubject) { $0.nameID = "" },
        .told("about an empty name", .noSubject) { $0.nameID = "<A:NameID></A:NameID>" },
        .told("about a name of blanks", .noSubject) { $0.nameID = "<A:NameID>  \n </A:NameID>" },
        .told("about two", .noSubject) { $0.nameID = "<A:NameID>a</A:NameID><A:NameID>b</A:NameID>" },
        .told("about a name with an element in it", .noSubject) { $0.nameID = "<A:NameID>admin<x/>.evil</A:NameID>" },
        .told("about a name of two lines", .noSubject) { $0.nameID = "<A:NameID>a&#10;b</A:NameID>" },
        .told("about a name that runs backwards", .noSubject) { $0.nameID = "<A:NameID>a\u{202E}b</A:NameID>" },
        .told("about a name of two kilobytes", .noSubject) {
            $0.nameID = "<A:NameID>\(String(repeating: "a", count: 2048))</A:NameID>"
        },
        .told("about a name of another namespace", .noSubject) {
            $0.nameID = "<x:NameID xmlns:x=\"urn:x\">admin</x:NameID>"
        },
        .told("about a sealed name", .noDecryptionKey) { $0.nameID = "<A:EncryptedID/>" },
        .told("about a name for one login", .transientSubject) {
            $0.nameID = "<A:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\">x1</A:NameID>"
        },
        .told("without the attribute that names people", .noSubject, in: scene { $0.usernameAttr = "uid" }) { _ in },
        .told("with an empty attribute that names people", .noSubject, in: scene { $0.usernameAttr = "uid" }) {
            $0.attributes.append(.init("uid", [""]))
        },
        .told("for who holds a key", .noConfirmation) {
            $0.confirmationMethod = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
        },
        .told("for a sender who vouches", .noConfirmation) {
            $0.confirmationMethod = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
        },
        .told("for nobody in particular", .noConfirmation) { $0.confirmationMethod = "" },
        .told("of which nobody says that somebody signed in", .noStatement) { $0.hasStatement = false },
        .told("with five thousand groups", .tooMuch) {
            $0.typesValues = false
            $0.attributes = [.init("groups", (0..<5000).map { "g\($0)" })]
        },
        .told("with three hundred attributes", .tooMuch) { $0.attributes = (0..<300).map { .init("a\($0)", ["x"]) } },
        .told(
            "only the response is signed where the assertion has to be", .assertionUnsigned, signs: .response,
            in: scene { $0.wantAssertionsSigned = true }
        ) { _ in },
    ]

    private static let conditions: [Attack] = [
        .told("with a condition of nobody's", .unknownCondition) { $0.moreConditions = "<x:Never xmlns:x=\"urn:x\"/>" },
        .told("with a condition that is not known", .unknownCondition) { $0.moreConditions = "<A:Condition/>" },
        .told("with something else in the assertion", .unexpectedElement) { $0.moreInAssertion = "<A:Evil/>" },
        .told("of another version", .wrongVersion) { $0.assertionVersion = "1.1" },
        .told("of no version", .wrongVersion) { $0.assertionVersion = nil },
        .told("a response of another version", .wrongVersion) { $0.responseVersion = "1.1" },
        .told("a response of no version", .wrongVersion) { $0.responseVersion = nil },
    ]

    private static func code(_ value: String, _ inside: String = "") -> String {
        "<P:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:\(value)\">\(inside)</P:StatusCode>"
    }

    private static let status: [Attack] = [
        .told("the login failed", .statusRefused) { $0.status = code("Responder", code("AuthnFailed")) },
        .told("it failed and succeeded", .statusRefused) { $0.status = code("Responder", code("Success")) },
        .told("it succeeded and failed", .statusRefused) { $0.status = code("Success") + code("Responder") },
        .told("no status", .statusRefused) { $0.status = "" },
        .told("an empty status", .statusRefused) { $0.status = "<P:StatusCode Value=\"\"/>" },
        .told("a status of another namespace", .statusRefused) {
            $0.status = "<x:StatusCode xmlns:x=\"urn:x\" Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>"
        },
        .told("a status in small letters", .statusRefused) { $0.status = code("success") },
    ]
}
