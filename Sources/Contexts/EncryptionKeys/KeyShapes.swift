internal import HTTPKit
package import JSONKit
internal import Kernel
internal import Vault

/// `{"kind": "data"}`
struct KeyRotationRequest {
    let kind: KeyRotation.Kind

    init(json: [UInt8]) throws {
        var reader = JSONReader(json)
        var kind: String?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "kind": kind = try reader.string()
            default: try reader.skip()
            }
        }
        try reader.finish()
        guard let kind = kind.flatMap(KeyRotation.Kind.init) else {
            throw Problem.invalidField("kind", "data or wrapping is wanted")
        }
        self.kind = kind
    }
}

/// `{"provider": "aws-kms", "reference": "arn:aws:kms:…"}`
struct OwnKeyRequest {
    let provider: KeyProviderKind
    let reference: String

    init(json: [UInt8]) throws {
        var reader = JSONReader(json)
        var (provider, reference): (String?, String?) = (nil, nil)
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "provider": provider = try reader.string()
            case "reference": reference = try reader.string()
            default: try reader.skip()
            }
        }
        try reader.finish()
        guard let kind = provider.flatMap(KeyProviderKind.init), kind == .awsKMS || kind == .transit else {
            throw Problem.invalidField("provider", "aws-kms or transit is wanted")
        }
        guard let reference else {
            throw Problem.invalidField("reference", "what the provider calls the key is wanted")
        }
        (self.provider, self.reference) = (kind, reference)
    }
}

extension KeyRotation: JSONEncodable {
    package func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("kind", kind.rawValue)
            json.member("state", state.rawValue)
            json.member("rewritten", rewritten)
            json.member("startedAt", startedAt)
            json.member("finishedAt", finishedAt)
            json.member("problem", problem)
        }
    }

    var json: [UInt8] {
        var writer = JSONWriter()
        encode(to: &writer)
        return writer.bytes
    }
}

extension KeyOverview {
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("provider", provider.rawValue)
            json.member("ownKeyProviders", ownKinds.map(\.rawValue))
            if let wrapping {
                json.object("wrappingKey") { json in
                    json.member("id", wrapping.key.id)
                    json.member("provider", wrapping.key.provider.rawValue)
                    if wrapping.key.isOwn { json.member("reference", wrapping.key.reference) }
                    json.member("isOwn", wrapping.key.isOwn)
                    json.member("createdAt", wrapping.createdAt)
                }
            }
            json.array("dataKeys") { list in
                for key in dataKeys {
                    list.object { json in
                        json.member("id", key.id)
                        json.member("version", key.version)
                        json.member("state", key.state)
                        json.member("createdAt", key.createdAt)
                    }
                }
            }
            json.member("rotation", rotation)
        }
        return writer.bytes
    }
}

enum KeySchemas {
    static let provider = Schema.enumeration(KeyProviderKind.allCases.map(\.rawValue))
    static let rotationKind = Schema.enumeration(KeyRotation.Kind.allCases.map(\.rawValue))

    static let rotation = Schema.object([
        "id": .uuid, "kind": rotationKind, "state": .enumeration(KeyRotation.State.allCases.map(\.rawValue)),
        "rewritten": .integer(minimum: 0).described("Ciphertexts sealed anew so far"), "startedAt": .timestamp,
        "finishedAt": .timestamp.optional,
        "problem": .string.optional.described("Why the last step did not work; it is tried again"),
    ]).named("KeyRotation")

    static let overview = Schema.object([
        "provider": provider.described("Who wraps the data keys, or would wrap the first"),
        "ownKeyProviders": .array(.enumeration(["aws-kms", "transit"])),
        "wrappingKey": Schema.object([
            "id": .uuid, "provider": provider, "reference": .string.optional, "isOwn": .boolean,
            "createdAt": .timestamp,
        ]).optional.described("Absent before the first secret"),
        "dataKeys": .array(
            .object([
                "id": .uuid, "version": .integer(minimum: 1), "state": .enumeration(["current", "retiring"]),
                "createdAt": .timestamp,
            ])),
        "rotation": rotation.optional,
    ]).named("EncryptionKeys")

    static let ownKey = Schema.object([
        "provider": .enumeration(["aws-kms", "transit"]), "reference": .string(minLength: 1, maxLength: 2048),
    ])

    static let ownKeyExample =
        #"{"provider":"aws-kms","reference":"arn:aws:kms:eu-central-1:123456789012:key/0e837e05-9009"}"#
    static let rotationExample = """
        {"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e05","kind":"data","state":"rewriting","rewritten":200,\
        "startedAt":"2026-11-21T09:30:00.000Z"}
        """
    static let overviewExample = """
        {"provider":"file","ownKeyProviders":["aws-kms"],"wrappingKey":{"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e06",\
        "provider":"file","isOwn":false,"createdAt":"2026-11-21T09:30:00.000Z"},"dataKeys":[{"id":\
        "0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e07","version":1,"state":"current","createdAt":"2026-11-21T09:30:00.000Z"}]}
        """
}
