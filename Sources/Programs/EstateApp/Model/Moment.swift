import Kernel

/// A time as file names and tasks write it.
struct Moment {
    private let text: String

    init(_ seconds: Double) { text = Timestamp(milliseconds: Int64(seconds) * 1000).description }

    /// `2026-11-21T01:00:03Z`.
    var rfc3339: String { text.prefix(19) + "Z" }
    /// `2026_11_21-01_00_03`.
    var underscored: String {
        text.prefix(10).replacing("-", with: "_") + "-" + text.dropFirst(11).prefix(8).replacing(":", with: "_")
    }
    /// `2026-11-21 01:00:03`.
    var spoken: String { text.prefix(10) + " " + text.dropFirst(11).prefix(8) }
}
