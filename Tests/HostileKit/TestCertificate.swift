package import Crypto
import FoundationEssentials
import NIOSSL
import SwiftASN1
import X509

/// A certificate with its key, made for one test.
package struct TestCertificate: Sendable {
    package let pem: String
    package let der: [UInt8]
    package let key: P256.Signing.PrivateKey
    package var sha256: [UInt8] { Array(SHA256.hash(data: der)) }

    /// - Parameter authority: who signs; `nil`: it signs itself, and may sign others.
    package init(_ name: String = "127.0.0.1", signedBy authority: TestCertificate? = nil) throws {
        key = P256.Signing.PrivateKey()
        let own = Certificate.PrivateKey(key)
        let subject = try DistinguishedName { CommonName(name) }
        let octets = name.split(separator: ".").compactMap { UInt8($0) }
        let names: [GeneralName] =
            octets.count == 4 ? [.ipAddress(ASN1OctetString(contentBytes: octets[...]))] : [.dnsName(name)]
        let isAuthority = authority == nil
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: own.publicKey, notValidBefore: Date() - 3600,
            notValidAfter: Date() + 86_400,
            issuer: try authority.map { try Certificate(pemEncoded: $0.pem).subject } ?? subject, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                if isAuthority {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                } else {
                    Critical(BasicConstraints.notCertificateAuthority)
                }
                SubjectAlternativeNames(names)
            }, issuerPrivateKey: authority.map { Certificate.PrivateKey($0.key) } ?? own)
        pem = try certificate.serializeAsPEM().pemString
        var serializer = DER.Serializer()
        try certificate.serialize(into: &serializer)
        der = serializer.serializedBytes
    }

    func context(newest: TLSVersion?) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(try NIOSSLCertificate(bytes: der, format: .der))],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem)))
        configuration.minimumTLSVersion = .tlsv1
        configuration.maximumTLSVersion = newest
        return try NIOSSLContext(configuration: configuration)
    }
}
