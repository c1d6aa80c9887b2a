#if canImport(Glibc)
    import Glibc
#endif

/// The time outside. Everything that waits or compares times takes one, so that a test can advance it.
package protocol TimeSource: Sendable {
    /// The wall clock; it may jump.
    var now: Timestamp { get }
    /// Time since an arbitrary start; never jumps, never goes back, and counts while the machine sleeps.
    var monotonic: Duration { get }
    /// - Throws: `CancellationError` when the task is cancelled, at once.
    func sleep(for duration: Duration) async throws
}

/// The real clocks of this machine.
package struct SystemTime: TimeSource {
    package init() {}

    package var now: Timestamp {
        var spec = timespec()
        clock_gettime(CLOCK_REALTIME, &spec)
        return Timestamp(milliseconds: Int64(spec.tv_sec) * 1000 + Int64(spec.tv_nsec) / 1_000_000)
    }

    package var monotonic: Duration {
        var spec = timespec()
        clock_gettime(CLOCK_BOOTTIME, &spec)
        return .seconds(Int64(spec.tv_sec)) + .nanoseconds(Int64(spec.tv_nsec))
    }

    package func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }
}
