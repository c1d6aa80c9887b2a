import Compression
import Cryptography
import HTTPKit
import Testing

/// Reads the request that a browser is sent away with, as a provider does.
enum TestRequests {
    static func id(in url: String) async throws -> String {
        let query = try Query(parsing: url.split(separator: "?", maxSplits: 1)[1])
        let standard = try #require(query["SAMLRequest"])
        let packed = try #require(
            Base64URL.decode(standard.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "").utf8)
        )
        let xml = String(decoding: try Packed.unpack(packed, limit: 65_536), as: UTF8.self)
        return String(try #require(xml.firstMatch(of: /ID="([^"]*)"/)?.1))
    }

    static func escaped(_ text: String) -> String {
        text.replacing("+", with: "%2B").replacing("/", with: "%2F").replacing("=", with: "%3D")
    }
}
