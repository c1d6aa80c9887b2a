import JSONKit
package import Kernel

extension Problem {
    /// The body of RFC 9457 with our extension members `code`, `error` (the same, for agents of the field), `message`,
    /// `requestId` and, where one is wrong, `field`.
    package func body(requestID: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("type", "urn:pulse:problem:\(slug)")
            json.member("title", title)
            json.member("status", status)
            json.member("detail", detail)
            json.member("code", code)
            json.member("error", code)
            json.member("message", detail ?? title)
            json.member("requestId", requestID)
            json.member("field", field)
            for (name, value) in extras.sorted(by: { $0.key < $1.key }) where !Self.members.contains(name) {
                json.member(name, value)
            }
        }
        return writer.bytes
    }

    private static let members: Set<String> = [
        "type", "title", "status", "detail", "code", "error", "message", "requestId", "field",
    ]

    /// What `body` writes, for the API description.
    static let schema = Schema.object([
        "type": .string(format: "uri").described("`urn:pulse:problem:` and the slug, which is never renamed."),
        "title": .string,
        "status": .integer(minimum: 400, maximum: 599),
        "detail": .string.optional,
        "code": .string.described("The stable code that agents of the field know."),
        "error": .string.described("The same as `code`."),
        "message": .string,
        "requestId": .string,
        "field": .string.optional.described("The member of the request that is wrong, as a dotted path."),
    ]).named("Problem")
}
