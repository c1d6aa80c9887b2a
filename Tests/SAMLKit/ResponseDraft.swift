package import Kernel
import SignedXML

/// A response as a provider writes it, every part of which can be another one. As it stands it is good.
package struct ResponseDraft: Sendable {
    package static let now = Timestamp(seconds: 1_795_305_600)
    package static let acs = "https://pulse.example.com/api/saml/nordwind/main/acs"
    package static let audience = "https://pulse.example.com/api/saml/nordwind/main/metadata"
    package static let issuer = "https://login.example.com/idp"
    package static let requestID = "_request1"
    package static let email = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    package static let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    static let (saml, samlp) = ("urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:protocol")

    package struct Attribute: Sendable {
        package var name: String
        package var friendlyName: String?
        package var values: [String]
        package init(_ name: String, _ values: [String], friendlyName: String? = nil) {
            self.name = name
            self.values = values
            self.friendlyName = friendlyName
        }
    }

    // How it is written.
    package var assertionPrefix = "saml"
    package var messagePrefix = "samlp"
    package var typesValues = true
    package var declaration = ""
    // The response. `nil` leaves a part out.
    package var responseID: String? = "_response1"
    package var responseVersion: String? = "2.0"
    package var responseIssued: String? = Self.time(0)
    package var destination: String? = Self.acs
    package var responseInResponseTo: String? = Self.requestID
    package var responseIssuer: String? = Self.issuer
    package var status = "<P:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>"
    package var beforeStatus = ""
    package var afterStatus = ""
    // The assertion.
    package var assertionID: String? = "_assertion1"
    package var assertionVersion: String? = "2.0"
    package var assertionIssued: String? = Self.time(0)
    package var assertionIssuer: String? = Self.issuer
    package var issuerFormat: String?
    package var nameID: String? = "<A:NameID Format=\"\(Self.email)\">ana@nordwind.example</A:NameID>"
    package var confirmationMethod = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    package var recipient: String? = Self.acs
    package var inResponseTo: String? = Self.requestID
    package var confirmationEnd: String? = Self.time(300)
    package var confirmationStart: String?
    package var moreConfirmations = ""
    package var validFrom: String? = Self.time(-30)
    package var validUntil: String? = Self.time(300)
    package var audiences: [[String]] = [[Self.audience]]
    package var moreConditions = ""
    package var hasConditions = true
    package var authenticatedAt: String? = Self.time(-5)
    package var sessionIndex: String? = "_session1"
    package var sessionEnd: String?
    package var method = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
    package var hasStatement = true
    package var attributes = [
        Attribute("mail", ["ana@nordwind.example"]), Attribute("displayName", ["Ana Lind"]),
        Attribute("groups", ["admins", "ops"]),
    ]
    package var moreInAssertion = ""

    package init() {}

    /// - Parameter seconds: after `now`.
    package static func time(_ seconds: Int64) -> String { (now + .seconds(seconds)).description }

    private func attribute(_ name: String, _ value: String?) -> String {
        value.map { " \(name)=\"\(XMLText.escaped($0))\"" } ?? ""
    }

    /// `A:` and `P:` stand for the prefixes, whatever these are.
    private func prefixed(_ text: String) -> String {
        func replaced(_ text: String, _ letter: String, _ prefix: String) -> String {
            let p = prefix.isEmpty ? "" : prefix + ":"
            var text = text
            for mark in ["<", "</"] {
                text = text.split(separator: mark + letter + ":", omittingEmptySubsequences: false).joined(
                    separator: mark + p)
            }
            return text
        }
        return replaced(replaced(text, "A", assertionPrefix), "P", messagePrefix)
    }

    private func declared(_ prefix: String, _ space: String) -> String {
        " xmlns\(prefix.isEmpty ? "" : ":" + prefix)=\"\(space)\""
    }

    /// - Parameter signature: a template, which stands behind the issuer.
    package func assertion(_ signature: String = "") -> String {
        let format = attribute("Format", issuerFormat)
        let confirmation = """
            <A:SubjectConfirmation Method="\(confirmationMethod)"><A:SubjectConfirmationData\
            \(attribute("InResponseTo", inResponseTo))\(attribute("NotBefore", confirmationStart))\
            \(attribute("NotOnOrAfter", confirmationEnd))\(attribute("Recipient", recipient))/></A:SubjectConfirmation>
            """
        let restrictions = audiences.map { listed in
            let named = listed.map { "<A:Audience>\(XMLText.escaped($0))</A:Audience>" }.joined()
            return "<A:AudienceRestriction>\(named)</A:AudienceRestriction>"
        }
        let conditions = """
            <A:Conditions\(attribute("NotBefore", validFrom))\(attribute("NotOnOrAfter", validUntil))>\
            \(restrictions.joined())\(moreConditions)</A:Conditions>
            """
        let statement = """
            <A:AuthnStatement\(attribute("AuthnInstant", authenticatedAt))\(attribute("SessionIndex", sessionIndex))\
            \(attribute("SessionNotOnOrAfter", sessionEnd))><A:AuthnContext><A:AuthnContextClassRef>\(method)\
            </A:AuthnContextClassRef></A:AuthnContext></A:AuthnStatement>
            """
        return prefixed(
            """
            <A:Assertion\(declared(assertionPrefix, Self.saml))\(attribute("ID", assertionID))\
            \(attribute("Version", assertionVersion))\(attribute("IssueInstant", assertionIssued))>\
            \(assertionIssuer.map { "<A:Issuer\(format)>\(XMLText.escaped($0))</A:Issuer>" } ?? "")\(signature)\
            \(nameID.map { "<A:Subject>\($0)\(confirmation)\(moreConfirmations)</A:Subject>" } ?? "")\
            \(hasConditions ? conditions : "")\(hasStatement ? statement : "")\(attributeStatement)\(moreInAssertion)\
            </A:Assertion>
            """)
    }

    private var attributeStatement: String {
        let typed = """
             xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
            xsi:type="xs:string"
            """
        let told = attributes.map { one in
            let values = one.values.map { value in
                "<A:AttributeValue\(typesValues ? typed : "")>\(XMLText.escaped(value))</A:AttributeValue>"
            }
            return """
                <A:Attribute Name="\(one.name)"\(attribute("FriendlyName", one.friendlyName)) \
                NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic">\(values.joined())</A:Attribute>
                """
        }
        return told.isEmpty ? "" : "<A:AttributeStatement>\(told.joined())</A:AttributeStatement>"
    }

    /// - Parameters:
    ///   - content: the assertion, or what is in its place.
    ///   - signature: a template, which stands behind the issuer.
    package func response(_ content: String, _ signature: String = "") -> String {
        declaration
            + prefixed(
                """
                <P:Response\(declared(messagePrefix, Self.samlp))\(assertionPrefix == messagePrefix ? "" : declared(assertionPrefix, Self.saml))\
                \(attribute("ID", responseID))\(attribute("Version", responseVersion))\
                \(attribute("IssueInstant", responseIssued))\(attribute("Destination", destination))\
                \(attribute("InResponseTo", responseInResponseTo))>\
                \(responseIssuer.map { "<A:Issuer>\(XMLText.escaped($0))</A:Issuer>" } ?? "")\(signature)\(beforeStatus)\
                <P:Status>\(status)</P:Status>\(afterStatus)
                """) + content + prefixed("</P:Response>")
    }
}
