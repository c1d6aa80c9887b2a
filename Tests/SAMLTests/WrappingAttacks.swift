import SAMLKit

@testable import SAML

/// A signed message wrapped into another one: the eight known shapes, and every other place that something fits in.
enum WrappingAttacks {
    /// What an attacker wants to be read.
    private static func evil(id: String? = "_evil", signature: String = "") -> String {
        var draft = ResponseDraft()
        draft.assertionID = id
        draft.nameID = "<A:NameID Format=\"\(ResponseDraft.email)\">admin@nordwind.example</A:NameID>"
        return draft.assertion(signature)
    }

    private static func signedAssertion() throws -> String { try TestIdentityProvider().assertion(ResponseDraft()) }

    private static func signedResponse() throws -> String {
        try TestIdentityProvider(try TestKeys.provider, signs: .response).response(ResponseDraft())
    }

    private static let response = ResponseDraft()
    private static let signature = ("<ds:Signature ", "</ds:Signature>")

    static let all = shapes + places + places(of: "_assertion1", "the same ID", .duplicateID) + roots + signatures

    private static let shapes: [Attack] = [
        Attack("XSW1: the signed response in the signature of another one", .misplacedAssertion) {
            let good = try signedResponse()
            let mark = good.cut(signature.0, signature.1)
            let inside = mark.replacing(
                first: "</ds:Signature>", with: good.replacing(first: mark, with: "") + "</ds:Signature>")
            return other(evil(), signed: inside)
        },
        Attack("XSW2: the signed response before its signature in another one", .misplacedAssertion) {
            let good = try signedResponse()
            let mark = good.cut(signature.0, signature.1)
            return other(evil(), signed: good.replacing(first: mark, with: "") + mark)
        },
        Attack("XSW3: another assertion before the signed one", .severalAssertions) {
            response.response(evil() + (try signedAssertion()))
        },
        Attack("XSW3: another assertion behind the signed one", .severalAssertions) {
            response.response(try signedAssertion() + evil())
        },
        Attack("XSW4: the signed assertion in another one", .misplacedAssertion) {
            response.response(
                evil().replacing(first: "</saml:Assertion>", with: try signedAssertion() + "</saml:Assertion>"))
        },
        Attack("XSW5: the signature in another assertion, the signed one behind it", .severalAssertions) {
            let good = try signedAssertion()
            let mark = good.cut(signature.0, signature.1)
            return response.response(evil(signature: mark) + good.replacing(first: mark, with: ""))
        },
        Attack("XSW6: the signed assertion in the signature in another one", .misplacedAssertion) {
            let good = try signedAssertion()
            let mark = good.cut(signature.0, signature.1)
            let inside = mark.replacing(
                first: "</ds:Signature>", with: good.replacing(first: mark, with: "") + "</ds:Signature>")
            return response.response(evil(signature: inside))
        },
        Attack("XSW7: the signed assertion in extensions", .misplacedAssertion) {
            var draft = response
            draft.beforeStatus = "<P:Extensions>\(try signedAssertion())</P:Extensions>"
            return draft.response(evil())
        },
        Attack("XSW8: the signed assertion in an object of the signature", .misplacedAssertion) {
            let good = try signedAssertion()
            let mark = good.cut(signature.0, signature.1)
            let object = "<ds:Object>\(good.replacing(first: mark, with: ""))</ds:Object></ds:Signature>"
            return response.response(evil(signature: mark.replacing(first: "</ds:Signature>", with: object)))
        },
    ]

    private static func other(_ content: String, signed signature: String) -> String {
        var draft = ResponseDraft()
        draft.responseID = "_other"
        return draft.response(content, signature)
    }

    /// Where the signed assertion is kept while another one is to be read.
    private static let hidingPlaces: [(String, String, String)] = [
        ("the status", "<samlp:Status>", "</samlp:Status>"), ("the subject", "<saml:Subject>", "</saml:Subject>"),
        ("the NameID", "<saml:NameID", "</saml:NameID>"), ("the conditions", "<saml:Conditions", "</saml:Conditions>"),
        ("the audience", "<saml:Audience>", "</saml:Audience>"),
        ("the statement", "<saml:AuthnStatement", "</saml:AuthnStatement>"),
        ("the class of the statement", "<saml:AuthnContextClassRef>", "</saml:AuthnContextClassRef>"),
        ("the attributes", "<saml:AttributeStatement>", "</saml:AttributeStatement>"),
        ("an attribute", "<saml:Attribute ", "</saml:Attribute>"),
        ("an attribute's value", "<saml:AttributeValue", "</saml:AttributeValue>"),
        ("the issuer", "<saml:Issuer>", "</saml:Issuer>"),
        ("the confirmation", "<saml:SubjectConfirmation ", "</saml:SubjectConfirmation>"),
    ]

    private static let places = places(of: "_evil", "another ID", .misplacedAssertion)

    /// In each place with each ID: the evil assertion in its place and the signed one hidden, and the other way round.
    private static func places(of id: String, _ what: String, _ reason: SAMLRefusal.Reason) -> [Attack] {
        hidingPlaces.flatMap { place, start, end in
            [
                Attack("the signed assertion hidden in \(place) of one with \(what)", reason) {
                    let whole = response.response(evil(id: id))
                    let part = whole.cut(start, end)
                    return whole.replacing(
                        first: part, with: part.replacing(first: end, with: try signedAssertion() + end))
                },
                Attack("an assertion with \(what) in \(place) of the signed one", reason) {
                    let whole = response.response(try signedAssertion())
                    let part = whole.cut(start, end)
                    return whole.replacing(first: part, with: part.replacing(first: end, with: evil(id: id) + end))
                },
            ]
        }
    }

