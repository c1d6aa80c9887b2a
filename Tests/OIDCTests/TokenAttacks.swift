import Cryptography
import JSONKit
import ProviderKit

@testable import OIDC

/// What can be done to the signature of an ID token and to what its header asks for.
enum TokenAttacks {
    static let all = algorithms + confusions + keys + embedded + shapes

    /// No signature, or one with a secret that both sides would share.
    private static let algorithms: [Attack] =
        ["none", "None", "NONE", "nOnE", " none", "none ", "n-o-n-e", ""].flatMap { name in
            [
                Attack.forged("alg “\(name)” and no signature", .algorithmNone) { good in
                    var token = try ForgedToken(good)
                    token.header["alg"] = .string(name)
                    return try token.signed(by: ProviderKey("key-1", name, [:]) { _ in [] })
                },
                Attack.forged("alg “\(name)” with the good signature", .algorithmNone) { good in
                    var token = try ForgedToken(good)
                    token.header["alg"] = .string(name)
                    return token.unsigned
                },
            ]
        } + [
            Attack.header("no alg at all", .algorithmUnknown, ["alg": .null]),
            Attack.header("alg is a number", .algorithmUnknown, ["alg": 256]),
            Attack.header("alg is a list", .algorithmUnknown, ["alg": ["RS256", "none"]]),
            Attack.header("alg in lower case", .algorithmUnknown, ["alg": "rs256"]),
            Attack.header("alg of SHA-1", .algorithmUnknown, ["alg": "RS1"]),
            Attack.header("alg of nobody", .algorithmUnknown, ["alg": "XX999"]),
            Attack.header("alg that signs with secp256k1", .algorithmUnknown, ["alg": "ES256K"]),
            Attack.header("alg for encrypting", .algorithmUnknown, ["alg": "RSA-OAEP"]),
            Attack.header("alg of HMAC", .algorithmSymmetric, ["alg": "HS256"]),
            Attack.header("alg of HMAC in lower case", .algorithmSymmetric, ["alg": "hs512"]),
        ]

    /// The public key for a secret, and algorithms that are good but not those of the key.
    private static let confusions: [Attack] = [
        hmac("the public key's PEM text", .algorithmSymmetric, "HS256", ProviderKey.rsaText()),
        hmac("the public key's PEM text for HS384", .algorithmSymmetric, "HS384", ProviderKey.rsaText()),
        hmac("the public key's PEM text for RS256", .signatureInvalid, "RS256", ProviderKey.rsaText()),
        hmac("the client's secret", .algorithmSymmetric, "HS256", Array("a secret: of +both".utf8)),
        hmac("nothing", .algorithmSymmetric, "HS256", []),
        Attack("ES256 with the name of the RSA key", .algorithmNotOffered) { scene in
            scene.provider.script { $0.signer = ProviderKey.p256("key-1") }
        },
        Attack("ES256 is offered, and the key of that name is of RSA", .keyUnknown) { scene in
            scene.provider.script {
                $0.signer = ProviderKey.p256("key-1")
                $0.discovery["id_token_signing_alg_values_supported"] = ["RS256", "ES256"]
            }
        },
        Attack("RS256 with the name of a key of a curve", .keyUnknown) { scene in
            scene.provider.script {
                $0.keys = [.p256("key-1")]
                $0.discovery["id_token_signing_alg_values_supported"] = ["RS256", "ES256"]
            }
        },
        Attack("PS256 where only RS256 is offered", .algorithmNotOffered) { scene in
            scene.provider.script { script in
                script.signer = .rsa("key-1", "PS256")
                script.discovery["id_token_signing_alg_values_supported"] = ["RS256"]
            }
        },
        Attack("PS256 called RS256", .signatureInvalid) { scene in
            scene.provider.script {
                $0.signer = .rsa("key-1", "PS256")
                $0.header = ["alg": "RS256"]
            }
        },
        Attack("RS512 called RS256", .signatureInvalid) { scene in
            scene.provider.script {
                $0.signer = .rsa("key-1", "RS512")
                $0.header = ["alg": "RS256"]
                $0.claims = ["at_hash": .null]
            }
        },
        Attack("RS512 with a key that says RS256 of itself", .keyUnknown) { scene in
            scene.provider.script { script in
                let key = ProviderKey.rsa("key-1").publicKey.merging(["alg": "RS256"]) { $1 }
                script.keys = [ProviderKey("key-1", "RS512", key) { _ in [] }]
                script.signer = .rsa("key-1", "RS512")
            }
        },
        Attack("Ed25519 with the name of the RSA key", .keyUnknown) { scene in
            scene.provider.script {
                $0.signer = .ed25519("key-1")
                $0.discovery["id_token_signing_alg_values_supported"] = ["RS256", "EdDSA"]
            }
        },
        Attack("only algorithms with shared secrets are offered", .algorithmNotOffered) { scene in
            scene.provider.script { $0.discovery["id_token_signing_alg_values_supported"] = ["HS256", "none"] }
        },
    ]

