internal import JSONKit
internal import Kernel

/// `{email, organizationName | org_name}`
struct SignUpRequest: JSONDecodable {
    let email: EmailAddress
    let organisationName: String
    /// The member the name came in, for a refusal to name.
    let nameField: String

    init(from reader: inout JSONReader) throws(JSONError) {
        var email: EmailAddress?
        var name: String?
        var nameField = "organizationName"
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "email":
                guard let address = EmailAddress(try reader.string()) else {
                    throw reader.invalid("this is not an e-mail address")
                }
                email = address
            case "organizationName", "org_name":
                nameField = key.description
                name = try reader.string()
            default: try reader.skip()
            }
        }
        self.email = try reader.required("email", email)
        self.organisationName = try reader.required("organizationName", name)
        self.nameField = nameField
    }
}

/// `{token, password?, displayName?}`; a check sends the token alone.
struct SignUpLinkRequest: JSONDecodable {
    let token: String
    var password: Secret<String>?
    var displayName: String?

    init(from reader: inout JSONReader) throws(JSONError) {
        var token: String?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "token": token = try reader.string()
            case "password": password = try reader.decode(String?.self).map { Secret($0) }
            case "displayName": displayName = try reader.decode(String?.self)
            default: try reader.skip()
            }
        }
        self.token = try reader.required("token", token)
    }
}

/// `{displayName}` of a new organisation.
struct OrganisationRequest: JSONDecodable {
    let displayName: String

    init(from reader: inout JSONReader) throws(JSONError) {
        var name: String?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "displayName": name = try reader.string()
            default: try reader.skip()
            }
        }
        displayName = try reader.required("displayName", name)
    }
}

/// `{retentionDays?}` of a deletion.
struct DeletionRequest: JSONDecodable {
    var retentionDays: Int?

    init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "retentionDays": retentionDays = try reader.decode(Int?.self)
            default: try reader.skip()
            }
        }
    }
}
