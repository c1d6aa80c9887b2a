import JSONKit
import Testing

@testable import JOSE

struct PublicKeySetTests {
    private func set(_ keys: JSONValue...) -> PublicKeySet {
        PublicKeySet(String(decoding: JSONValue.object(["keys": .array(keys)]).json, as: UTF8.self))
    }

    private static let point = String(repeating: "A", count: 43)
    private static let modulus = "8" + String(repeating: "A", count: 341)

    private static let rsa: [String: JSONValue] = [
        "kty": "RSA", "kid": "r", "n": .string(modulus), "e": "AQAB",
    ]
    private static let ec: [String: JSONValue] = [
        "kty": "EC", "kid": "e", "crv": "P-256", "x": .string(point), "y": .string(point),
    ]
    private static let ed: [String: JSONValue] = ["kty": "OKP", "kid": "o", "crv": "Ed25519", "x": .string(point)]

    private func changed(_ key: [String: JSONValue], _ more: [String: JSONValue]) -> JSONValue {
        .object(key.merging(more) { $1 }.filter { $0.value != .null })
    }

    @Test("a key serves the algorithms of its own kind and curve alone")
    func kinds() {
        let all = set(.object(Self.rsa), .object(Self.ec), .object(Self.ed))
        #expect(all.ids == ["e", "o", "r"])
        for algorithm in SigningAlgorithm.allCases {
            let name = algorithm.rawValue
            let owner = name == "ES256" ? "e" : name == "EdDSA" ? "o" : name.hasPrefix("ES") ? nil : "r"
            for id in ["r", "e", "o"] {
                #expect((all.key(id, for: algorithm) != nil) == (id == owner), "\(name) \(id)")
            }
            #expect((all.key(nil, for: algorithm) != nil) == (owner != nil), "the only one needs no name")
        }
        #expect(set(changed(Self.rsa, ["alg": "RS256"])).key("r", for: .ps256) == nil)
        #expect(set(.object(Self.rsa), changed(Self.rsa, ["kid": "r2"])).key(nil, for: .rs256) == nil)
        #expect(set(.object(Self.rsa), changed(Self.ec, ["kid": "r"])).key("r", for: .es256) != nil)
    }

    @Test("what is no public key for signing is passed over, and the others stay")
    func passedOver() {
        let short = String(repeating: "A", count: 170) + "8A"
        for key in [
            changed(Self.rsa, ["d": "AQAB"]), changed(Self.rsa, ["p": "AQAB"]), changed(Self.rsa, ["use": "enc"]),
            changed(Self.rsa, ["key_ops": ["encrypt"]]), changed(Self.rsa, ["n": .string(short)]),
            changed(Self.rsa, ["e": "AQ"]), changed(Self.rsa, ["e": "BA"]), changed(Self.rsa, ["e": "AQAAAAAB"]),
            changed(Self.rsa, ["e": .null]), changed(Self.rsa, ["kid": 7]), changed(Self.rsa, ["kid": ""]),
            changed(Self.ec, ["x": .null]), changed(Self.ec, ["y": "*"]), changed(Self.ed, ["crv": "X25519"]),
            changed(Self.ed, ["x": "AAAA"]), ["kty": "oct", "kid": "k", "k": "c2VjcmV0"], ["kty": "AKP", "kid": "k"],
            ["kid": "k"], "text", 7, nil, [],
        ] { #expect(set(key, .object(Self.ec)).ids == ["e"], "\(key)") }
    }

    @Test("what is no set of keys is an empty one")
    func nonsense() {
        for text in ["", "{}", "[]", "null", #"{"keys":{}}"#, #"{"keys":[]}"#, #"{"keys":[],"keys":[]}"#, "<html>"] {
            #expect(PublicKeySet(text).isEmpty)
        }
    }

    @Test("of a long list the first hundred keys are read")
    func long() {
        let keys = (0..<150).map { changed(Self.ec, ["kid": .string("key \($0)")]) }
        let all = PublicKeySet(String(decoding: JSONValue.object(["keys": .array(keys)]).json, as: UTF8.self))
        #expect(all.ids.count == PublicKeySet.limit && all.ids.contains("key 99") && !all.ids.contains("key 100"))
    }
}
