internal import Access
internal import HTTPKit
internal import JSONKit
internal import Kernel

/// `{username | email, password, rememberMe?}`
struct LoginRequest: JSONDecodable {
    var username: String
    var password: Secret<String>
    var rememberMe = false

    init(from reader: inout JSONReader) throws(JSONError) {
        var username: String?
        var password: String?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "username", "email": username = try reader.string()
            case "password": password = try reader.string()
            case "rememberMe": rememberMe = try reader.bool()
            default: try reader.skip()
            }
        }
        self.username = try reader.required("username", username)
        self.password = Secret(try reader.required("password", password))
    }

    static let schema = Schema.object([
        "username": .string.optional.described("the e-mail address"),
        "email": .string.optional.described("the same, under its other name"), "password": .string,
        "rememberMe": .boolean.optional,
    ])
}

/// `{email}`
struct EmailRequest: JSONDecodable {
    let email: EmailAddress

    init(from reader: inout JSONReader) throws(JSONError) {
        var email: EmailAddress?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "email":
                guard let address = EmailAddress(try reader.string()) else {
                    throw reader.invalid("this is not an e-mail address")
                }
                email = address
            default: try reader.skip()
            }
        }
        self.email = try reader.required("email", email)
    }
}

/// `{displayName}`
struct DisplayNameRequest: JSONDecodable {
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

extension SignedIn {
    /// `{userId, email, csrfToken, organizations}`
    var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("userId", user)
            json.member("email", email)
            json.member("csrfToken", csrfToken.reveal())
            json.member("organizations", organisations)
        }
        return json.bytes
    }

    static let schema = Schema.object([
        "userId": .uuid, "email": .email, "csrfToken": .string, "organizations": .array(Membership.schema),
    ]).named("SignedIn")

    static let proven = Schema.object([
        "userId": .uuid, "email": .email, "csrfToken": .string, "organizations": .array(Membership.schema),
        "serverProof": .string.described("hexadecimal: the server knew the verifier"),
    ]).named("SignedInByProof")

    static let example = """
        {"userId":"01935c1e-7d00-7000-8000-000000000002","email":"ana@example.org","csrfToken":"pcs_…",\
        "organizations":[\(Membership.example)]}
        """
}
