import Compression

extension RawClient {
    /// A frame as a server sends it.
    struct Frame {
        let opcode: UInt8
        let isDeflated: Bool
        let payload: [UInt8]
        var text: String { String(decoding: payload, as: UTF8.self) }
        var closeCode: Int? { opcode == 8 && payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil }
    }

    /// Sends the opening handshake and takes the answer to it.
    mutating func upgrade(_ path: String = "/ws", _ headers: [String] = []) async throws -> Answer {
        try await get(
            path,
            [
                "Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ] + headers)
        return try await answer()
    }

    mutating func frame() async throws -> Frame {
        try await receive { bytes -> (Frame, used: Int)? in
            guard bytes.count >= 2 else { return nil }
            var (length, start) = (Int(bytes[1]), 2)
            if length >= 126 {
                start = length == 126 ? 4 : 10
                guard bytes.count >= start else { return nil }
                length = bytes[2..<start].reduce(0) { $0 << 8 | Int($1) }
            }
            guard bytes.count >= start + length else { return nil }
            let frame = Frame(
                opcode: bytes[0] & 0x0F, isDeflated: bytes[0] & 0x40 != 0,
                payload: Array(bytes[start..<start + length]))
            return (frame, start + length)
        }
    }

    /// Frames up to the close, whose code this is.
    mutating func closeCode() async throws -> Int? {
        while true {
            let frame = try await frame()
            if frame.opcode == 8 { return frame.closeCode }
        }
    }
}
