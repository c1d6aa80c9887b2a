internal import JSONKit
internal import Kernel
internal import Outbound

/// Reads the fields of settings, and says which of them is wrong.
struct SettingsFields {
    let json: JSONValue
    let policy: OutboundPolicy

    /// What is not said stays; `null` and nothing take it back.
    func line(_ name: String, most: Int, else kept: String?) throws(Problem) -> String? {
        guard let value = json[name] else { return kept }
        if value == .null || value == .string("") { return nil }
        guard let text = value.string?.trimmed, (1...most).contains(text.utf8.count), text.isPlainLine else {
            throw .invalidField("oidc.\(name)", "one line of 1 to \(most) bytes is wanted")
        }
        return text
    }

    func address(_ name: String, else kept: String?) throws(Problem) -> String? {
        guard let text = try line(name, most: 2048, else: kept) else { return nil }
        do {
            return try Endpoints(policy: policy, secureOnly: false).address(text)
        } catch {
            let wanted =
                error.reason == .addressRefused
                ? "it leads to a network that cannot be reached from here" : "an https address is wanted"
            throw .invalidField("oidc.\(name)", wanted)
        }
    }

    /// A list, or one text with spaces between; at most 20.
    func scopes(else kept: [String]) throws(Problem) -> [String] {
        let said: [String]
        switch json["scopes"] {
        case nil: return kept
        case .null: return OIDCSettings.defaultScopes
        case .string(let text): said = text.split { $0 == " " || $0 == "," }.map(String.init)
        case .array(let all) where all.allSatisfy({ $0.string != nil }): said = all.compactMap(\.string)
        default: throw .invalidField("oidc.scopes", "a list of names is wanted")
        }
        // RFC 6749: printable ASCII without quotes and backslashes.
        let isName = said.allSatisfy { name in
            (1...128).contains(name.utf8.count)
                && name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
        }
        guard isName, said.count <= 20, Set(said).count == said.count else {
            throw .invalidField("oidc.scopes", "at most 20 names are wanted, each once, without spaces or quotes")
        }
        return ["openid"] + said.filter { $0 != "openid" }
    }
}

extension String? {
    /// - Throws: `invalid-field` when there is none.
    func wanted(_ name: String) throws(Problem) -> String {
        guard let self else { throw .invalidField("oidc.\(name)", "it is wanted") }
        return self
    }
}
