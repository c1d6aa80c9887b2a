import Crypto
import Kernel

/// The server's half of the opening handshake (RFC 6455, 4.2), with permessage-deflate (RFC 7692).
struct SocketHandshake {
    let headers: Headers
    let deflates: Bool

    /// - Throws: 426 `upgrade-required`, 400 `malformed-request`.
    init(_ request: APIRequest) throws(Problem) {
        guard Self.has("websocket", in: request.headers.all("upgrade")),
            Self.has("upgrade", in: request.headers.all("connection")), request.headers["sec-websocket-version"] == "13"
        else { throw .upgradeRequired }
        guard let key = request.headers["sec-websocket-key"], key.utf8.count == 24, key.hasSuffix("=="),
            key.dropLast(2).utf8.allSatisfy(\.isBase64), request.body.isEmpty
        else { throw .malformedRequest.with(detail: "Sec-WebSocket-Key must be 16 bytes in base64.") }
        deflates = Self.offersDeflate(request.headers.all("sec-websocket-extensions"))
        var headers: Headers = [
            "upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": Self.accept(key),
        ]
        if deflates {
            headers["sec-websocket-extensions"] =
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        }
        self.headers = headers
    }

    static func accept(_ key: String) -> String {
        Base64.encode(Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
    }

    /// An offer we can take: no smaller window of ours, as frames are shared by all readers.
    private static func offersDeflate(_ headers: [String]) -> Bool {
        headers.flatMap { $0.split(separator: ",") }.contains { offer in
            let parts = offer.split(separator: ";").map { $0.trimmedSpaces.lowercased() }
            return parts.first == "permessage-deflate"
                && parts.dropFirst().allSatisfy { parameter in
                    ["server_no_context_takeover", "client_no_context_takeover", "client_max_window_bits"]
                        .contains(String(parameter.prefix { $0 != "=" }.trimmedSpaces))
                }
        }
    }

    private static func has(_ token: String, in headers: [String]) -> Bool {
        headers.flatMap { $0.split(separator: ",") }.contains { $0.trimmedSpaces.lowercased() == token }
    }
}

/// RFC 4648, with padding.
enum Base64 {
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let bytes = Array(bytes)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                text.append(
                    index <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var isBase64: Bool {
        (97...122).contains(self) || (65...90).contains(self) || (48...57).contains(self) || self == 43 || self == 47
    }
}
