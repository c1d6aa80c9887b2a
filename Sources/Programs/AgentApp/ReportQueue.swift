import Glibc
import Kernel

/// Reports that the server has not acknowledged, on disk, oldest first.
///
/// Numbers count from 1 and are never given twice within a stream: a report is written and synced (fdatasync) before its
/// number is used, and the newest file stays even when it is empty of work. The stream's name stands in every file and
/// only changes when all files are gone. Marks of what was acknowledged are written but not synced: after a loss of
/// power a few reports are sent again, and the server knows them by their numbers.
/// Bounds: a count (a day of reports, by count and not by clock, because clocks jump) and bytes; beyond either the
/// oldest go first. Blocking file work; not thread-safe: lives inside `Outbox`.
final class ReportQueue {
    struct Limits {
        /// A day at the pace of one in ten seconds.
        var reports = 8640
        var bytes = 64 * 1024 * 1024
        var segmentBytes = 1024 * 1024
        /// A file without unacknowledged reports is left behind when it is larger than this.
        var idleSegmentBytes = 128 * 1024
    }
    struct Entry: Hashable {
        let number: UInt64
        fileprivate let segment: UInt64
        fileprivate let payload: Range<Int>
        let timeMilliseconds: Int64
    }
    private struct Segment {
        /// The first number it may hold; its name.
        let first: UInt64
        var bytes: Int
        var pending: Int
    }

    let directory: String
    /// 32 hex digits.
    private(set) var stream = ""
    private let limits: Limits
    /// Unacknowledged, ascending.
    private(set) var entries: [Entry] = []
    private var segments: [Segment] = []
    private var active: Int32 = -1
    private(set) var nextNumber: UInt64 = 1
    /// Bytes at the ends of files that could not be read when the queue was opened.
    private(set) var tornBytes = 0

    /// Opens or begins the queue. What a killed process left half-written is cut off.
    init(directory: String, limits: Limits = Limits(), randomness: Randomness = .system) throws(AgentError) {
        self.directory = directory
        self.limits = limits
        try StateDirectory.make(directory)
        for name in StateDirectory.names(in: directory) where name.hasSuffix(".seg") {
            guard let first = UInt64(name.dropLast(4)), let bytes = try StateDirectory.read("\(directory)/\(name)"),
                let (itsStream, records, goodBytes) = QueueSegment.parse(bytes), stream.isEmpty || stream == itsStream
            else {
                // Begun and not finished before the process died, or not ours: it holds nothing that was ever sent.
                unlink("\(directory)/\(name)")
                continue
            }
            stream = itsStream
            segments.append(Segment(first: first, bytes: goodBytes, pending: 0))
            nextNumber = max(nextNumber, first)
            tornBytes += bytes.count - goodBytes
            load(records, of: segments.count - 1)
        }
        if stream.isEmpty { stream = randomness.hexadecimal(16) }
        for index in segments.indices {
            segments[index].pending = entries.count { $0.segment == segments[index].first }
        }
        if let last = segments.last { try reopen(last) } else { try beginSegment() }
        removeFinished()
    }

    deinit { if active >= 0 { close(active) } }

