internal import Crypto
internal import Cryptography
internal import HTTPKit
internal import Kernel

/// An answer as it is kept for 24 hours: encrypted under a key made of the installation's secret and the caller's
/// Idempotency-Key, which is stored nowhere. Whoever cannot repeat the request cannot read its answer.
struct KeptAnswer: Sendable {
    /// What is longer is answered, but not kept: nothing that is created answers with a megabyte.
    static let limit = 512 * 1024

    let key: SymmetricKey
    /// Bound to the ciphertext, so that one row's answer is none in another.
    let place: [UInt8]

    init(secret: Secret<[UInt8]>, key: String, place: [UInt8]) {
        let material = Secret(Array(key.utf8) + secret.reveal())
        let derived = Digests.derivedKey(from: material, salt: place, purpose: "idempotent-answer-v1")
        self.key = SymmetricKey(data: derived.reveal())
        self.place = place
    }

    /// - Returns: `nil` for what cannot be told again: a stream, or something too long.
    func seal(_ response: APIResponse) throws -> [UInt8]? {
        guard let plain = Self.bytes(of: response), plain.count <= Self.limit else { return nil }
        let sealed = try AES.GCM.seal(plain, using: key, authenticating: place)
        return sealed.combined.map { Array($0) }
    }

    /// - Returns: `nil` when it was not kept by this key.
    func open(_ kept: [UInt8]) -> APIResponse? {
        guard let box = try? AES.GCM.SealedBox(combined: kept),
            let plain = try? AES.GCM.open(box, using: key, authenticating: place)
        else { return nil }
        return Self.response(from: Array(plain))
    }

    // MARK: Bytes: status, then each header's name and value, then the body; each with its length before it.

    private static func bytes(of response: APIResponse) -> [UInt8]? {
        let body: [UInt8]
        switch response.body {
        case .empty: body = []
        case .bytes(let bytes): body = bytes
        case .stream, .file: return nil
        }
        var bytes: [UInt8] = []
        let headers = Array(response.headers)
        append(UInt32(response.status), to: &bytes)
        append(UInt32(headers.count), to: &bytes)
        for text in headers.flatMap({ [$0.name, $0.value] }).map({ Array($0.utf8) }) + [body] {
            append(UInt32(text.count), to: &bytes)
            bytes += text
        }
        return bytes
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: number >> UInt32(shift))) }
    }

    private static func response(from bytes: [UInt8]) -> APIResponse? {
        var rest = bytes[...]
        func number() -> Int? {
            guard rest.count >= 4 else { return nil }
            defer { rest = rest.dropFirst(4) }
            return rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        }
        func piece() -> [UInt8]? {
            guard let count = number(), rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        guard let status = number(), let count = number() else { return nil }
        var headers = Headers()
        for _ in 0..<count {
            guard let name = piece(), let value = piece() else { return nil }
            headers.add(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
        }
        guard let body = piece(), rest.isEmpty else { return nil }
        return APIResponse(status: status, headers: headers, body: body.isEmpty ? .empty : .bytes(body))
    }
}
