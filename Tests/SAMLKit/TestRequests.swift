import Compression
import Foundation
import Kernel

/// Reads the request that a browser is sent away with, as a provider does.
package enum TestRequests {
    package struct NoRequest: Error {}

    /// The id of the request in an address of the redirect binding.
    package static func id(in url: String) throws -> String {
        guard let field = URLComponents(string: url)?.queryItems?.first(where: { $0.name == "SAMLRequest" })?.value,
            let packed = Data(base64Encoded: field)
        else { throw NoRequest() }
        let xml = String(decoding: try Packed.unpack(Array(packed), limit: 65_536), as: UTF8.self)
        guard let id = xml.firstMatch(of: /ID="([^"]*)"/)?.1 else { throw NoRequest() }
        return String(id)
    }

    /// Of a page that posts it.
    package static func id(inForm page: String) throws -> String {
        guard let sent = page.firstMatch(of: /name="SAMLRequest" value="([^"]*)"/)?.1,
            let id = try text(String(sent)).firstMatch(of: /ID="([^"]*)"/)?.1
        else { throw NoRequest() }
        return String(id)
    }

    /// A message as forms carry it.
    package static func text(_ standard: String) throws -> String {
        guard let bytes = Data(base64Encoded: standard) else { throw NoRequest() }
        return String(decoding: bytes, as: UTF8.self)
    }

    package static func escaped(_ text: String) -> String {
        text.replacing("+", with: "%2B").replacing("/", with: "%2F").replacing("=", with: "%3D")
    }
}