    var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }

    private func load(_ records: [QueueSegment.Record], of index: Int) {
        for record in records {
            switch record.kind {
            case .report:
                entries.append(
                    Entry(
                        number: record.number, segment: segments[index].first, payload: record.payload,
                        timeMilliseconds: Int64(truncatingIfNeeded: record.extra)))
                nextNumber = max(nextNumber, record.number &+ 1)
            case .done:
                let range = record.number...max(record.extra, record.number)
                entries.removeAll { range.contains($0.number) }
            }
        }
    }

    // MARK: In

    /// Makes `payload` durable under the next number. When this returns, the number may be used on the wire.
    /// - Returns: how many old reports were dropped to make room.
    func append(_ payload: [UInt8], number: UInt64, at time: Timestamp) throws(AgentError) -> Int {
        precondition(number == nextNumber, "numbers are given in order")
        let current = segments[segments.count - 1]
        if current.bytes >= limits.segmentBytes || (current.pending == 0 && current.bytes >= limits.idleSegmentBytes) {
            try beginSegment()
        }
        let last = segments.count - 1
        let start = segments[last].bytes
        try write(
            QueueSegment.record(
                .report, number: number, extra: UInt64(bitPattern: time.milliseconds), payload: payload))
        guard fdatasync(active) == 0 else {
            let reason = StateDirectory.reason
            cut(to: start)
            throw .state("cannot sync the queue: \(reason)")
        }
        let payloadStart = start + QueueSegment.recordHeaderSize
        entries.append(
            Entry(
                number: number, segment: segments[last].first, payload: payloadStart..<(payloadStart + payload.count),
                timeMilliseconds: time.milliseconds))
        segments[last].pending += 1
        nextNumber = number + 1
        return dropBeyondLimits()
    }

    private func dropBeyondLimits() -> Int {
        var dropped = 0
        if entries.count > limits.reports {
            dropped = entries.count - limits.reports
            finish(entries.prefix(dropped).map(\.number))
        }
        while bytes > limits.bytes, segments.count > 1 {
            let old = entries.prefix { $0.segment == segments[0].first }.map(\.number)
            dropped += old.count
            // Marks would only make the file larger: it goes as a whole.
            entries.removeFirst(old.count)
            segments[0].pending = 0
            removeFinished()
        }
        return dropped
    }

    // MARK: Out

    /// The stored bytes; nil when the disk does not give them back as they were.
    func payload(of entry: Entry) -> [UInt8]? {
        let file = open(path(entry.segment), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: entry.payload.count)
        return pread(file, &bytes, bytes.count, off_t(entry.payload.lowerBound)) == bytes.count ? bytes : nil
    }

    /// Takes the numbers out: acknowledged, refused for good, or dropped. Numbers that are not there are no matter.
    func finish(_ numbers: [UInt64]) {
        let gone = Set(numbers)
        var bySegment: [UInt64: [UInt64]] = [:]
        entries.removeAll { entry in
            guard gone.contains(entry.number) else { return false }
            bySegment[entry.segment, default: []].append(entry.number)
            return true
        }
        for index in segments.indices {
            guard let finished = bySegment[segments[index].first] else { continue }
            segments[index].pending -= finished.count
            // A file that goes away needs no marks.
            if segments[index].pending > 0 || index == segments.count - 1 { mark(finished, in: index) }
        }
        removeFinished()
    }

    private func mark(_ numbers: [UInt64], in index: Int) {
        var marks: [UInt8] = []
        var runs: [ClosedRange<UInt64>] = []
        for number in numbers.sorted() {
            if let run = runs.last, run.upperBound + 1 == number {
                runs[runs.count - 1] = run.lowerBound...number
            } else {
                runs.append(number...number)
            }
        }
        for run in runs { marks += QueueSegment.record(.done, number: run.lowerBound, extra: run.upperBound) }
        if index == segments.count - 1 {
            // A mark that cannot be written costs a duplicate later, nothing more.
            try? write(marks)
        } else {
            let file = open(path(segments[index].first), O_WRONLY | O_APPEND | O_CLOEXEC)
            guard file >= 0 else { return }
            if StateDirectory.writeAll(marks, to: file) { segments[index].bytes += marks.count }
            close(file)
        }
    }

    // MARK: Files

    private func path(_ first: UInt64) -> String {
        let digits = String(first)
        return "\(directory)/\(String(repeating: "0", count: 20 - digits.count))\(digits).seg"
    }

    private func beginSegment() throws(AgentError) {
        let path = path(nextNumber)
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .state("cannot begin \(path): \(StateDirectory.reason)") }
        let header = QueueSegment.header(stream: stream)
        guard StateDirectory.writeAll(header, to: file), fsync(file) == 0 else {
            let reason = StateDirectory.reason
            close(file)
            unlink(path)
            throw .state("cannot begin \(path): \(reason)")
        }
        StateDirectory.sync(directory: directory)
        if active >= 0 { close(active) }
        active = file
        segments.removeAll { $0.first == nextNumber }
        segments.append(Segment(first: nextNumber, bytes: header.count, pending: 0))
        removeFinished()
    }

    private func reopen(_ segment: Segment) throws(AgentError) {
        active = open(path(segment.first), O_RDWR | O_CLOEXEC)
        guard active >= 0, ftruncate(active, off_t(segment.bytes)) == 0,
            lseek(active, off_t(segment.bytes), SEEK_SET) == off_t(segment.bytes)
        else { throw .state("cannot open \(path(segment.first)): \(StateDirectory.reason)") }
    }

    private func write(_ bytes: [UInt8]) throws(AgentError) {
        let last = segments.count - 1
        guard StateDirectory.writeAll(bytes, to: active) else {
            let reason = StateDirectory.reason
            cut(to: segments[last].bytes)
            throw .state("cannot write the queue: \(reason)")
        }
        segments[last].bytes += bytes.count
    }

    /// Back to the last good end, so that what follows is not behind rubbish.
    private func cut(to bytes: Int) {
        segments[segments.count - 1].bytes = bytes
        _ = ftruncate(active, off_t(bytes))
        _ = lseek(active, off_t(bytes), SEEK_SET)
    }

    /// The newest file stays in any case: it remembers the stream and the last number.
    private func removeFinished() {
        guard let newest = segments.last?.first else { return }
        for segment in segments where segment.pending == 0 && segment.first != newest { unlink(path(segment.first)) }
        segments.removeAll { $0.pending == 0 && $0.first != newest }
    }
}