    private static let roots: [Attack] = [
        Attack("the assertion alone", .notAResponse, xml: signedAssertion),
        Attack("in an envelope", .notAResponse) {
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\(try signedResponse())</e:Body></e:Envelope>"
        },
        Attack("in an artifact's response", .notAResponse) {
            "<p:ArtifactResponse xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\">\(try signedResponse())</p:ArtifactResponse>"
        },
        Attack("a response in a response", .misplacedAssertion) { other(try signedResponse(), signed: "") },
        Attack("a response of another namespace", .notAResponse) {
            try signedResponse().replacing(
                first: "xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"", with: "xmlns:samlp=\"urn:evil\"")
        },
        Attack("a response of SAML 1.1", .notAResponse) {
            try signedResponse().replacing(
                first: "xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"",
                with: "xmlns:samlp=\"urn:oasis:names:tc:SAML:1.0:protocol\"")
        },
        Attack("a request", .notAResponse) { "<p:LogoutRequest xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>" },
        Attack("no assertion", .noAssertion) { response.response("") },
        Attack("no assertion in a signed response", .noAssertion) {
            try TestIdentityProvider(try TestKeys.provider, signs: .response).response(response, "")
        },
        Attack("an assertion of another namespace", .misplacedAssertion) {
            response.response(evil().replacing(first: "urn:oasis:names:tc:SAML:2.0:assertion", with: "urn:evil"))
        },
        Attack("an assertion of another namespace beside the signed one", .misplacedAssertion) {
            response.response(
                try signedAssertion()
                    + evil().replacing(first: "urn:oasis:names:tc:SAML:2.0:assertion", with: "urn:evil"))
        },
        Attack("the signed assertion twice", .duplicateID) {
            let good = try signedAssertion()
            return response.response(good + good)
        },
        Attack("something of nobody's beside the assertion", .unexpectedElement) {
            response.response(try signedAssertion() + "<x:Login xmlns:x=\"urn:x\">admin</x:Login>")
        },
        Attack("a request beside the assertion", .misplacedAssertion) {
            response.response(try signedAssertion() + "<samlp:AuthnRequest/>")
        },
        Attack("the response's ID is the assertion's", .duplicateID) {
            var draft = ResponseDraft()
            draft.responseID = "_assertion1"
            return draft.response(try signedAssertion())
        },
    ]

    private static let signatures: [Attack] = [
        Attack("the assertion's signature on the response", .wrongReference) {
            let good = try signedAssertion()
            let mark = good.cut(signature.0, signature.1)
            return response.response(good.replacing(first: mark, with: ""), mark)
        },
        Attack("the response's signature on the assertion", .wrongReference) {
            let good = try signedResponse()
            let mark = good.cut(signature.0, signature.1)
            return response.response(response.assertion(mark))
        },
        Attack("the assertion's signature on another assertion", .wrongReference) {
            let mark = try signedAssertion().cut(signature.0, signature.1)
            return response.response(evil(signature: mark))
        },
        Attack("the assertion's signature on another assertion of the same ID", .digestMismatch) {
            let mark = try signedAssertion().cut(signature.0, signature.1)
            return response.response(evil(id: "_assertion1", signature: mark))
        },
        Attack("the signature in the status", .misplacedSignature) {
            let good = try signedAssertion()
            let mark = good.cut(signature.0, signature.1)
            return response.response(good.replacing(first: mark, with: "")).replacing(
                first: "</samlp:Status>", with: mark + "</samlp:Status>")
        },
        Attack("the signature in the subject", .misplacedSignature) {
            let good = try signedAssertion()
            let mark = good.cut(signature.0, signature.1)
            return response.response(
                good.replacing(first: mark, with: "").replacing(
                    first: "</saml:Subject>", with: mark + "</saml:Subject>"))
        },
        Attack("a signature in the signature", .misplacedSignature) {
            let good = try signedAssertion()
            let mark = good.cut(signature.0, signature.1)
            return response.response(
                good.replacing(
                    first: mark, with: mark.replacing(first: "</ds:Signature>", with: mark + "</ds:Signature>")))
        },
        Attack("two signatures of one assertion", .severalSignatures) {
            let good = try signedAssertion()
            let mark = good.cut(signature.0, signature.1)
            return response.response(good.replacing(first: mark, with: mark + mark))
        },
        Attack("a signature of nobody's namespace", .misplacedSignature) {
            response.response(evil(signature: "<x:Signature xmlns:x=\"urn:x\"/>"))
        },
        Attack("a good response with an assertion that somebody else signed", .signatureMismatch) {
            let foreign = TestIdentityProvider(try TestKeys.foreign)
            return try TestIdentityProvider(try TestKeys.provider, signs: .response).response(
                ResponseDraft(), try foreign.assertion(ResponseDraft()))
        },
        Attack("a good assertion in a response that somebody else signed", .signatureMismatch) {
            try TestIdentityProvider(try TestKeys.foreign, signs: .response).response(
                ResponseDraft(), try signedAssertion())
        },
        Attack("an evil assertion put into a signed response", .digestMismatch) {
            let good = try signedResponse()
            return good.replacing(first: good.cut("<saml:Assertion ", "</saml:Assertion>"), with: evil())
        },
    ]
}
