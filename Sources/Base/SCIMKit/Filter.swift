import JSONKit
package import Kernel

/// Which resources are meant (RFC 7644, 3.4.2.2), with every name looked up and every value of the right kind.
package indirect enum Filter: Sendable, Hashable {
    package enum Comparison: String, Sendable, Hashable { case eq, ne, co, sw, ew, gt, ge, lt, le }

    package enum Literal: Sendable, Hashable {
        case text(String)
        case flag(Bool)
        case moment(Timestamp)
    }

    case compare(AttributeAddress, Comparison, Literal)
    case present(AttributeAddress)
    /// At least one element of this multi-valued attribute fits; the inner names are its parts.
    case element(AttributeAddress, Filter)
    case and(Filter, Filter)
    case or(Filter, Filter)
    case not(Filter)

    package func matches(_ members: Members) -> Bool {
        switch self {
        case .compare(let address, let comparison, let literal):
            let values = address.values(in: members)
            // What is not there is different from everything.
            if comparison == .ne, values.isEmpty { return true }
            let isExact = address.definition?.isCaseExact ?? false
            return values.contains { literal.stands($0, comparison, isExact: isExact) }
        case .present(let address): return address.values(in: members).contains { !$0.isUnassigned }
        case .element(let address, let inner):
            return address.values(in: members).contains { $0.object.map(inner.matches) ?? false }
        case .and(let left, let right): return left.matches(members) && right.matches(members)
        case .or(let left, let right): return left.matches(members) || right.matches(members)
        case .not(let inner): return !inner.matches(members)
        }
    }

    /// The members of an element that this filter would find by nothing but equalities: `type eq "work"` makes
    /// `{type: work}`; `nil` where it says anything else.
    var template: Members? {
        switch self {
        case .compare(let address, .eq, let literal):
            guard let name = address.attribute?.name, address.part == nil, address.schema == nil else { return nil }
            return [name: literal.value]
        case .and(let left, let right):
            guard let left = left.template, let right = right.template else { return nil }
            return left.merging(right) { first, _ in first }
        default: return nil
        }
    }
}

extension Filter.Literal {
    var value: JSONValue {
        switch self {
        case .text(let text): .string(text)
        case .flag(let flag): .bool(flag)
        case .moment(let moment): .string(moment.description)
        }
    }

    fileprivate func stands(_ value: JSONValue, _ comparison: Filter.Comparison, isExact: Bool) -> Bool {
        switch self {
        case .flag(let flag): (value.bool == flag) == (comparison == .eq)
        case .moment(let moment):
            value.string.flatMap { Timestamp(rfc3339: $0) }.map { comparison.holds($0, moment) } ?? false
        case .text(let text):
            if let found = value.string {
                isExact
                    ? comparison.holds(found, text) : comparison.holds(found.lowercased(), text.lowercased())
            } else {
                false
            }
        }
    }
}

extension Filter.Comparison {
    fileprivate func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
        switch self {
        case .eq: left == right
        case .ne: left != right
        case .gt: left > right
        case .ge: left >= right
        case .lt: left < right
        case .le: left <= right
        case .co, .sw, .ew: false
        }
    }

    fileprivate func holds(_ left: String, _ right: String) -> Bool {
        switch self {
        case .co: right.isEmpty || left.utf8.firstRange(of: Array(right.utf8)) != nil
        case .sw: left.hasPrefix(right)
        case .ew: left.hasSuffix(right)
        case .eq: left == right
        case .ne: left != right
        case .gt: left > right
        case .ge: left >= right
        case .lt: left < right
        case .le: left <= right
        }
    }
}

extension JSONValue {
    /// `null` and an empty list are as good as nothing (RFC 7643, 2.5).
    var isUnassigned: Bool {
        switch self {
        case .null: true
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        case .string(let text): text.isEmpty
        default: false
        }
    }
}
