// SCIMKit: the language of SCIM 2.0 (RFC 7643, RFC 7644) without anybody to speak it to.
// Owns: the schemas of users and groups, filters, attribute paths, PATCH, projections, entity tags, bulk requests, discovery
// documents and the form of an error. Values in, values out; everything has a bound.
// Leaves to others: rows, routes, who may ask, and what a user of a directory means to Pulse (room SCIM).
// Tempting wrong step: comparing attribute names as they are written. They have no case; `AttributeDefinition` finds them.
package import JSONKit

/// The members of a resource by their names as the schema spells them; an extension stands under its URN.
package typealias Members = [String: JSONValue]

package enum URN {
    package static let user = "urn:ietf:params:scim:schemas:core:2.0:User"
    package static let group = "urn:ietf:params:scim:schemas:core:2.0:Group"
    package static let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    package static let schema = "urn:ietf:params:scim:schemas:core:2.0:Schema"
    package static let resourceType = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
    package static let serviceProviderConfig = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
    package static let list = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
    package static let search = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
    package static let patch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    package static let bulk = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
    package static let bulkResponse = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
    package static let error = "urn:ietf:params:scim:api:messages:2.0:Error"
}

/// What strangers may ask of one request. A resource of a real directory has about 2 KiB, a filter a hundred bytes.
package enum Bounds {
    package static let resourceBytes = 32 * 1024
    package static let elements = 50
    package static let textBytes = 1024
    package static let jsonDepth = 16
    package static let patchOperations = 200
    package static let pathBytes = 512
    package static let filterBytes = 4096
    package static let filterTerms = 64
    package static let filterDepth = 16
    package static let projectedAttributes = 100
    /// Of one list; also what a list has when nothing is said.
    package static let (pageSize, usualPageSize) = (200, 100)
    package static let groupMembers = 20_000
    package static let (bulkOperations, bulkBytes) = (500, 1_048_576)
}
