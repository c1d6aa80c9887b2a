import FoundationEssentials
import SignedXML
import Testing

/// The seeds of the fuzzer, once, through the Swift side of the same way.
@Suite(.serialized) struct CorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fuzz/corpus")

    private static let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.sorted() ?? []

    private static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: name)))
    }

    private static func keys() throws -> [XMLKey] {
        try names.filter { $0.hasSuffix(".der") }.map { try XMLKey(certificate: try bytes($0)) }
    }

    @Test("there are seeds, good ones and bad ones")
    func seeds() throws {
        #expect(Self.names.count { $0.hasPrefix("good-") } >= 15 && Self.names.count { $0.hasPrefix("bad-") } >= 50)
        #expect(try Self.keys().count == 2)
    }

    @Test(
        "what is good verifies, at the response or at the assertion", arguments: names.filter { $0.hasPrefix("good-") })
    func good(name: String) throws {
        let document = try XMLDocument(try Self.bytes(name), .message)
        let places: [XMLDocument.Place] = [.root, .child("Assertion", in: "urn:oasis:names:tc:SAML:2.0:assertion")]
        let keys = try Self.keys()
        #expect(places.contains { (try? document.verified($0, by: keys)) != nil })
    }

    @Test(
        "what is bad is read or refused, and never more than that", arguments: names.filter { !$0.hasPrefix("good-") })
    func bad(name: String) throws {
        let bytes = try Self.bytes(name)
        for bounds in [XMLBounds.message, .metadata] {
            guard let document = try? XMLDocument(bytes, bounds) else { continue }
            #expect(throws: XMLRefusal.self) { try document.verified(.root, by: []) }
        }
        #expect((try? XMLKey(certificate: bytes)) == nil || name.hasSuffix(".der"))
    }
}
