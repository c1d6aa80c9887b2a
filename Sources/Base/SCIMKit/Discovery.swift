package import JSONKit

/// What a client reads to find out what is offered (RFC 7643, 5 to 7).
package struct Discovery: Sendable {
    /// `https://pulse.example.com/scim/v2`.
    private let base: String

    package init(base: String) { self.base = base }

    package var serviceProviderConfig: JSONValue {
        .object([
            "schemas": [.string(URN.serviceProviderConfig)],
            "documentationUri": "https://www.rfc-editor.org/rfc/rfc7644",
            "patch": ["supported": true],
            "bulk": [
                "supported": true, "maxOperations": .integer(Int64(Bounds.bulkOperations)),
                "maxPayloadSize": .integer(Int64(Bounds.bulkBytes)),
            ],
            "filter": ["supported": true, "maxResults": .integer(Int64(Bounds.pageSize))],
            "changePassword": ["supported": false], "sort": ["supported": false], "etag": ["supported": true],
            "authenticationSchemes": [
                [
                    "type": "oauthbearertoken", "name": "Directory token",
                    "description": "A token of this organisation's directory as Authorization: Bearer", "primary": true,
                ]
            ],
            "meta": meta("ServiceProviderConfig", "/ServiceProviderConfig"),
        ])
    }

    package var resourceTypes: [Members] { ResourceShape.all.map(resourceType) }

    package var schemas: [Members] { ResourceShape.all.flatMap { [$0.core] + $0.extensions }.map(schema) }

    /// The list of all of them, as a ListResponse.
    package static func list(_ all: [Members]) -> JSONValue {
        .object([
            "schemas": [.string(URN.list)], "totalResults": .integer(Int64(all.count)), "startIndex": 1,
            "itemsPerPage": .integer(Int64(all.count)), "Resources": .array(all.map { .object($0) }),
        ])
    }

    private func resourceType(_ shape: ResourceShape) -> Members {
        [
            "schemas": [.string(URN.resourceType)], "id": .string(shape.name), "name": .string(shape.name),
            "description": .string(shape.core.summary), "endpoint": .string(shape.endpoint),
            "schema": .string(shape.core.urn),
            "schemaExtensions": .array(
                shape.extensions.map { ["schema": .string($0.urn), "required": false] }),
            "meta": meta("ResourceType", "/ResourceTypes/\(shape.name)"),
        ]
    }

    private func schema(_ schema: SchemaDefinition) -> Members {
        [
            "schemas": [.string(URN.schema)], "id": .string(schema.urn), "name": .string(schema.name),
            "description": .string(schema.summary), "attributes": .array(schema.attributes.map(Self.attribute)),
            "meta": meta("Schema", "/Schemas/\(schema.urn)"),
        ]
    }

    private func meta(_ type: String, _ path: String) -> JSONValue {
        ["resourceType": .string(type), "location": .string(base + path)]
    }

    private static func attribute(_ attribute: AttributeDefinition) -> JSONValue {
        var members: Members = [
            "name": .string(attribute.name), "type": .string(attribute.kind.rawValue),
            "description": .string(attribute.summary), "multiValued": .bool(attribute.isMultiValued),
            "required": .bool(attribute.isRequired), "mutability": .string(attribute.mutability.rawValue),
            "returned": .string(attribute.returned.rawValue),
        ]
        if [.string, .reference].contains(attribute.kind) {
            members["caseExact"] = .bool(attribute.isCaseExact)
            members["uniqueness"] = .string(attribute.uniqueness.rawValue)
        }
        if !attribute.canonicalValues.isEmpty {
            members["canonicalValues"] = .array(attribute.canonicalValues.map { .string($0) })
        }
        if !attribute.referenceTypes.isEmpty {
            members["referenceTypes"] = .array(attribute.referenceTypes.map { .string($0) })
        }
        if !attribute.parts.isEmpty { members["subAttributes"] = .array(attribute.parts.map(Self.attribute)) }
        return .object(members)
    }
}
