import NIOCore
import NIOPosix

/// Turns names into addresses where the agent stands. The real one asks the system; a test is the outside itself.
package struct TargetResolver: Sendable {
    /// All addresses of a name; empty for one that is not known.
    let addresses: @Sendable (_ name: String, _ loop: any EventLoop) -> EventLoopFuture<[NetworkAddress]>

    init(_ addresses: @escaping @Sendable (_ name: String, _ loop: any EventLoop) -> EventLoopFuture<[NetworkAddress]>)
    {
        self.addresses = addresses
    }

    /// getaddrinfo blocks and cannot be stopped, so it has two threads of its own.
    package static func system() -> TargetResolver {
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        return TargetResolver { name, loop in pool.runIfActive(eventLoop: loop) { NameLookup.addresses(of: name) } }
    }
}
