import CReactor
import Glibc
import Kernel
import NIOConcurrencyHelpers

/// What a reactor watches: something with a socket. All calls come on the reactor's thread.
protocol ReactorClient: AnyObject {
    func socketIsReady(_ events: UInt32)
    /// About every 50 ms, for deadlines. `now` is monotonic.
    func tick(at now: Duration)
}

/// One thread that waits for many sockets and does what is submitted to it, in order.
///
/// `@unchecked Sendable`: `clients` is touched on the reactor's thread only, which `dispatchPrecondition`-like checks in
/// `watch` assert; everything else is immutable or behind the lock.
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

    /// Runs `job` on the reactor's thread, after everything submitted before it.
    func submit(_ job: @escaping @Sendable () -> Void) {
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

    /// On the reactor's thread: watches for `events`; 0 ends it.
    func watch(_ socket: Int32, for events: UInt32, client: any ReactorClient) {
        clients[socket] = events == 0 ? nil : client
        _ = pulse_epoll_watch(epoll, socket, events)
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
                    clients[sockets[index]]?.socketIsReady(events[index])
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
