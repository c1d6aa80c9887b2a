internal import Cryptography
internal import Kernel

/// AWS Signature Version 4 of a request whose path needs no encoding and whose query is canonical already.
struct SignatureV4: Sendable {
    let accessKeyID: String
    let secretAccessKey: Secret<String>
    let region: String
    let service: String

    /// The `Authorization` header.
    /// - Parameter headers: all that are signed, lower case; `host` and `x-amz-date` among them.
    /// - Parameter date: `20150830T123600Z`, the value of `x-amz-date`.
    func authorization(
        method: String, path: String, query: String = "", headers: [(String, String)], body: [UInt8], date: String
    ) -> String {
        let sorted = headers.sorted { $0.0 < $1.0 }
        let names = sorted.map(\.0).joined(separator: ";")
        let lines = sorted.map { "\($0.0):\($0.1.trimmed)\n" }.joined()
        let canonical = [method, path, query, lines, names, Digests.sha256(body).hex].joined(separator: "\n")
        let scope = "\(date.prefix(8))/\(region)/\(service)/aws4_request"
        let toSign = ["AWS4-HMAC-SHA256", date, scope, Digests.sha256(canonical).hex].joined(separator: "\n")
        let signature = Digests.hmacSHA256(Array(toSign.utf8), key: signingKey(day: String(date.prefix(8)))).hex
        return "AWS4-HMAC-SHA256 Credential=\(accessKeyID)/\(scope), SignedHeaders=\(names), Signature=\(signature)"
    }

    private func signingKey(day: String) -> Secret<[UInt8]> {
        var key = Secret(Array(("AWS4" + secretAccessKey.reveal()).utf8))
        for part in [day, region, service, "aws4_request"] {
            key = Secret(Digests.hmacSHA256(Array(part.utf8), key: key))
        }
        return key
    }
}

extension Timestamp {
    /// `20150830T123600Z`.
    var amazonDate: String {
        let text = description.prefix(19).filter { $0 != "-" && $0 != ":" }
        return text + "Z"
    }
}
