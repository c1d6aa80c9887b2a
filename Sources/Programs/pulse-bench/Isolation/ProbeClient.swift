import AsyncHTTPClient
import Foundation
import HTTPKit
import NIOCore
import NIOHTTP1

/// What a prober proves to be somebody with.
enum Credential: Hashable, Sendable {
    case session(cookie: String, csrf: String)
    case token(String)

    var headers: [(String, String)] {
        switch self {
        case .session(let cookie, let csrf): [("Cookie", cookie), ("X-CSRF-Token", csrf)]
        case .token(let token): [("X-API-Token", token)]
        }
    }
}

struct ProbeAnswer: Sendable {
    let status: Int
    let headers: String
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var isSuccess: Bool { (200..<400).contains(status) }
    /// The problem's slug; `nil` when the answer is none.
    var slug: String? {
        guard status >= 400, let object = json as? [String: Any], let type = object["type"] as? String else {
            return nil
        }
        return type.split(separator: ":").last.map(String.init)
    }
    var json: Any? { try? JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed) }
}

/// Talks to one server on loopback.
final class ProbeClient: Sendable {
    let port: Int
    private let http: HTTPClient

    init(port: Int) {
        self.port = port
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.timeout = .init(connect: .seconds(5), read: .seconds(30))
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit { try? http.syncShutdown() }

    func ask(
        _ method: Endpoint.Method, _ path: String, as credential: Credential? = nil, org: String? = nil,
        body: String? = nil
    ) async throws -> ProbeAnswer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = HTTPMethod(rawValue: method.rawValue)
        for (name, value) in credential?.headers ?? [] { request.headers.add(name: name, value: value) }
        if let org { request.headers.add(name: "X-Pulse-Org-ID", value: org) }
        request.headers.add(name: "Accept", value: "application/json")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await http.execute(request, timeout: .seconds(30))
        // A stream never ends: what it says is probed by a reader of its own.
        let isStream = response.headers.first(name: "content-type")?.hasPrefix("text/event-stream") ?? false
        let bytes = isStream ? ByteBuffer() : try await response.body.collect(upTo: 64 << 20)
        let headers = response.headers.filter { !["date", "x-request-id"].contains($0.name.lowercased()) }
        return ProbeAnswer(
            status: Int(response.status.code),
            headers: headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n"),
            body: Array(buffer: bytes))
    }
}

extension String {
    /// As one segment of a path, or one value of a query.
    var percentEncoded: String {
        addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~"))) ?? self
    }
}
