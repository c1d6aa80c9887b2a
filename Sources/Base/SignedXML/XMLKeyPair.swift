internal import CXMLSecShim
package import Kernel

/// A pair of our own: signs what we say and opens what was sealed for us. RSA of 2048 bits or more.
package struct XMLKeyPair: Sendable {
    let key: XMLKey
    /// DER, told to the other side; `nil` when there is none.
    package let certificate: [UInt8]?

    /// - Parameters:
    ///   - privateKey: PEM, PKCS#1 or PKCS#8, not encrypted.
    ///   - certificate: PEM.
    /// - Throws: `.notAKey` also when they do not belong together.
    package init(privateKey: Secret<String>, certificate: String?) throws(XMLRefusal) {
        var made: OpaquePointer?
        let pem = Array(privateKey.reveal().utf8)
        try XMLRefusal.check(pem.withUnsafeBufferPointer { pulse_key_of_private_pem($0.baseAddress, $0.count, &made) })
        guard let made else { throw .failed }
        key = XMLKey(made)
        guard let certificate else {
            self.certificate = nil
            return
        }
        guard let der = try PEMText.blocks("CERTIFICATE", in: certificate).first,
            try XMLKey(certificate: der) == key
        else { throw .notAKey }
        self.certificate = der
    }

    /// Its public half.
    package var publicKey: XMLKey { key }

    /// - Parameter xml: holds a template of a signature as a child of the element of this ID.
    package func signed(_ xml: String, id: String) throws(XMLRefusal) -> String {
        var bounds = XMLBounds.metadata
        bounds.attributes = 1024
        return try XMLDocument(Array(xml.utf8), bounds).signed(id, by: key)
    }

    package func signature(over bytes: [UInt8], by algorithm: QueryAlgorithm) throws(XMLRefusal) -> [UInt8] {
        var made = pulse_bytes()
        let code = bytes.withUnsafeBufferPointer {
            pulse_sign(key.pointer, algorithm.bits, $0.baseAddress, $0.count, &made)
        }
        defer { pulse_bytes_free(&made) }
        try XMLRefusal.check(code)
        return Array(UnsafeBufferPointer(start: made.start, count: made.count))
    }

    /// A new pair with a certificate that it signs itself, both PEM.
    /// - Parameters:
    ///   - name: its common name, at most 64 bytes.
    ///   - serial: 16 random bytes.
    package static func generate(
        name: String, from start: Timestamp, to end: Timestamp, serial: [UInt8]
    ) throws(XMLRefusal) -> (certificate: String, privateKey: Secret<String>) {
        precondition(serial.count == 16, "a serial number has 16 bytes")
        var (shown, kept) = (pulse_bytes(), pulse_bytes())
        // A serial number is positive and does not begin with a zero.
        let number = [serial[0] & 0x3F | 0x40] + serial.dropFirst()
        let code = pulse_pair_make(
            name, start.milliseconds / 1000, end.milliseconds / 1000, number, &shown, &kept)
        defer {
            pulse_bytes_free(&shown)
            pulse_bytes_free(&kept)
        }
        try XMLRefusal.check(code)
        let text = { (bytes: pulse_bytes) in
            String(decoding: UnsafeBufferPointer(start: bytes.start, count: bytes.count), as: UTF8.self)
        }
        return (text(shown), Secret(text(kept)))
    }
}
