import Foundation
import JSONKit
import Testing

/// Random documents, the same for the same seed.
private struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func value(depth: Int = 0) -> JSONValue {
        switch Int.random(in: 0..<(depth > 4 ? 6 : 8), using: &self) {
        case 0: .null
        case 1: .bool(.random(using: &self))
        case 2: .integer(.random(in: .min ... .max, using: &self) >> Int64.random(in: 0..<64, using: &self))
        case 3: .double(number())
        case 4, 5: .string(text())
        case 6: .array((0..<Int.random(in: 0..<6, using: &self)).map { _ in value(depth: depth + 1) })
        default:
            .object(
                Dictionary((0..<Int.random(in: 0..<6, using: &self)).map { _ in (text(), value(depth: depth + 1)) }) {
                    _, last in last
                })
        }
    }

    private mutating func number() -> Double {
        let any = Double(bitPattern: next())
        return any.isFinite && Bool.random(using: &self) ? any : Double.random(in: -1000...1000, using: &self)
    }

    private mutating func text() -> String {
        let pool = Array("abcXYZ 0189\"\\/\n\t\u{1}äß€日😀{}[]:,")
        return String((0..<Int.random(in: 0..<30, using: &self)).map { _ in pool.randomElement(using: &self) ?? "a" })
    }
}

/// What Foundation's decoder makes of any document. (Its `JSONSerialization` reads doubles through decimals and loses
/// their last bit, so it cannot be the judge.)
private enum Theirs: Decodable {
    case null, bool(Bool), integer(Int64), unsigned(UInt64), double(Double), string(String)
    case array([Theirs]), object([String: Theirs])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .unsigned(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([Theirs].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: Theirs].self))
        }
    }
}

@Suite struct DifferentialTests {
    @Test("generated documents read as Foundation reads them", arguments: 0..<200)
    func sameValues(seed: UInt64) throws {
        var dice = Dice(state: seed)
        let bytes = JSONValue.array([dice.value(), dice.value(), dice.value()]).json
        let theirs = try JSONDecoder().decode(Theirs.self, from: Data(bytes))
        #expect(same(try JSONValue(json: bytes), theirs), "seed \(seed)")
        // And what Foundation writes, with its own taste of escapes and spaces, reads as the same text and structure.
        let object = try JSONSerialization.jsonObject(with: Data(bytes))
        let rewritten = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
        let again = try JSONDecoder().decode(Theirs.self, from: rewritten)
        #expect(same(try JSONValue(json: rewritten), again), "seed \(seed), rewritten")
    }

    @Test("a changed byte is judged as Foundation judges it", arguments: 0..<60)
    func sameVerdict(seed: UInt64) throws {
        var dice = Dice(state: seed &+ 10_000)
        let bytes = JSONValue.array([dice.value(), dice.value()]).json
        for _ in 0..<40 {
            var changed = bytes
            let index = Int.random(in: changed.indices, using: &dice)
            changed[index] = UInt8.random(in: 0x20...0x7E, using: &dice)
            let ours = (try? JSONValue(json: changed)) != nil
            let theirs = (try? JSONDecoder().decode(Theirs.self, from: Data(changed))) != nil
            #expect(ours == theirs, "\(String(decoding: changed, as: UTF8.self).prefix(300))")
        }
    }

    /// A double without fraction counts as the integer it is: Foundation does not tell `1.0` from `1`.
    private func same(_ ours: JSONValue, _ theirs: Theirs) -> Bool {
        switch (ours, theirs) {
        case (.null, .null): true
        case (.bool(let value), .bool(let other)): value == other
        case (.integer(let value), .integer(let other)): value == other
        case (.unsigned(let value), .unsigned(let other)): value == other
        case (.double(let value), .double(let other)): value == other
        case (.double(let value), .integer(let other)): value == Double(other)
        case (.double(let value), .unsigned(let other)): value == Double(other)
        case (.string(let text), .string(let other)): Array(text.utf8) == Array(other.utf8)
        case (.array(let elements), .array(let other)):
            elements.count == other.count && zip(elements, other).allSatisfy { same($0, $1) }
        case (.object(let members), .object(let other)):
            members.count == other.count
                && members.allSatisfy { key, value in other[key].map { same(value, $0) } ?? false }
        default: false
        }
    }
}
