import Inventory
import JSONKit
import Kernel

/// Why two claims are of one thing, as a person is told it.
struct MergeReason: Sendable, Equatable {
    enum Kind: String, Sendable {
        /// Both show the same number that nothing else has.
        case sharedIdentity = "shared-identity"
        /// Several weaker signs agree.
        case identityMatch = "identity-match"
        /// A person said so.
        case manual
    }

    let kind: Kind
    /// `machine-id`, `hostname+mac` …
    let signal: String
    /// 0...1
    let confidence: Double

    /// The strongest that the two share; `nil` when nothing of the two alone makes them one.
    static func between(_ left: Observation, _ right: Observation) -> MergeReason? {
        let best = ClaimMatch.shared(left, right).max { ClaimMatch.weight(of: $0) < ClaimMatch.weight(of: $1) }
        if let best, ClaimMatch.weight(of: best) >= ClaimMatch.threshold {
            return MergeReason(
                kind: .sharedIdentity, signal: best.kind.rawValue, confidence: ClaimMatch.weight(of: best))
        }
        let confidence = ClaimMatch.confidence(left, right)
        guard confidence >= ClaimMatch.threshold else { return nil }
        return MergeReason(kind: .identityMatch, signal: "hostname+mac", confidence: confidence)
    }
}
