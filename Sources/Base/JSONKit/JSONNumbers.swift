extension JSONReader {
    /// A number token, checked against the grammar: sign, digits as far as they fit, decimal exponent.
    @usableFromInline struct Number {
        @usableFromInline var isNegative = false
        /// The first 19 significant digits.
        @usableFromInline var digits: UInt64 = 0
        /// Value = digits x 10^exponent, when nothing was dropped.
        @usableFromInline var exponent = 0
        /// More than 19 digits: `digits` is not all of it.
        @usableFromInline var isCut = false
        /// Written without fraction and exponent.
        @usableFromInline var isWhole = true
        @usableFromInline var start = 0
    }

    public mutating func int64() throws(JSONError) -> Int64 {
        let number = try wholeNumber("a 64-bit integer")
        let limit = number.isNegative ? UInt64(Int64.max) + 1 : UInt64(Int64.max)
        guard number.digits <= limit else { throw fail(.outOfRange("a 64-bit integer"), at: number.start) }
        return number.isNegative ? Int64(truncatingIfNeeded: 0 &- number.digits) : Int64(number.digits)
    }

    public mutating func uint64() throws(JSONError) -> UInt64 {
        let number = try wholeNumber("an unsigned 64-bit integer")
        guard !number.isNegative || number.digits == 0 else {
            throw fail(.outOfRange("an unsigned 64-bit integer"), at: number.start)
        }
        return number.digits
    }

    public mutating func int() throws(JSONError) -> Int { Int(try int64()) }

    /// Correctly rounded. Too small becomes 0, too large is refused.
    public mutating func double() throws(JSONError) -> Double {
        let number = try scanNumber()
        // Exact in double arithmetic: both factors are representable (Clinger's fast path).
        if !number.isCut, number.digits <= 1 << 53, (-22...22).contains(number.exponent) {
            let magnitude = Double(number.digits)
            let value =
                number.exponent < 0
                ? magnitude / Self.powersOfTen[-number.exponent] : magnitude * Self.powersOfTen[number.exponent]
            return number.isNegative ? -value : value
        }
        let spelling = String(decoding: text[number.start..<position], as: UTF8.self)
        guard let value = Double(spelling), value.isFinite else {
            throw fail(.outOfRange("a double"), at: number.start)
        }
        return value
    }

    mutating func skipNumber() throws(JSONError) { _ = try scanNumber() }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    private mutating func wholeNumber(_ expected: StaticString) throws(JSONError) -> Number {
        let number = try scanNumber()
        guard number.isWhole else {
            throw fail(
                .invalidValue("expected \(expected.description), without fraction or exponent"), at: number.start)
        }
        guard number.isCut else { return number }
        // 20 digits may still fit an unsigned integer; leading zeros cannot occur.
        let magnitude = text[(number.start + (number.isNegative ? 1 : 0))..<position]
        guard let digits = UInt64(String(decoding: magnitude, as: UTF8.self)) else {
            throw fail(.outOfRange(expected.description), at: number.start)
        }
        var whole = number
        whole.digits = digits
        return whole
    }

    mutating func scanNumber() throws(JSONError) -> Number {
        var number = Number()
        var byte = nextByte()
        number.start = position
        scalarStart = position
        var index = position
        if byte == UInt8(ascii: "-") {
            number.isNegative = true
            index += 1
            byte = self.byte(at: index)
        }
        guard byte >= 48, byte <= 57 else {
            if number.isNegative { throw numberSyntax("a minus needs a digit", at: index) }
            throw wrongType("a number")
        }
        if byte == 48 {
            index += 1
            if isDigit(at: index) { throw numberSyntax("a number has no leading zeros", at: index) }
        } else {
            index = scanDigits(from: index, into: &number, areFraction: false)
        }
        if self.byte(at: index) == UInt8(ascii: ".") {
            number.isWhole = false
            guard isDigit(at: index + 1) else { throw numberSyntax("a decimal point needs a digit", at: index + 1) }
            index = scanDigits(from: index + 1, into: &number, areFraction: true)
        }
        if self.byte(at: index) | 0x20 == UInt8(ascii: "e") {
            number.isWhole = false
            index = try scanExponent(from: index + 1, into: &number)
        }
        position = index
        return number
    }

    @inline(__always) private func isDigit(at index: Int) -> Bool { byte(at: index) &- 48 <= 9 }

    @inline(__always)
    private func scanDigits(from start: Int, into number: inout Number, areFraction: Bool) -> Int {
        var index = start
        while true {
            let digit = byte(at: index) &- 48
            guard digit <= 9 else { return index }
            // 10^18: one more digit still fits 64 bits.
            if number.digits < 1_000_000_000_000_000_000 {
                number.digits = number.digits &* 10 &+ UInt64(digit)
                if areFraction { number.exponent -= 1 }
            } else {
                number.isCut = true
            }
            index += 1
        }
    }

    private func scanExponent(from start: Int, into number: inout Number) throws(JSONError) -> Int {
        var index = start
        let isNegative = byte(at: index) == UInt8(ascii: "-")
        if isNegative || byte(at: index) == UInt8(ascii: "+") { index += 1 }
        guard isDigit(at: index) else { throw numberSyntax("an exponent needs a digit", at: index) }
        var exponent = 0
        while isDigit(at: index) {
            // Far beyond any double; the exact value no longer matters.
            if exponent < 100_000 { exponent = exponent * 10 + Int(byte(at: index) - 48) }
            index += 1
        }
        number.exponent += isNegative ? -exponent : exponent
        return index
    }

    @inline(never) private func numberSyntax(_ what: StaticString, at index: Int) -> JSONError {
        index < count ? fail(.syntax(what.description), at: index) : fail(.unexpectedEnd, at: count)
    }
}
