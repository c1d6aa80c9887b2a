package import JSONKit
import Kernel

/// The description of all endpoints as OpenAPI 3.1, made from the table and nothing else.
package struct OpenAPI: JSONEncodable {
    private let title: String
    private let version: String
    private let endpoints: [Endpoint]
    private let schemas: [(name: String, schema: Schema)]

    package init(title: String, version: String, table: EndpointTable) {
        self.title = title
        self.version = version
        endpoints = table.endpoints.sorted { ($0.path, $0.method.rawValue) < ($1.path, $1.method.rawValue) }
        var named: [String: Schema] = ["Problem": Problem.schema]
        for endpoint in endpoints {
            let bodies = [endpoint.request, endpoint.response, endpoint.dialect?.problemSchema].compactMap { $0 }
            for schema in bodies + endpoint.query.map(\.schema) {
                schema.collect(into: &named)
            }
        }
        schemas = named.sorted { $0.key < $1.key }.map { (name: $0.key, schema: $0.value) }
    }

    package func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("openapi", "3.1.0")
            json.object("info") { json in
                json.member("title", title)
                json.member("version", version)
                json.member(
                    "description",
                    "Errors are `application/problem+json` (RFC 9457); their slugs are never renamed. "
                        + "Unknown is an absent member. Times are RFC 3339 with `Z`.")
                json.object("license") { json in
                    json.member("name", "Apache-2.0")
                    json.member("identifier", "Apache-2.0")
                }
            }
            json.array("servers") { json in json.object { $0.member("url", "/") } }
            json.array("tags") { json in
                for tag in Set(endpoints.map(\.tag)).sorted() { json.object { $0.member("name", tag) } }
            }
            json.object("paths") { json in
                for path in Set(endpoints.map(\.path)).sorted() {
                    json.object(path) { json in
                        for endpoint in endpoints where endpoint.path == path {
                            json.key(endpoint.method.rawValue.lowercased())
                            OperationDescription(endpoint: endpoint).encode(to: &json)
                        }
                    }
                }
            }
            encodeComponents(to: &json)
        }
    }

    private func encodeComponents(to json: inout JSONWriter) {
        json.object("components") { json in
            json.object("schemas") { json in
                for (name, schema) in schemas {
                    json.key(name)
                    schema.encodeDefinition(to: &json)
                }
            }
            json.object("securitySchemes") { json in
                let used = Set(endpoints.flatMap { $0.securityRequirements.joined() })
                for scheme in SecurityScheme.allCases where used.contains(scheme) {
                    json.key(scheme.rawValue)
                    scheme.encode(to: &json)
                }
            }
        }
    }
}

/// How a caller says who is asking.
enum SecurityScheme: String, CaseIterable, JSONEncodable {
    case session, csrf, apiToken, bearer, operatorSession

    func encode(to json: inout JSONWriter) {
        json.object { json in
            switch self {
            case .session:
                json.member("type", "apiKey")
                json.member("in", "cookie")
                json.member("name", "pulse_session")
                json.member("description", "Set by signing in; `__Host-pulse_session` on https.")
            case .csrf:
                json.member("type", "apiKey")
                json.member("in", "header")
                json.member("name", "X-CSRF-Token")
                json.member("description", "The session's `csrfToken`, on all but GET and HEAD.")
            case .apiToken:
                json.member("type", "apiKey")
                json.member("in", "header")
                json.member("name", "X-API-Token")
            case .bearer:
                json.member("type", "http")
                json.member("scheme", "bearer")
            case .operatorSession:
                json.member("type", "apiKey")
                json.member("in", "cookie")
                json.member("name", "pulse_operator_session")
                json.member("description", "Set by signing in; `__Host-pulse_operator_session` on https.")
            }
        }
    }
}

extension Endpoint {
    /// `agents` of `/api/agents/{id}`: the first word of the path that says something.
    var tag: String {
        let words = SegmentPattern.segments(of: path).map(\.prefix).filter { !["", "api", "public"].contains($0) }
        return words.first ?? "root"
    }

    /// `getResourcesByIdHistory` of `GET /api/resources/{id}/history`; made of the path, so as stable and as unique.
    /// A hyphen becomes `_`: `provider-grants` is another place than `provider/grants`.
    var operationID: String {
        let words = SegmentPattern.segments(of: path).flatMap { segment -> [String] in
            [segment.prefix] + (segment.parameter.map { ["by", $0] } ?? []) + [segment.suffix]
        }
        let parts = words.flatMap(Self.nameParts).drop { $0 == "api" }
        return method.rawValue.lowercased() + parts.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func nameParts(_ word: String) -> [String] {
        let name = String(word.map { (character: Character) -> Character in character == "-" ? "_" : character })
        return name.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    }
}
