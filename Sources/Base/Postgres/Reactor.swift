import CReactor
import Glibc
import Kernel
import NIOConcurrencyHelpers

/// What a reactor watches: something with a socket. All calls come on the reactor's thread.
protocol ReactorClient: AnyObject {
    /// Told once; it says again what it waits for when it has seen to it.
    func socketIsReady()
    /// About every 50 ms, for deadlines. `now` is monotonic.
    func tick(at now: Duration)
}

/// One thread that waits for many sockets. Sockets come and go in the order they were told, on the thread.
///
/// `@unchecked Sendable`: `clients` is touched on the reactor's thread only; everything else is immutable or behind the
/// lock.
final class Reactor: @unchecked Sendable {
    private struct Inbox {
        var jobs: [@Sendable () -> Void] = []
        var isSignalled = false
        var isStopped = false
    }

    private let epoll = pulse_epoll_create()
    private let wake = pulse_event_create()
    private let inbox = NIOLockedValueBox(Inbox())
    private var clients: [Int32: any ReactorClient] = [:]
    private let time: any TimeSource

    init(time: any TimeSource) {
        precondition(epoll >= 0 && wake >= 0, "no file descriptors left for a reactor")
        self.time = time
        _ = pulse_epoll_watch(epoll, wake, pulse_readable)
    }

    deinit {
        close(epoll)
        close(wake)
    }

    /// Starts the thread. It ends after `stop()`, having done all that was submitted before.
    func start() {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let failure = pthread_create(
            &thread, nil,
            { context in
                let reactor = Unmanaged<Reactor>.fromOpaque(context!).takeRetainedValue()
                reactor.loop()
                return nil
            }, context)
        precondition(failure == 0, "the system refuses a thread")
        pthread_detach(thread)
    }

    /// Watches `socket` for `client` from now on. It is told at once, because something may have come already.
    func add(_ socket: Int32, client: any ReactorClient & Sendable) {
        submit {
            self.clients[socket] = client
            client.socketIsReady()
        }
    }

    /// Tells the next of these events, once: nobody is told again of what another thread is just reading.
    func wait(for events: UInt32, of socket: Int32) { _ = pulse_epoll_watch(epoll, socket, events | pulse_once) }

    /// Forgets a socket. It may be closed at once: what was added by the same number comes later.
    func remove(_ socket: Int32) { submit { self.clients[socket] = nil } }

    /// Runs `job` on the reactor's thread, after everything submitted before it.
    private func submit(_ job: @escaping @Sendable () -> Void) {
        let mustWake = inbox.withLockedValue { inbox in
            inbox.jobs.append(job)
            defer { inbox.isSignalled = true }
            return !inbox.isSignalled
        }
        if mustWake { pulse_event_signal(wake) }
    }

    func stop() {
        inbox.withLockedValue { $0.isStopped = true }
        submit {}
    }

    private func loop() {
        var sockets = [Int32](repeating: 0, count: 64)
        var events = [UInt32](repeating: 0, count: 64)
        var nextTick = time.monotonic
        while true {
            let ready = pulse_epoll_wait(epoll, &sockets, &events, 64, 50)
            for index in 0..<Int(max(ready, 0)) {
                if sockets[index] == wake {
                    pulse_event_drain(wake)
                } else {
                    clients[sockets[index]]?.socketIsReady()
                }
            }
            let (jobs, isStopped) = inbox.withLockedValue { inbox in
                defer {
                    inbox.jobs.removeAll(keepingCapacity: true)
                    inbox.isSignalled = false
                }
                return (inbox.jobs, inbox.isStopped)
            }
            for job in jobs { job() }
            if isStopped { return }
            let now = time.monotonic
            if now >= nextTick {
                for client in clients.values { client.tick(at: now) }
                nextTick = now + .milliseconds(50)
            }
        }
    }
}
