import Foundation
import Glibc
import Kernel
import Testing

@testable import Bus

/// A real nats-server of a test's own. Stays at its port over a restart.
final class NatsServer {
    static let program = "/usr/sbin/nats-server"
    static let isThere = FileManager.default.isExecutableFile(atPath: program)
    static let skipped: Comment = "SKIPPED (needs nats-server, see ops/packages.txt)"

    let port: Int
    private let arguments: [String]
    private var process: Process?

    init(_ arguments: String...) throws {
        port = try Self.freePort()
        self.arguments = arguments
        try start()
    }

    deinit { stop() }

    var settings: NatsSettings { NatsSettings(url: Secret("nats://127.0.0.1:\(port)")) }

    func start() throws {
        let process = Process()
        process.executableURL = URL(filePath: Self.program)
        process.arguments = ["-a", "127.0.0.1", "-p", "\(port)"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
    }

    func stop() {
        guard let process else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    private static func freePort() throws -> Int {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        try #require(isBound)
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
