internal import JOSE
internal import JSONKit
internal import Kernel

/// The groups that claims name.
enum GroupClaims {
    enum Finding: Sendable, Hashable {
        case named([String])
        /// Too many for a token; whoever wants them asks elsewhere.
        case elsewhere
        /// Nothing is said.
        case absent
    }

    static let most = 5000

    static func find(_ claim: String, in claims: ClaimSet) -> Finding {
        if let value = claims.value(at: claim), value != .null { return .named(names(in: value)) }
        let isMoved = claims["_claim_names"]?[claim] != nil
        let isOverage = claims["hasgroups"] == true || claims["hasgroups"] == "true"
        return isMoved || isOverage ? .elsewhere : .absent
    }

    /// A list, or one text with commas or spaces between.
    private static func names(in value: JSONValue) -> [String] {
        switch value {
        case .string(let text): usable(text.split { $0 == "," || $0 == " " }.map(String.init))
        case .array(let all): usable(all.compactMap(\.string))
        default: []
        }
    }

    /// Each once, in order, those that could be the name of a group.
    static func usable(_ names: [String]) -> [String] {
        var (kept, seen): ([String], Set<String>) = ([], [])
        for name in names where (1...256).contains(name.utf8.count) && name.isPlainLine && kept.count < most {
            if seen.insert(name).inserted { kept.append(name) }
        }
        return kept
    }
}
