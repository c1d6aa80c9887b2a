/// A moment as whole milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored (Unix time).
package struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }
    package init(seconds: Int64) { self.milliseconds = seconds * 1000 }

    package static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }
    package static func + (left: Self, right: Duration) -> Self {
        Self(milliseconds: left.milliseconds + right.milliseconds)
    }
    package static func - (left: Self, right: Duration) -> Self {
        Self(milliseconds: left.milliseconds - right.milliseconds)
    }
    package static func - (left: Self, right: Self) -> Duration {
        .milliseconds(left.milliseconds - right.milliseconds)
    }

    /// RFC 3339 with milliseconds and `Z`, e.g. `2026-11-21T09:30:00.250Z`.
    package var description: String { String(decoding: rfc3339, as: UTF8.self) }

    /// The 24 ASCII bytes of `description`; years outside 0...9999 are clamped.
    package var rfc3339: [UInt8] {
        let clamped = min(max(milliseconds, -62_167_219_200_000), 253_402_300_799_999)
        let days = clamped.floorDivided(by: 86_400_000)
        let inDay = clamped - days * 86_400_000
        let (year, month, day) = Self.civil(fromDays: days)
        var text: [UInt8] = []
        text.reserveCapacity(24)
        func append(_ value: Int64, digits: Int) {
            var divisor: Int64 = 1
            for _ in 1..<digits { divisor *= 10 }
            while divisor > 0 {
                text.append(UInt8(48 + (value / divisor) % 10))
                divisor /= 10
            }
        }
        append(year, digits: 4)
        text.append(UInt8(ascii: "-"))
        append(month, digits: 2)
        text.append(UInt8(ascii: "-"))
        append(day, digits: 2)
        text.append(UInt8(ascii: "T"))
        append(inDay / 3_600_000, digits: 2)
        text.append(UInt8(ascii: ":"))
        append(inDay / 60_000 % 60, digits: 2)
        text.append(UInt8(ascii: ":"))
        append(inDay / 1000 % 60, digits: 2)
        text.append(UInt8(ascii: "."))
        append(inDay % 1000, digits: 3)
        text.append(UInt8(ascii: "Z"))
        return text
    }

    /// Reads RFC 3339: 0 to 9 fraction digits (cut to milliseconds), `Z` or a numeric offset. Anything else is `nil`.
    package init?(rfc3339 text: some Collection<UInt8>) {
        // A report has one of these, and read byte by byte through a generic collection it took as long as all the rest.
        let read = text.withContiguousStorageIfAvailable(Self.milliseconds(rfc3339:))
        guard let milliseconds = read ?? Array(text).withUnsafeBufferPointer(Self.milliseconds(rfc3339:)) else {
            return nil
        }
        self.milliseconds = milliseconds
    }

    private static func milliseconds(rfc3339 text: UnsafeBufferPointer<UInt8>) -> Int64? {
        var position = 0
        func number(_ digits: Int) -> Int64? {
            guard text.count - position >= digits else { return nil }
            var value: Int64 = 0
            for _ in 0..<digits {
                let byte = text[position]
                guard byte >= 48, byte <= 57 else { return nil }
                value = value * 10 + Int64(byte - 48)
                position += 1
            }
            return value
        }
        func skip(_ allowed: StaticString) -> Bool {
            guard position < text.count, allowed.withUTF8Buffer({ $0.contains(text[position]) }) else { return false }
            position += 1
            return true
        }
        guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2), skip("Tt "),
            let hour = number(2), skip(":"), let minute = number(2), skip(":"), let second = number(2),
            (1...12).contains(month), day >= 1, day <= daysIn(month: month, year: year),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if skip(".") {
            var digits = 0
            while position < text.count, case let byte = text[position], byte >= 48, byte <= 57 {
                if digits < 3 { fraction = fraction * 10 + Int64(byte - 48) }
                digits += 1
                position += 1
            }
            guard (1...9).contains(digits) else { return nil }
            while digits < 3 {
                fraction *= 10
                digits += 1
            }
        }
        var offsetMinutes: Int64 = 0
        if !skip("Zz") {
            let negative: Bool
            if skip("-") { negative = true } else if skip("+") { negative = false } else { return nil }
            guard let hours = number(2), skip(":"), let minutes = number(2), hours < 24, minutes < 60 else {
                return nil
            }
            offsetMinutes = (hours * 60 + minutes) * (negative ? -1 : 1)
        }
        guard position == text.count else { return nil }
        let seconds = days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second
        return (seconds - offsetMinutes * 60) * 1000 + fraction
    }

    package init?(rfc3339 text: String) { self.init(rfc3339: text.utf8) }

    // Howard Hinnant's civil calendar arithmetic: eras of 400 years, years that begin in March.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.floorDivided(by: 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func daysIn(month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

extension Duration {
    /// Whole milliseconds, cut towards zero.
    package var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
    package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