    private static func hmac(_ name: String, _ reason: OIDCRefusal.Reason, _ algorithm: String, _ secret: [UInt8])
        -> Attack
    {
        Attack.forged("HMAC as \(algorithm) with \(name)", reason) { good in
            var token = try ForgedToken(good)
            token.header["alg"] = .string(algorithm)
            return try token.signed(by: .hmac("key-1", secret: secret))
        }
    }

    /// Keys that the provider does not publish, or publishes with their secret.
    private static let keys: [Attack] =
        [
            "../../../../dev/null", "/dev/null", "..\\..\\key", "key-1/../key-1", "key-1\u{0}", "key-1' OR '1'='1",
            "x'; DROP TABLE users; --", "' UNION SELECT 'AyU1SiQRxT'", "https://evil.example/jwks.json",
            "file:///etc/passwd", "$(id)", "key-1 ", "KEY-1", "k\u{435}y-1", "0",
        ].map { name in Attack.header("kid “\(name)”", .keyUnknown, ["kid": .string(name)]) } + [
            Attack.header("kid is a number", .keyUnknown, ["kid": 1]),
            Attack.header("kid is an object", .keyUnknown, ["kid": ["kty": "oct"]]),
            Attack.header("kid is empty", .keyUnknown, ["kid": ""]),
            Attack.header("kid of 300 bytes", .keyUnknown, ["kid": .string(String(repeating: "k", count: 300))]),
            Attack("another's key under the same name", .signatureInvalid) { scene in
                scene.provider.script { $0.signer = .rsa("key-1", number: 1) }
            },
            Attack("no kid, and a key that is not published", .signatureInvalid) { scene in
                scene.provider.script {
                    $0.signer = .rsa("key-1", number: 1)
                    $0.header = ["kid": .null]
                }
            },
            Attack("no kid, and two keys that could be meant", .keyUnknown) { scene in
                scene.provider.script {
                    $0.keys.append(.rsa("key-2", number: 1))
                    $0.header = ["kid": .null]
                }
            },
            Attack("a key that is published with its secret", .keyUnknown) { scene in
                scene.provider.script { script in
                    let key = ProviderKey.rsa("key-2", number: 1)
                    let leaked = key.publicKey.merging(["d": "AQAB"]) { $1 }
                    script.keys.append(ProviderKey("key-2", "RS256", leaked, sign: key.sign))
                    script.signer = key
                }
            },
            Attack("a shared secret that is published", .algorithmSymmetric) { scene in
                scene.provider.script { script in
                    let key = ProviderKey.hmac("key-2", secret: Array("known to all".utf8))
                    script.keys.append(key)
                    script.signer = key
                }
            },
            Attack("a key that is for encrypting", .keyUnknown) { scene in
                scene.provider.script { script in
                    let key = ProviderKey.rsa("key-2", number: 1)
                    let other = key.publicKey.merging(["use": "enc"]) { $1 }
                    script.keys.append(ProviderKey("key-2", "RS256", other, sign: key.sign))
                    script.signer = key
                }
            },
            Attack("a key too short to be trusted", .keyUnknown) { scene in
                scene.provider.script { script in
                    let key = ProviderKey.weakRSA("key-2")
                    script.keys.append(key)
                    script.signer = key
                }
            },
        ]

    /// Keys that the token brings along itself.
    private static let embedded: [Attack] = [
        ("jwk", JSONValue.object(stranger.publicKey)), ("jku", "https://evil.example/jwks.json"),
        ("x5u", "https://evil.example/x5u.pem"), ("x5c", ["MIIBszCCARygAwIBAgIB"]), ("x5t", "AAAA"),
        ("x5t#S256", "AAAA"),
    ].map { name, value in
        Attack("a stranger's key in \(name)", .signatureInvalid) { scene in
            scene.provider.script {
                $0.signer = stranger
                $0.header = [name: value]
            }
        }
    }

    private static let stranger = ProviderKey.rsa("key-1", number: 2)

