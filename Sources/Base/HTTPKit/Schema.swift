/// The shape of a JSON value, as much of JSON Schema 2020-12 as our wire needs.
///
/// Members of an object are required unless `.optional`; an unknown value is an absent member, so `.nullable` is rare.
package struct Schema: Sendable {
    package indirect enum Shape: Sendable {
        case object([Property], additional: Schema?)
        case array(Schema, minItems: Int?, maxItems: Int?)
        case string(format: String?, pattern: String?, minLength: Int?, maxLength: Int?)
        case enumeration([String])
        case integer(minimum: Int?, maximum: Int?)
        case number(minimum: Double?, maximum: Double?)
        case boolean
        case oneOf([Schema])
        case anything
        /// No body at all (204).
        case nothing
        /// A body that is not JSON, by its media type.
        case media(String)
    }

    package struct Property: Sendable {
        package let name: String
        package let schema: Schema
    }

    package var shape: Shape
    /// Set: the schema stands once under `components/schemas` and is referred to by this name.
    package var name: String?
    package var isOptional = false
    package var isNullable = false
    package var summary: String?

    package init(_ shape: Shape) { self.shape = shape }
}

extension Schema {
    package static func object(_ members: KeyValuePairs<String, Schema>) -> Schema {
        Schema(.object(members.map { Property(name: $0.key, schema: $0.value) }, additional: nil))
    }
    /// An object that may have members besides these.
    package static func object(_ members: KeyValuePairs<String, Schema>, others: Schema) -> Schema {
        Schema(.object(members.map { Property(name: $0.key, schema: $0.value) }, additional: others))
    }
    /// An object whose member names are data.
    package static func map(of value: Schema) -> Schema { Schema(.object([], additional: value)) }
    package static func array(_ element: Schema, minItems: Int? = nil, maxItems: Int? = nil) -> Schema {
        Schema(.array(element, minItems: minItems, maxItems: maxItems))
    }
    package static func string(
        format: String? = nil, pattern: String? = nil, minLength: Int? = nil, maxLength: Int? = nil
    ) -> Schema {
        Schema(.string(format: format, pattern: pattern, minLength: minLength, maxLength: maxLength))
    }
    package static func enumeration(_ values: [String]) -> Schema { Schema(.enumeration(values)) }
    package static func integer(minimum: Int? = nil, maximum: Int? = nil) -> Schema {
        Schema(.integer(minimum: minimum, maximum: maximum))
    }
    package static func number(minimum: Double? = nil, maximum: Double? = nil) -> Schema {
        Schema(.number(minimum: minimum, maximum: maximum))
    }
    package static func oneOf(_ choices: [Schema]) -> Schema { Schema(.oneOf(choices)) }
    package static func media(_ type: String) -> Schema { Schema(.media(type)) }

    package static let string = Schema.string()
    package static let integer = Schema.integer()
    package static let number = Schema.number()
    package static let boolean = Schema(.boolean)
    package static let anything = Schema(.anything)
    package static let nothing = Schema(.nothing)
    package static let uuid = Schema.string(format: "uuid")
    package static let timestamp = Schema.string(format: "date-time")
    package static let email = Schema.string(format: "email", maxLength: 254)

    /// The member may be absent.
    package var optional: Schema { with { $0.isOptional = true } }
    package var nullable: Schema { with { $0.isNullable = true } }
    /// Stands under `components/schemas` by this name; the same name must always mean the same schema.
    package func named(_ name: String) -> Schema { with { $0.name = name } }
    package func described(_ summary: String) -> Schema { with { $0.summary = summary } }

    private func with(_ change: (inout Schema) -> Void) -> Schema {
        var copy = self
        change(&copy)
        return copy
    }
}
