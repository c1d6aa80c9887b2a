internal import CXMLSecShim
package import Kernel

/// The public key of somebody: pinned beforehand, never taken from a message.
///
/// `@unchecked Sendable`: the pointer is set once, the C side changes nothing of a key after it was made, and what uses one
/// counts its references atomically (OpenSSL's `EVP_PKEY_up_ref`).
package final class XMLKey: @unchecked Sendable, Hashable {
    let pointer: OpaquePointer
    /// Of its certificate, if it came in one. It is told, not judged: what is pinned is the key.
    package let certificateEnds: Timestamp?

    init(_ pointer: OpaquePointer, certificateEnds: Timestamp? = nil) {
        self.pointer = pointer
        self.certificateEnds = certificateEnds
    }

    deinit { pulse_key_free(pointer) }

    /// - Parameter certificate: DER.
    package convenience init(certificate: [UInt8]) throws(XMLRefusal) {
        var made: OpaquePointer?
        try XMLRefusal.check(
            certificate.withUnsafeBufferPointer { pulse_key_of_certificate($0.baseAddress, $0.count, &made) })
        guard let made else { throw .failed }
        let ends = certificate.withUnsafeBufferPointer { pulse_certificate_end($0.baseAddress, $0.count) }
        self.init(made, certificateEnds: ends == 0 ? nil : Timestamp(seconds: ends))
    }

    /// - Parameters: big-endian numbers of an RSA key.
    package convenience init(modulus: [UInt8], exponent: [UInt8]) throws(XMLRefusal) {
        var made: OpaquePointer?
        let code = modulus.withUnsafeBufferPointer { n in
            exponent.withUnsafeBufferPointer { e in
                pulse_key_of_numbers(n.baseAddress, n.count, e.baseAddress, e.count, &made)
            }
        }
        try XMLRefusal.check(code)
        guard let made else { throw .failed }
        self.init(made)
    }

    /// All certificates of a PEM text, in order; other things between them are passed over.
    package static func certificates(pem: String) throws(XMLRefusal) -> [XMLKey] {
        var keys: [XMLKey] = []
        for der in try PEMText.blocks("CERTIFICATE", in: pem) { keys.append(try XMLKey(certificate: der)) }
        return keys
    }

    package var bits: Int { Int(pulse_key_bits(pointer)) }
    package var isRSA: Bool { pulse_key_is_rsa(pointer) == 1 }

    /// A signature over plain bytes, as the redirect binding has it.
    package func verifies(_ signature: [UInt8], over bytes: [UInt8], by algorithm: QueryAlgorithm) -> Bool {
        guard isRSA else { return false }
        return bytes.withUnsafeBufferPointer { signed in
            signature.withUnsafeBufferPointer { made in
                pulse_verify(
                    pointer, algorithm.bits, signed.baseAddress, signed.count, made.baseAddress, made.count)
                    == PULSE_XML_FINE
            }
        }
    }

    package static func == (left: XMLKey, right: XMLKey) -> Bool { pulse_key_equal(left.pointer, right.pointer) == 1 }
    package func hash(into hasher: inout Hasher) { hasher.combine(bits) }
}

/// How a query is signed. The name is the address of the algorithm in `SigAlg`.
package enum QueryAlgorithm: String, Sendable, CaseIterable {
    case rsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    case rsaSHA384 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
    case rsaSHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"

    var bits: Int32 {
        switch self {
        case .rsaSHA256: 256
        case .rsaSHA384: 384
        case .rsaSHA512: 512
        }
    }
}
