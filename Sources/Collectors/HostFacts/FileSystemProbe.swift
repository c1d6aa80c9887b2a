import Dispatch
import Glibc
import Kernel
import NIOConcurrencyHelpers

/// The space of one file system, in bytes.
struct FileSystemSpace: Hashable, Sendable {
    let total: Int64
    /// Blocks in use; root's reserve is not among them.
    let used: Int64
    /// What an ordinary user may still write.
    let available: Int64

    /// As df counts it.
    var usedPercent: Double? {
        used + available > 0 ? Double(used) / Double(used + available) * 100 : nil
    }

    init(total: Int64, used: Int64, available: Int64) {
        self.total = total
        self.used = used
        self.available = available
    }

    /// Asks the kernel; blocks as long as the file system likes. Nil when it has no size or does not answer.
    init?(at path: String) {
        var answer = statvfs()
        guard statvfs(path, &answer) == 0, answer.f_blocks > 0 else { return nil }
        let unit = Int64(clamping: answer.f_frsize)
        func bytes(_ blocks: UInt) -> Int64 {
            Int64(clamping: blocks).multipliedReportingOverflow(by: unit).partialValue
        }
        self.init(
            total: bytes(answer.f_blocks), used: bytes(answer.f_blocks - min(answer.f_bfree, answer.f_blocks)),
            available: bytes(answer.f_bavail))
    }
}

/// Measures file systems on a thread of its own. One that does not answer in time (a network file system whose server
/// is gone blocks forever) is left out, and not asked again until its call has come back: so at most one thread hangs
/// for each dead mount, and the others keep being measured.
final class FileSystemProbe: Sendable {
    typealias Measure = @Sendable (String) -> FileSystemSpace?

    private struct Round {
        var answers: [String: FileSystemSpace] = [:]
        var current: String?
        var isAbandoned = false
    }

    private let measure: Measure
    private let timeout: Duration
    private let stuck = NIOLockedValueBox<Set<String>>([])

    init(timeout: Duration = .seconds(5), measure: @escaping Measure = { FileSystemSpace(at: $0) }) {
        self.measure = measure
        self.timeout = timeout
    }

    /// Paths that are waiting for an answer since an earlier round.
    var stuckPaths: Set<String> { stuck.withLockedValue { $0 } }

    /// Blocks for at most the timeout, over all paths together.
    func spaces(of paths: [String]) -> [String: FileSystemSpace] {
        let stuckNow = stuckPaths
        let wanted = paths.filter { !stuckNow.contains($0) }
        guard !wanted.isEmpty else { return [:] }
        let round = NIOLockedValueBox(Round())
        let done = DispatchSemaphore(value: 0)
        let isStarted = DetachedThread.start {
            for path in wanted where self.begin(path, in: round) {
                self.end(path, with: self.measure(path), in: round)
            }
            done.signal()
        }
        guard isStarted else { return [:] }
        if done.wait(timeout: .now() + .milliseconds(Int(timeout.milliseconds))) == .timedOut { abandon(round) }
        return round.withLockedValue(\.answers)
    }

    private func begin(_ path: String, in round: NIOLockedValueBox<Round>) -> Bool {
        round.withLockedValue { round in
            if !round.isAbandoned { round.current = path }
            return !round.isAbandoned
        }
    }

    private func end(_ path: String, with answer: FileSystemSpace?, in round: NIOLockedValueBox<Round>) {
        round.withLockedValue { round in
            round.answers[path] = answer
            round.current = nil
            if round.isAbandoned { stuck.withLockedValue { _ = $0.remove(path) } }
        }
    }

    private func abandon(_ round: NIOLockedValueBox<Round>) {
        round.withLockedValue { round in
            round.isAbandoned = true
            if let path = round.current { stuck.withLockedValue { _ = $0.insert(path) } }
        }
    }
}

/// A thread that nobody waits for: for calls that may never return.
enum DetachedThread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// False when the system has no thread to give.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // Small but safe for a system call and a few frames.
        pthread_attr_setstacksize(&attributes, 256 * 1024)
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        if status != 0 { work.release() }
        return status == 0
    }
}
