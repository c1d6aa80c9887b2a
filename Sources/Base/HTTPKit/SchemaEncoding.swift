package import JSONKit

extension Schema: JSONEncodable {
    /// By reference when it has a name.
    package func encode(to json: inout JSONWriter) {
        guard let name else { return encodeDefinition(to: &json) }
        let reference = "#/components/schemas/\(name)"
        json.object { json in
            guard isNullable else { return json.member("$ref", reference) }
            json.array("anyOf") { json in
                json.object { $0.member("$ref", reference) }
                json.object { $0.member("type", "null") }
            }
        }
    }

    /// JSON Schema 2020-12, as OpenAPI 3.1 has it.
    func encodeDefinition(to json: inout JSONWriter) {
        json.object { json in
            json.member("description", summary)
            switch shape {
            case .object(let properties, let additional): encodeObject(properties, additional, to: &json)
            case .array(let element, let minItems, let maxItems):
                type("array", to: &json)
                json.key("items")
                element.encode(to: &json)
                json.member("minItems", minItems)
                json.member("maxItems", maxItems)
            case .string(let format, let pattern, let minLength, let maxLength):
                type("string", to: &json)
                json.member("format", format)
                json.member("pattern", pattern)
                json.member("minLength", minLength)
                json.member("maxLength", maxLength)
            case .enumeration(let values):
                type("string", to: &json)
                json.array("enum") { json in
                    for value in values { json.string(value) }
                    if isNullable { json.null() }
                }
            case .integer(let minimum, let maximum):
                type("integer", to: &json)
                json.member("minimum", minimum)
                json.member("maximum", maximum)
            case .number(let minimum, let maximum):
                type("number", to: &json)
                json.member("minimum", minimum)
                json.member("maximum", maximum)
            case .boolean: type("boolean", to: &json)
            case .oneOf(let choices):
                json.array("oneOf") { json in
                    for choice in choices { choice.encode(to: &json) }
                }
            case .anything, .nothing, .media: break
            }
        }
    }

    private func encodeObject(_ properties: [Property], _ additional: Schema?, to json: inout JSONWriter) {
        type("object", to: &json)
        if !properties.isEmpty {
            json.object("properties") { json in
                for property in properties {
                    json.key(property.name)
                    property.schema.encode(to: &json)
                }
            }
        }
        let required = properties.filter { !$0.schema.isOptional }.map(\.name)
        if !required.isEmpty {
            json.array("required") { json in
                for name in required { json.string(name) }
            }
        }
        if let additional {
            json.key("additionalProperties")
            additional.encode(to: &json)
        }
    }

    private func type(_ name: String, to json: inout JSONWriter) {
        guard isNullable else { return json.member("type", name) }
        json.array("type") { json in
            json.string(name)
            json.string("null")
        }
    }

    /// Every named schema in here, by name.
    func collect(into named: inout [String: Schema]) {
        if let name {
            guard named[name] == nil else { return }
            named[name] = self
        }
        switch shape {
        case .object(let properties, let additional):
            for property in properties { property.schema.collect(into: &named) }
            additional?.collect(into: &named)
        case .array(let element, _, _): element.collect(into: &named)
        case .oneOf(let choices):
            for choice in choices { choice.collect(into: &named) }
        default: break
        }
    }
}
