package import Kernel

/// Why something does not open.
package enum VaultError: Explained, Equatable {
    /// The key that wraps the owner's data keys cannot be used now: revoked by its owner, or its provider is away.
    case keyUnavailable(reason: KeyProviderError)
    /// The data key does not exist any more: rotated away, or destroyed with its organisation.
    case keyDestroyed
    /// Not a ciphertext of this owner at this place, or a byte of it was changed.
    case damaged

    package var problem: Problem {
        switch self {
        case .keyUnavailable(let reason): Problem.keyUnavailable.with(detail: reason.advice)
        case .keyDestroyed: .keyDestroyed
        // What is stored is broken: nothing the caller can mend, and nothing to tell about it.
        case .damaged: Problem("internal-error", status: 500, title: "Something went wrong on our side")
        }
    }
}

extension Problem {
    package static let keyUnavailable = Problem(
        "key-unavailable", status: 503, title: "The organisation's encryption key cannot be used now",
        retryAfterSeconds: 30)
    package static let keyDestroyed = Problem(
        "key-destroyed", status: 410, title: "The key of this secret was destroyed")
}

/// What a provider of wrapping keys says instead of an answer.
package enum KeyProviderError: Error, Equatable {
    /// It answered no: the key is disabled, gone, or not ours to use. Trying again does not help.
    case refused(String)
    /// No answer in time, or a broken one. Trying again makes sense.
    case unreachable(String)
    /// A name that this provider could never have given or taken.
    case unfit(String)

    /// For people; the provider's own words never hold key material.
    package var advice: String {
        switch self {
        case .refused(let words): "The key's provider refuses: \(words)"
        case .unreachable(let words): "The key's provider does not answer: \(words)"
        case .unfit(let words): words
        }
    }

    /// Metric label.
    var reason: String {
        switch self {
        case .refused: "auth"
        case .unreachable: "unreachable"
        case .unfit: "badAnswer"
        }
    }
}
