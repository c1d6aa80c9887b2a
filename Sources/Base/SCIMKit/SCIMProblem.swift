import JSONKit
package import Kernel

/// What SCIM calls an error (RFC 7644, table 9); the member `scimType` of its body.
package enum SCIMType: String, Sendable, CaseIterable {
    case invalidFilter, tooMany, uniqueness, mutability, invalidSyntax, invalidPath, noTarget, invalidValue
}

extension Problem {
    /// - Parameter detail: a sentence for the administrator of the directory, who reads it in their provider's log.
    package static func scim(_ type: SCIMType, _ detail: String) -> Problem {
        var problem = type.problem
        problem.detail = detail
        problem.extras = ["scimType": type.rawValue]
        return problem
    }

    package static let scimResourceNotFound = Problem(
        "scim-resource-not-found", status: 404, title: "No such resource in this directory")
    package static let scimVersionMismatch = Problem(
        "scim-version-mismatch", status: 412, title: "The resource has changed meanwhile",
        detail: "Read it again and repeat the change with its present version.")
    package static let scimNotImplemented = Problem(
        "scim-not-implemented", status: 501, title: "This part of SCIM is not offered here")

    /// All of `SCIMType`, for the description of routes.
    package static let ofSCIM: [Problem] = SCIMType.allCases.map { .scim($0, "") }

    /// The body of RFC 7644, 3.12. `status` is text there.
    package var scimBody: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("schemas", [URN.error])
            json.member("status", "\(status)")
            json.member("scimType", extras["scimType"] ?? (slug == "invalid-json" ? "invalidSyntax" : nil))
            json.member("detail", detail.map { "\(title): \($0)" } ?? title)
        }
        return writer.bytes
    }
}

extension SCIMType {
    fileprivate var problem: Problem {
        switch self {
        case .invalidFilter:
            Problem("scim-invalid-filter", status: 400, title: "The filter cannot be understood")
        case .tooMany:
            Problem("scim-too-many", status: 400, title: "The answer would have to look at too much")
        case .uniqueness:
            Problem("scim-uniqueness", status: 409, title: "Another resource of this directory has that already")
        case .mutability:
            Problem("scim-mutability", status: 400, title: "This attribute cannot be changed so")
        case .invalidSyntax:
            Problem("scim-invalid-syntax", status: 400, title: "The request is not of the form SCIM gives it")
        case .invalidPath: Problem("scim-invalid-path", status: 400, title: "The path names no attribute")
        case .noTarget: Problem("scim-no-target", status: 400, title: "The path leads to no value")
        case .invalidValue: Problem("scim-invalid-value", status: 400, title: "A value does not fit its attribute")
        }
    }
}
