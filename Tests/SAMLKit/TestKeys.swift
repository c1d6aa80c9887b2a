package import Kernel
package import SignedXML

/// Key pairs of one run of the tests; making one takes a moment, so they are made once.
package enum TestKeys {
    package struct Pair: Sendable {
        package let certificate: String
        package let privateKey: Secret<String>
        package let pair: XMLKeyPair
        /// DER.
        package let certificateBytes: [UInt8]
    }

    private static func make(_ name: String) -> Result<Pair, XMLRefusal> {
        Result { () throws(XMLRefusal) -> Pair in
            let now = SystemTime().now
            let made = try XMLKeyPair.generate(
                name: name, from: now - .seconds(3600), to: now + .seconds(864_000),
                serial: Randomness.system.bytes(16))
            let pair = try XMLKeyPair(privateKey: made.privateKey, certificate: made.certificate)
            return Pair(
                certificate: made.certificate, privateKey: made.privateKey, pair: pair,
                certificateBytes: pair.certificate ?? [])
        }
    }

    private static let made = ["provider", "next", "foreign", "service"].map { make($0) }

    /// The provider that is set up.
    package static var provider: Pair { get throws { try made[0].get() } }
    /// The key that it rolls over to.
    package static var next: Pair { get throws { try made[1].get() } }
    /// Somebody else's.
    package static var foreign: Pair { get throws { try made[2].get() } }
    /// Ours.
    package static var service: Pair { get throws { try made[3].get() } }
}
