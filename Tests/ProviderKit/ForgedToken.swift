import Cryptography
package import JSONKit

extension ProviderScript {
    /// A token of these very bytes.
    package static func text(_ header: [UInt8], _ claims: [UInt8], by signer: ProviderKey) throws -> String {
        let signed = Base64URL.encode(header) + "." + Base64URL.encode(claims)
        return signed + "." + Base64URL.encode(try signer.sign(Array(signed.utf8)))
    }
}

/// A token taken apart to be put together otherwise.
package struct ForgedToken {
    package var header: [String: JSONValue]
    package var claims: [String: JSONValue]
    package let signature: String

    package init(_ text: String) throws {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        header = try JSONValue(json: Base64URL.decode(parts[0].utf8) ?? []).object ?? [:]
        claims = try JSONValue(json: Base64URL.decode(parts[1].utf8) ?? []).object ?? [:]
        signature = parts[2]
    }

    /// With the signature it had.
    package var unsigned: String {
        [JSONValue.object(header).json, JSONValue.object(claims).json].map { Base64URL.encode($0) }
            .joined(separator: ".") + "." + signature
    }

    package func signed(by key: ProviderKey) throws -> String {
        try ProviderScript.text(JSONValue.object(header).json, JSONValue.object(claims).json, by: key)
    }
}