    private static let shapes: [Attack] = [
        Attack.header("crit", .headerCritical, ["crit": ["exp"]]),
        Attack.header("crit of nothing", .headerCritical, ["crit": []]),
        Attack.header("b64 switched off", .headerCritical, ["b64": false, "crit": ["b64"]]),
        Attack.header("zip", .headerCritical, ["zip": "DEF"]),
        Attack.header("typ of an access token", .tokenTypeWrong, ["typ": "at+jwt"]),
        Attack.header("typ of a logout token", .tokenTypeWrong, ["typ": "logout+jwt"]),
        Attack.header("typ is a number", .tokenMalformed, ["typ": 7]),
        Attack.forged("five parts", .tokenEncrypted) { $0 + ".AAAA.AAAA" },
        Attack.forged("four parts", .tokenMalformed) { $0 + ".AAAA" },
        Attack.forged("two parts", .tokenMalformed) { $0.split(separator: ".").prefix(2).joined(separator: ".") },
        Attack.forged("nothing", .tokenMalformed) { _ in "" },
        Attack.forged("three dots", .tokenMalformed) { _ in "..." },
        Attack.forged("two dots", .tokenMalformed) { _ in ".." },
        Attack.forged("no signature", .signatureInvalid) { good in
            good.split(separator: ".").prefix(2).joined(separator: ".") + "."
        },
        Attack.forged("half a signature", .signatureInvalid) { good in
            let parts = good.split(separator: ".")
            return parts.prefix(2).joined(separator: ".") + "." + parts[2].prefix(100)
        },
        Attack.forged("a signature of zeros", .signatureInvalid) { good in
            good.split(separator: ".").prefix(2).joined(separator: ".") + "."
                + Base64URL.encode([UInt8](repeating: 0, count: 256))
        },
        Attack.forged("padding behind", .tokenMalformed) { $0 + "==" },
        Attack.forged("a space before", .tokenMalformed) { " " + $0 },
        Attack.forged("base64 of the other alphabet", .tokenMalformed) { "+/" + $0.dropFirst(2) },
        Attack.forged("claims changed under the signature", .signatureInvalid) { good in
            var token = try ForgedToken(good)
            token.claims["sub"] = "somebody else"
            return token.unsigned
        },
        Attack.forged("a header that says alg twice", .tokenMalformed) { good in
            let token = try ForgedToken(good)
            let header = #"{"alg":"none","alg":"RS256","kid":"key-1"}"#
            return try ProviderScript.text(
                Array(header.utf8), JSONValue.object(token.claims).json, by: .rsa("key-1"))
        },
        Attack.forged("claims that say sub twice", .tokenMalformed) { good in
            let token = try ForgedToken(good)
            let claims = JSONValue.object(token.claims).json.dropLast() + Array(#","sub":"admin"}"#.utf8)
            return try ProviderScript.text(JSONValue.object(token.header).json, Array(claims), by: .rsa("key-1"))
        },
        Attack.forged("claims that say sub twice, once escaped", .tokenMalformed) { good in
            let token = try ForgedToken(good)
            let claims = JSONValue.object(token.claims).json.dropLast() + Array(#","su\u0062":"admin"}"#.utf8)
            return try ProviderScript.text(JSONValue.object(token.header).json, Array(claims), by: .rsa("key-1"))
        },
        Attack.forged("claims that are a list", .tokenMalformed) { good in
            try ProviderScript.text(
                JSONValue.object(try ForgedToken(good).header).json, Array("[]".utf8), by: .rsa("key-1"))
        },
        Attack.forged("claims nested a thousand deep", .tokenMalformed) { good in
            let deep = #"{"a":"# + String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000) + "}"
            return try ProviderScript.text(
                JSONValue.object(try ForgedToken(good).header).json, Array(deep.utf8), by: .rsa("key-1"))
        },
        Attack.forged("claims that are not UTF-8", .tokenMalformed) { good in
            let bytes = Array(#"{"sub":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)
            return try ProviderScript.text(
                JSONValue.object(try ForgedToken(good).header).json, bytes, by: .rsa("key-1"))
        },
        Attack.claims("a token of 150 KiB", .tokenMalformed) { _ in
            ["more": .string(String(repeating: "x", count: 150_000))]
        },
        Attack("an elliptic signature of zeros", .signatureInvalid) { scene in
            scene.provider.script { script in
                let key = ProviderKey.p256("key-1")
                script.keys = [key]
                script.signer = ProviderKey("key-1", "ES256", key.publicKey) { _ in [UInt8](repeating: 0, count: 64) }
            }
        },
        Attack("an elliptic signature in DER", .signatureInvalid) { scene in
            scene.provider.script { script in
                let key = ProviderKey.p256("key-1")
                script.keys = [key]
                script.signer = ProviderKey("key-1", "ES256", key.publicKey) { bytes in
                    let raw = try key.sign(bytes)
                    return [0x30, 0x44, 0x02, 0x20] + raw[..<32] + [0x02, 0x20] + raw[32...]
                }
            }
        },
    ]
}
