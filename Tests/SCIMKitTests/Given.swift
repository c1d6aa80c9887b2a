import JSONKit
import Kernel

@testable import SCIMKit

/// Texts as a directory sends them.
func json(_ text: String) throws -> JSONValue { try JSONValue(json: Array(text.utf8)) }

enum Directory {
    static let ana = #"""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
         "userName":"ana@example.com","externalId":"00u1","displayName":"Ana Berg","active":true,
         "name":{"givenName":"Ana","familyName":"Berg"},
         "emails":[{"value":"ana@example.com","type":"work","primary":true},{"value":"ana@home.example","type":"home"}],
         "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Tools","employeeNumber":"7"}}
        """#

    static func user(_ text: String = ana) throws -> Members { try ResourceReader(.user).resource(json(text)) }

    static let fixed: Members = [
        "id": "0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e05", "schemas": [.string(URN.user), .string(URN.enterprise)],
    ]

    /// The members after the operations of a PATCH.
    static func patched(_ members: Members, _ operations: String) throws -> Members {
        let body = try json(#"{"schemas":["\#(URN.patch)"],"Operations":\#(operations)}"#)
        return try PatchEngine(.user, fixed: fixed).apply(PatchOperation.all(in: body, of: .user), to: members)
    }

    /// The `scimType` of what a call is refused with; `nil` when it is not.
    static func refusal(_ call: () throws -> some Any) -> String? {
        do {
            _ = try call()
            return nil
        } catch {
            return (error as? Problem)?.extras["scimType"] ?? "\(error)"
        }
    }
}
