import Foundation
import HTTPKit
import Kernel
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@Suite struct TLSTests {
    /// For `localhost`, valid for a hundred years, and known to everyone: for tests alone.
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBgDCCASWgAwIBAgIUBTCIc50yfAGQa64R9pnqujjqUdAwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTAzMDgyM1oYDzIxMjYxMDI4
        MDMwODIzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAAS0O+uXd6M/e83xThgIbRACV8Fgcou6UWN0CwjbCBY/yMCFHlKo0ATS
        Hp4pJq9XWv/YaexlM1AmFlqmsr4+h3uTo1MwUTAdBgNVHQ4EFgQUdV2lVvPhIURb
        8D31kNS0+VTxBbUwHwYDVR0jBBgwFoAUdV2lVvPhIURb8D31kNS0+VTxBbUwDwYD
        VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEA4Vvcv+lo/b1Qf6hZDVuj
        LX2COq5x+wZrnSEe+M93ov0CIQC3O1I+82DA/6y/mTCmEsmOhYM/LzvhQwxdqccF
        L9OcHQ==
        -----END CERTIFICATE-----

        """
    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXqJ2uMTKnwG42PXU
        8I03Q7pRWwz4zWOTgqMJdrHDQRqhRANCAAS0O+uXd6M/e83xThgIbRACV8Fgcou6
        UWN0CwjbCBY/yMCFHlKo0ATSHp4pJq9XWv/YaexlM1AmFlqmsr4+h3uT
        -----END PRIVATE KEY-----

        """

    @Test("with a certificate the server speaks TLS, and tells browsers to stay with it")
    func secure() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let (certificate, key) = (directory.appendingPathComponent("c.pem"), directory.appendingPathComponent("k.pem"))
        try Data(Self.certificate.utf8).write(to: certificate)
        try Data(Self.key.utf8).write(to: key)
        var settings = HTTPSettings()
        settings.tls = HTTPSettings.TLSFiles(certificateChain: certificate.path, privateKey: key.path)
        let endpoint = Given.endpoint { request in .text("\(request.isSecure)") }
        try await Given.server([endpoint], settings: settings) { port in
            let text = try await Self.get(port: port)
            #expect(text.hasPrefix("HTTP/1.1 200"))
            #expect(text.contains("strict-transport-security: max-age=31536000"))
            #expect(text.contains("connect-src 'self' wss://localhost;"))
            #expect(text.hasSuffix("\r\n\r\ntrue"))
        }
    }

    @Test("a certificate that is not there is an error that says so")
    func missing() async throws {
        var settings = HTTPSettings()
        settings.tls = HTTPSettings.TLSFiles(certificateChain: "/nowhere/c.pem", privateKey: "/nowhere/k.pem")
        let server = HTTPServer(responder: try Given.responder([], settings: settings))
        await #expect(throws: ListenError.self) { try await server.run() }
    }

    private static func get(port: Int) async throws -> String {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)))
        let context = try NIOSSLContext(configuration: configuration)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: context, serverHostname: "localhost"))
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(
                ByteBuffer(string: "GET /api/thing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
            var text = ""
            for try await bytes in inbound { text += String(buffer: bytes) }
            return text
        }
    }
}
