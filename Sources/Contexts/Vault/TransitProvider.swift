internal import FoundationEssentials
internal import JSONKit
package import Kernel
internal import NIOHTTP1

/// Wrapping keys in the Transit engine of HashiCorp Vault or OpenBao: one `aes256-gcm96` key an organisation. What a
/// data key belongs to travels as associated data.
package struct TransitProvider: KeyProvider {
    private let url: String
    private let mount: String
    private let token: Secret<String>
    private let http: KeyHTTP

    /// - Parameter url: without a path, `https://bao.example.com:8200`.
    package init(url: String, mount: String = "transit", token: Secret<String>, http: KeyHTTP) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.mount = mount
        self.token = token
        self.http = http
    }

    package var kind: KeyProviderKind { .transit }

    package func create(_ id: WrappingKeyID, for owner: KeyOwner) async throws(KeyProviderError) -> String {
        let name = "pulse-\(id)"
        // Transit answers alike when the key is there already.
        _ = try await call(.POST, "keys/\(name)") { $0.member("type", "aes256-gcm96") }
        return name
    }

    package func wrap(
        _ key: Secret<[UInt8]>, under wrapping: WrappingKey, for binding: WrapBinding
    ) async throws(KeyProviderError) -> [UInt8] {
        let name = try name(of: wrapping)
        // Encrypting with a name that is not there would make a key of that name.
        _ = try await call(.GET, "keys/\(name)") { _ in }
        let answer = try await call(.POST, "encrypt/\(name)") { json in
            json.member("plaintext", Data(key.reveal()).base64EncodedString())
            json.member("associated_data", Data(binding.bytes).base64EncodedString())
        }
        guard let text = answer["data"]?["ciphertext"]?.string, text.hasPrefix("vault:") else {
            throw .unreachable("Transit gives no ciphertext")
        }
        return Array(text.utf8)
    }

    package func unwrap(
        _ wrapped: [UInt8], under wrapping: WrappingKey, for binding: WrapBinding
    ) async throws(KeyProviderError) -> Secret<[UInt8]> {
        let answer = try await call(.POST, "decrypt/\(try name(of: wrapping))") { json in
            json.member("ciphertext", String(decoding: wrapped, as: UTF8.self))
            json.member("associated_data", Data(binding.bytes).base64EncodedString())
        }
        guard let key = answer["data"]?["plaintext"]?.base64, key.count == 32 else {
            throw .unreachable("Transit gives no key")
        }
        return Secret(key)
    }

    package func destroy(_ wrapping: WrappingKey) async throws(KeyProviderError) {
        let name = try name(of: wrapping)
        do throws(KeyProviderError) {
            _ = try await call(.POST, "keys/\(name)/config") { $0.member("deletion_allowed", true) }
            _ = try await call(.DELETE, "keys/\(name)") { _ in }
        } catch {
            guard case .refused(let words) = error, words.contains("found") else { throw error }
        }
    }

    /// Whether a text is the name of a Transit key that an organisation may bring: ours begin with `pulse-`.
    package static func isReference(_ text: String) -> Bool { isName(text) && !text.hasPrefix("pulse-") }

    /// The name becomes part of a path.
    private static func isName(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0)
                    || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
    }

    private func name(of wrapping: WrappingKey) throws(KeyProviderError) -> String {
        guard Self.isName(wrapping.reference) else { throw .unfit("this is no name of a Transit key") }
        return wrapping.reference
    }

    private func call(
        _ method: HTTPMethod, _ path: String, _ body: (inout JSONWriter) -> Void
    ) async throws(KeyProviderError) -> JSONValue {
        var json = JSONWriter()
        json.object(body)
        let answer = try await http.send(
            method, "\(url)/v1/\(mount)/\(path)",
            headers: [("x-vault-token", token.reveal()), ("content-type", "application/json")],
            body: method == .POST ? json.bytes : [])
        switch answer.status {
        case 200, 204: return answer.json ?? .object([:])
        // Sealed, standby without a leader, or overloaded.
        case 429, 500...599: throw .unreachable("Transit answers \(answer.status)")
        case 404: throw .refused("the key was not found")
        default:
            let words = answer.json?["errors"]?[0]?.string ?? "status \(answer.status)"
            throw .refused(String(words.prefix(80)))
        }
    }
}
