internal import JSONKit
internal import Kernel

/// `{userId | email, role}`
struct MemberRequest: JSONDecodable {
    var user: UserID?
    var email: EmailAddress?
    var role: Role?

    init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "userId": user = try reader.decode(UserID?.self)
            case "email":
                guard let address = EmailAddress(try reader.string()) else {
                    throw reader.invalid("this is not an e-mail address")
                }
                email = address
            case "role": role = Role(rawValue: try reader.string())
            default: try reader.skip()
            }
        }
    }

    /// - Throws: 400 for a role that there is not.
    func checkedRole() throws(Problem) -> Role {
        guard let role else { throw .invalidRole }
        return role
    }
}

/// `{token, password?, displayName?}`
struct InvitationLinkRequest: JSONDecodable {
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
