import Kernel
import TestKit
import Testing

@testable import AgentApp

@Suite struct ReportQueueTests {
    private func payload(_ number: UInt64, size: Int = 200) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: UInt64($0) &* 31 &+ number) }
    }

    @discardableResult
    private func fill(_ queue: ReportQueue, _ count: Int, size: Int = 200) throws -> Int {
        var dropped = 0
        for _ in 0..<count {
            let number = queue.nextNumber
            dropped += try queue.append(
                payload(number, size: size), number: number, at: Timestamp(seconds: Int64(number)))
        }
        return dropped
    }

    @Test("what was put in is there after the process died, in order, byte for byte")
    func survives() throws {
        let directory = ScratchDirectory()
        let first = try ReportQueue(directory: directory.path)
        try fill(first, 30)
        first.finish([1, 2, 3, 17, 30])
        let second = try ReportQueue(directory: directory.path)
        #expect(second.stream == first.stream && second.nextNumber == 31)
        #expect(second.entries.map(\.number) == (4...29).filter { $0 != 17 }.map(UInt64.init))
        for entry in second.entries { #expect(second.payload(of: entry) == payload(entry.number)) }
        #expect(second.entries.first?.timeMilliseconds == 4000)
    }

    @Test("a number is never given twice, even when nothing waits and files come and go")
    func numbers() throws {
        let directory = ScratchDirectory()
        let limits = ReportQueue.Limits(segmentBytes: 1000, idleSegmentBytes: 500)
        var stream = ""
        for round in 0..<20 {
            let queue = try ReportQueue(directory: directory.path, limits: limits)
            if stream.isEmpty { stream = queue.stream }
            #expect(queue.stream == stream && queue.nextNumber == UInt64(round * 7 + 1))
            try fill(queue, 7)
            queue.finish(queue.entries.map(\.number))
            #expect(directory.files.count == 1, "what is delivered leaves no files behind")
        }
    }

    @Test("a torn tail costs the torn report and nothing before it, wherever it is torn")
    func tornTail() throws {
        let directory = ScratchDirectory()
        try fill(try ReportQueue(directory: directory.path), 3, size: 40)
        let file = try #require(directory.files.first)
        let whole = try directory.bytes(file)
        let lastRecord = QueueSegment.recordHeaderSize + 40
        for cut in 1...lastRecord {
            try directory.write(Array(whole.dropLast(cut)), to: file)
            let queue = try ReportQueue(directory: directory.path)
            #expect(queue.entries.map(\.number) == [1, 2] && queue.nextNumber == 3)
            #expect(queue.tornBytes == lastRecord - cut)
            try fill(queue, 1, size: 40)
            #expect(try ReportQueue(directory: directory.path).entries.map(\.number) == [1, 2, 3])
        }
    }

    @Test(
        "rubbish behind the good records is cut off",
        arguments: [[UInt8](repeating: 0, count: 300), [0xFF, 0xFF, 0xFF, 0x7F, 1, 2]])
    func rubbish(tail: [UInt8]) throws {
        let directory = ScratchDirectory()
        try fill(try ReportQueue(directory: directory.path), 2)
        let file = try #require(directory.files.first)
        try directory.write(try directory.bytes(file) + tail, to: file)
        let queue = try ReportQueue(directory: directory.path)
        #expect(queue.entries.count == 2 && queue.tornBytes == tail.count)
        try fill(queue, 1)
        #expect(try ReportQueue(directory: directory.path).entries.count == 3)
    }

    @Test("a flipped byte ends what can be read of its file; a file begun and not finished is no matter")
    func damage() throws {
        let directory = ScratchDirectory()
        try fill(try ReportQueue(directory: directory.path), 5)
        let file = try #require(directory.files.first)
        var bytes = try directory.bytes(file)
        bytes[QueueSegment.headerSize + 3 * (QueueSegment.recordHeaderSize + 200) + 60] ^= 1
        try directory.write(bytes, to: file)
        try directory.write(Array("PULSEQ1 abc".utf8), to: directory.path + "/00000000000000000006.seg")
        let queue = try ReportQueue(directory: directory.path)
        #expect(queue.entries.map(\.number) == [1, 2, 3])
    }

    @Test("beyond a day of reports the oldest go, and it is told how many")
    func countBound() throws {
        let directory = ScratchDirectory()
        let queue = try ReportQueue(directory: directory.path, limits: ReportQueue.Limits(reports: 10))
        #expect(try fill(queue, 25) == 15)
        #expect(queue.entries.map(\.number) == Array(16...25))
        #expect(try ReportQueue(directory: directory.path).entries.map(\.number) == Array(16...25))
    }

    @Test("beyond the bytes whole old files go")
    func byteBound() throws {
        let directory = ScratchDirectory()
        let limits = ReportQueue.Limits(bytes: 20_000, segmentBytes: 4000)
        let queue = try ReportQueue(directory: directory.path, limits: limits)
        let dropped = try fill(queue, 200)
        #expect(dropped > 0 && dropped + queue.entries.count == 200 && queue.entries.last?.number == 200)
        #expect(queue.bytes <= 20_000)
    }

    @Test("killed at any moment of a long life, it loses only what was delivered", arguments: 0..<20)
    func kills(seed: UInt64) throws {
        let directory = ScratchDirectory()
        var dice = Dice(state: seed)
        let limits = ReportQueue.Limits(segmentBytes: 3000, idleSegmentBytes: 1000)
        var expected: Set<UInt64> = []
        var queue = try ReportQueue(directory: directory.path, limits: limits)
        for _ in 0..<300 {
            switch Int.random(in: 0..<10, using: &dice) {
            case 0...4:
                expected.insert(queue.nextNumber)
                try fill(queue, 1, size: Int.random(in: 0...400, using: &dice))
            case 5...7:
                let gone = queue.entries.map(\.number).filter { _ in Bool.random(using: &dice) }.prefix(8)
                queue.finish(Array(gone))
                expected.subtract(gone)
            case 8: queue = try ReportQueue(directory: directory.path, limits: limits)
            default:
                // A kill in the middle of a write: half a record stands at the end of the newest file.
                let next = queue.nextNumber
                let half = QueueSegment.record(.report, number: next, extra: 0, payload: payload(next)).prefix(90)
                let file = try #require(directory.files.last)
                try directory.write(try directory.bytes(file) + half, to: file)
                queue = try ReportQueue(directory: directory.path, limits: limits)
                #expect(queue.nextNumber == next)
            }
            #expect(Set(queue.entries.map(\.number)) == expected)
        }
    }
}

/// The same numbers for the same seed.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
