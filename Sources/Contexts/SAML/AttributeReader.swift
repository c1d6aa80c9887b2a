internal import Kernel
internal import SignedXML

/// What an assertion that holds says about a person.
struct AttributeReader {
    private static let emails = [
        "mail", "email", "emailAddress", "urn:oid:0.9.2342.19200300.100.1.3",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    ]
    private static let groups = [
        "groups", "memberOf", "isMemberOf", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
        "http://schemas.xmlsoap.org/claims/Group", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
    ]
    private static let displayNames = [
        "displayName", "http://schemas.microsoft.com/identity/claims/displayname", "urn:oid:2.16.840.1.113730.3.1.241",
        "cn", "urn:oid:2.5.4.3", "name",
    ]
    private static let firstNames = [
        "givenName", "firstName", "urn:oid:2.5.4.42", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
    ]
    private static let lastNames = [
        "sn", "surname", "lastName", "urn:oid:2.5.4.4", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
    ]
    /// A thousand groups, and twenty other things.
    static let (mostAttributes, mostValues) = (256, 4096)

    private struct Attribute {
        let name: String
        let friendlyName: String?
        var values: [String]
    }

    private let settings: SAMLSettings
    private let found: [Attribute]

    init(_ assertion: XMLElement, _ settings: SAMLSettings) throws(SAMLRefusal) {
        self.settings = settings
        var found: [Attribute] = []
        var places: [String: Int] = [:]
        var count = 0
        for statement in assertion.children("AttributeStatement", in: Names.assertion) {
            for attribute in statement.children("Attribute", in: Names.assertion) {
                guard let name = attribute["Name"] else { continue }
                let values = attribute.children("AttributeValue", in: Names.assertion).compactMap(Self.value)
                count += values.count
                guard found.count <= Self.mostAttributes, count <= Self.mostValues else { throw SAMLRefusal(.tooMuch) }
                if let place = places[name] {
                    found[place].values += values
                } else {
                    places[name] = found.count
                    found.append(Attribute(name: name, friendlyName: attribute["FriendlyName"], values: values))
                }
            }
        }
        self.found = found
    }

    /// A text; or a NameID, as persistent identifiers of federations come.
    private static func value(_ element: XMLElement) -> String? {
        if let text = element.content { return text.isEmpty ? nil : text }
        return element.elements.count == 1 ? element.only("NameID", in: Names.assertion)?.content : nil
    }

    var all: [(name: String, values: [String])] { found.map { ($0.name, $0.values) } }

    /// By its name, or else by its friendly one, without regard to case.
    private func values(_ name: String) -> [String] {
        if let exact = found.first(where: { $0.name == name }) { return exact.values }
        let wanted = name.lowercased()
        return found.first { $0.name.lowercased() == wanted || $0.friendlyName?.lowercased() == wanted }?.values ?? []
    }

    /// What the settings name, and nothing else if they name something.
    private func values(_ named: String?, or usual: [String]) -> [String] {
        if let named { return values(named) }
        return usual.lazy.map { values($0) }.first { !$0.isEmpty } ?? []
    }

    func email(_ name: SAMLName?) -> String? {
        let told = values(settings.emailAttr, or: Self.emails).first
        guard settings.emailAttr == nil, told == nil else { return told }
        return name?.format == Names.emailFormat ? name?.value : nil
    }

    var groups: [String] { values(settings.groupsAttr, or: Self.groups) }
    var username: String? { settings.usernameAttr.flatMap { values($0).first } }

    var displayName: String? {
        let parts = [
            values(settings.firstNameAttr, or: Self.firstNames), values(settings.lastNameAttr, or: Self.lastNames),
        ]
        let name = parts.compactMap(\.first).joined(separator: " ")
        let isConfigured = settings.firstNameAttr != nil || settings.lastNameAttr != nil
        if isConfigured, !name.isEmpty { return name }
        return values(nil, or: Self.displayNames).first ?? (name.isEmpty ? nil : name)
    }
}
