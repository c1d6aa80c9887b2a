import FoundationEssentials
import HTTPKit
import JSONKit

extension IdentityRule: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        func place(_ name: String, _ place: Claim.Place, _ writer: inout JSONWriter) {
            writer.object(name) { writer in
                writer.member("connectionId", place.connection)
                writer.member("key", place.key)
            }
        }
        writer.object { writer in
            writer.member("id", id.uuidString.lowercased())
            writer.member("kind", kind.rawValue)
            place("left", left, &writer)
            place("right", right, &writer)
            writer.member("reason", reason)
            writer.member("madeBy", madeBy)
            writer.member("madeAt", madeAt)
        }
    }
}

enum IdentitySchemas {
    private static let place = Schema.object(["connectionId": .uuid, "key": .string]).named("ClaimPlace")

    static let rule = Schema.object([
        "id": .uuid, "kind": .enumeration(IdentityRules.Kind.allCases.map(\.rawValue)), "left": place, "right": place,
        "reason": .string, "madeBy": .string, "madeAt": .timestamp,
    ]).named("IdentityRule")

    static let ruleExample = """
        {"id":"01a1fe91-35a7-7bfb-bab5-1c5f31fc8bab","kind":"same",\
        "left":{"connectionId":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e01","key":"host"},\
        "right":{"connectionId":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e02","key":"qemu/101"},\
        "reason":"cloned before it was enrolled","madeBy":"user:0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e03",\
        "madeAt":"2026-11-21T09:30:00.250Z"}
        """

    static let explanation = Schema.object([
        "resourceId": .uuid,
        "claims": .array(
            .object([
                "connectionId": .uuid, "source": .string, "key": .string, "name": .string, "type": .string,
                "evidence": .array(.object(["kind": .string, "value": .string])),
                "because": .array(
                    .object(["connectionId": .uuid, "kind": .string, "signal": .string, "confidence": .number])),
            ])),
        "rules": .array(rule),
    ])

    static let explanationExample = """
        {"resourceId":"5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01","claims":[\
        {"connectionId":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e01","source":"agent","key":"host","name":"web-1","type":"agent",\
        "evidence":[{"kind":"dmi-uuid","value":"b662b7a2-5470-47de-bf75-adda921ee6d9"}],"because":[\
        {"connectionId":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e02","kind":"shared-identity","signal":"dmi-uuid","confidence":0.99}]}],\
        "rules":[]}
        """
}
