internal import Kernel

/// The date of a mail (RFC 5322), always in UTC: `Sat, 21 Nov 2026 09:30:00 +0000`.
enum MailDate {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func text(_ moment: Timestamp) -> String {
        // `2026-11-21T09:30:00.000Z`, cut by position; 1970-01-01 was a Thursday.
        let parts = moment.description
        func cut(_ from: Int, _ count: Int) -> Substring { parts.dropFirst(from).prefix(count) }
        let days = moment.milliseconds / 86_400_000
        let weekday = weekdays[Int((days % 7 + 7) % 7)]
        let month = months[(Int(cut(5, 2)) ?? 1) - 1]
        return "\(weekday), \(cut(8, 2)) \(month) \(cut(0, 4)) \(cut(11, 8)) +0000"
    }
}
