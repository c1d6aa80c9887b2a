package import JSONKit
package import Kernel

extension APIRequest {
    /// The body as JSON.
    /// - Throws: 415 `unsupported-media-type` for a body that says it is something else, 400 `invalid-json` naming the
    ///   member that is wrong.
    package func json<Value: JSONDecodable>(
        _: Value.Type = Value.self, options: JSONReader.Options = JSONReader.Options()
    ) throws -> Value {
        if let type = headers["content-type"], !Self.isJSON(type) { throw Problem.unsupportedMediaType }
        return try Value(json: body, options: options)
    }

    /// `application/json`, or `application/…+json`; parameters do not matter.
    private static func isJSON(_ contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" }.trimmedSpaces.lowercased()
        return type == "application/json" || (type.hasPrefix("application/") && type.hasSuffix("+json"))
    }
}

extension APIResponse {
    package static func json(_ value: some JSONEncodable, status: Int = 200, headers: Headers = [:]) -> APIResponse {
        .json(value.json, status: status, headers: headers)
    }

    /// One object, written member by member.
    package static func json(
        status: Int = 200, headers: Headers = [:], _ members: (inout JSONWriter) throws -> Void
    ) rethrows -> APIResponse {
        var writer = JSONWriter()
        try writer.object(members)
        return .json(writer.bytes, status: status, headers: headers)
    }
}

extension Problem {
    package static let unsupportedMediaType = Problem(
        "unsupported-media-type", status: 415, title: "The body must be JSON",
        detail: "Send Content-Type: application/json.")
}
