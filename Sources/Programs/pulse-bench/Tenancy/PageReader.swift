import Foundation
import Glibc

/// Asks for one page after the other over one connection, with as little of its own as possible: a client that hands a
/// long body on in pieces costs more than the page it measures.
final class PageReader {
    private let descriptor: Int32
    private var inbox: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 256 * 1024)

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard descriptor >= 0, connected == 0 else { throw ProbeFault("nobody listens on \(port)") }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// - Returns: the bytes of the body.
    /// - Throws: for any answer but 200.
    func page(_ path: String, headers: [(String, String)]) throws -> Int {
        var request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
        for (name, value) in headers { request += "\(name): \(value)\r\n" }
        let bytes = Array((request + "\r\n").utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw ProbeFault("the connection is gone")
        }
        inbox.removeAll(keepingCapacity: true)
        let end = Array("\r\n\r\n".utf8)
        while true {
            try receive()
            guard let head = inbox.firstRange(of: end) else { continue }
            let text = String(decoding: inbox[..<head.lowerBound], as: UTF8.self).lowercased()
            guard text.hasPrefix("http/1.1 200"), let name = text.range(of: "content-length: "),
                let length = Int(text[name.upperBound...].prefix { $0.isNumber })
            else { throw ProbeFault("a page was not answered: \(text.prefix(200))") }
            while inbox.count < head.upperBound + length { try receive() }
            return length
        }
    }

    private func receive() throws {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw ProbeFault("the connection is gone") }
        inbox += buffer[..<count]
    }
}
