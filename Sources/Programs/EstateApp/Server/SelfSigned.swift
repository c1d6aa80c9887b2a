import Crypto
import Foundation
import NIOSSL

/// A certificate that vouches for itself, as a fresh Proxmox VE shows one. Written by hand: nine fields of DER.
package struct SelfSigned: Sendable {
    let key: P256.Signing.PrivateKey
    /// DER.
    let certificate: [UInt8]

    /// SHA-256 of the DER, upper case with colons.
    package var fingerprint: String {
        SHA256.hash(data: certificate).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined(separator: ":")
    }

    private init(key: P256.Signing.PrivateKey, certificate: [UInt8]) {
        self.key = key
        self.certificate = certificate
    }

    init(commonName: String) throws {
        let key = P256.Signing.PrivateKey()
        self.key = key
        let algorithm = DER.sequence(DER.object([0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]))
        let name = DER.sequence(
            DER.tagged(0x31, DER.sequence(DER.object([0x55, 0x04, 0x03]) + DER.tagged(0x0C, Array(commonName.utf8)))))
        let serial = (0..<16).map { _ in UInt8.random(in: 1...127) }
        let alternative = DER.tagged(0x82, Array(commonName.utf8)) + DER.tagged(0x87, [127, 0, 0, 1])
        let extensions = DER.sequence(
            DER.object([0x55, 0x1D, 0x11]) + DER.tagged(0x04, DER.sequence(alternative)))
        let body = DER.sequence(
            DER.tagged(0xA0, DER.tagged(0x02, [2])) + DER.tagged(0x02, serial) + algorithm + name
                + DER.sequence(
                    DER.tagged(0x17, Array("250101000000Z".utf8)) + DER.tagged(0x17, Array("450101000000Z".utf8)))
                + name + Array(key.publicKey.derRepresentation) + DER.tagged(0xA3, DER.sequence(extensions)))
        let signature = try key.signature(for: body)
        certificate = DER.sequence(body + algorithm + DER.tagged(0x03, [0] + Array(signature.derRepresentation)))
    }

    /// Kept in `directory` under `name`; made when it is not there.
    init(commonName: String, keptIn directory: String, as name: String) throws {
        let folder = URL(filePath: directory, directoryHint: .isDirectory)
        let (keyFile, certificateFile) = (folder.appending(path: "\(name).key"), folder.appending(path: "\(name).der"))
        if let key = try? Data(contentsOf: keyFile), let certificate = try? Data(contentsOf: certificateFile) {
            self.init(key: try P256.Signing.PrivateKey(rawRepresentation: key), certificate: Array(certificate))
            return
        }
        try self.init(commonName: commonName)
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try Data(key.rawRepresentation).write(to: keyFile, options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: keyFile.path)
        try Data(certificate).write(to: certificateFile, options: .atomic)
    }

    func context() throws -> NIOSSLContext {
        let leaf = try NIOSSLCertificate(bytes: certificate, format: .der)
        let privateKey = try NIOSSLPrivateKey(bytes: Array(key.derRepresentation), format: .der)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(leaf)], privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }
}

/// Just enough of X.690 to write a certificate.
private enum DER {
    static func tagged(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        switch content.count {
        case ..<128: [tag, UInt8(content.count)] + content
        case ..<256: [tag, 0x81, UInt8(content.count)] + content
        default: [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 255)] + content
        }
    }

    static func sequence(_ content: [UInt8]) -> [UInt8] { tagged(0x30, content) }
    static func object(_ identifier: [UInt8]) -> [UInt8] { tagged(0x06, identifier) }
}
