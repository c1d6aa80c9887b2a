internal import CoreMetrics

enum DomainMetrics {
    static let lost = Counter(label: "pulse_verifieddomains_lost_total")
    /// Ways in past single sign-on. Any increase is worth a look: see the handbook.
    static let breakGlass = Counter(label: "pulse_verifieddomains_break_glass_total")
    static let breakGlassRefused = Counter(label: "pulse_verifieddomains_break_glass_refused_total")
}
