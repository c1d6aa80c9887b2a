import Inventory
import Kernel
import Testing

@testable import History

@Suite("head buffer") struct HeadBufferTests {
    // 2026-11-21T10:00:00Z, the start of a window.
    private let start = Timestamp(seconds: 1_795_255_200)
    private let resource = ResourceID.new(at: Timestamp(seconds: 0))
    private let cpu = MetricName(.cpu)

    private func buffer() -> HeadBuffer { HeadBuffer(randomness: Randomness { Array(repeating: 7, count: $0) }) }

    private func samples(_ value: Double) -> [(metric: MetricName, value: Double)] {
        [(metric: cpu, value: value), (metric: MetricName(.load1), value: value / 10)]
    }

    /// All samples of a checkpoint, decoded.
    private func content(_ checkpoint: HeadCheckpoint) throws -> Chunk {
        Chunk.merging(try checkpoint.rows.map { try ChunkCodec.read($0.data, codec: $0.codec) })
    }

    @Test("a sample is due after the pace, is in the checkpoint, and then is stored")
    func cycle() throws {
        var buffer = buffer()
        #expect(buffer.add(samples(12.34), of: resource, measuredAt: start, now: start) == 2)
        #expect(!buffer.isDue(at: start + .seconds(7)))
        #expect(buffer.isDue(at: start + .seconds(8)))
        let checkpoint = buffer.checkpoint(at: start + .seconds(8))
        #expect(checkpoint.sampleCount == 2)
        #expect(try content(checkpoint).column(ColumnID("cpu"))?.values == [1234])
        buffer.stored(checkpoint)
        #expect(!buffer.isDue(at: start + .seconds(60)))
        #expect(buffer.checkpoint(at: start + .seconds(60)).isEmpty)
    }

    @Test("a clock that is set back delays neither checkpoints nor the end of a piece")
    func setBack() {
        var buffer = buffer()
        buffer.add(samples(1), of: resource, measuredAt: start, now: start)
        let back = start - .seconds(3600)
        #expect(buffer.isDue(at: back))
        let checkpoint = buffer.checkpoint(at: back)
        #expect(checkpoint.sampleCount == 2)
        buffer.stored(checkpoint)
        #expect(!buffer.isDue(at: back))
        #expect(!buffer.isEmpty, "it may go on growing")
        buffer.stored(buffer.checkpoint(at: back + .seconds(601)))
        #expect(buffer.isEmpty)
    }

    @Test("what is added while a checkpoint is being written is in the next one")
    func overlapping() throws {
        var buffer = buffer()
        buffer.add(samples(1), of: resource, measuredAt: start, now: start)
        let first = buffer.checkpoint(at: start)
        buffer.add(samples(2), of: resource, measuredAt: start + .seconds(10), now: start + .seconds(1))
        buffer.stored(first)
        #expect(buffer.isDue(at: start + .seconds(20)))
        let second = buffer.checkpoint(at: start + .seconds(20))
        #expect(try content(second).column(ColumnID("cpu"))?.values == [100, 200])
        #expect(second.rows.map(\.piece) == first.rows.map(\.piece))
    }

    @Test("a checkpoint that failed is made again, whole")
    func failed() throws {
        var buffer = buffer()
        buffer.add(samples(1), of: resource, measuredAt: start, now: start)
        let lost = buffer.checkpoint(at: start + .seconds(8))
        let again = buffer.checkpoint(at: start + .seconds(9))
        #expect(try content(again) == content(lost))
    }

    @Test("the same series at the same time is one sample, also from a piece that is full")
    func duplicates() {
        var buffer = buffer()
        for row in 0..<130 {
            let at = start + .seconds(Int64(row) * 10)
            #expect(buffer.add(samples(Double(row)), of: resource, measuredAt: at, now: at) == 2)
        }
        for row in 0..<130 {
            let at = start + .seconds(Int64(row) * 10)
            #expect(buffer.add(samples(99), of: resource, measuredAt: at, now: at) == 0)
        }
        #expect(buffer.checkpoint(at: start + .seconds(1300)).sampleCount == 260)
    }

    @Test("pieces do not straddle windows, and late data goes to its own")
    func windows() {
        var buffer = buffer()
        let times: [Int64] = [7190, 7195, 7200, 7210, -10]
        for seconds in times {
            buffer.add(samples(1), of: resource, measuredAt: start + .seconds(seconds), now: start + .seconds(7210))
        }
        let windows = buffer.checkpoint(at: start + .seconds(7210)).rows.map { ($0.window - start.milliseconds) / 1000 }
        #expect(windows.sorted() == [-7200, 0, 7200])
    }

    @Test("full pieces are written densely once and forgotten")
    func fullPieces() {
        var buffer = buffer()
        for row in 0..<HeadBuffer.rowsOfPiece {
            let at = start + .seconds(Int64(row) * 10)
            buffer.add(samples(1), of: resource, measuredAt: at, now: at)
        }
        let checkpoint = buffer.checkpoint(at: start + .seconds(2000))
        #expect(checkpoint.rows.map(\.codec) == [ChunkCodec.dense])
        buffer.stored(checkpoint)
        #expect(buffer.isEmpty)
    }

    @Test("two writers never make the same piece")
    func pieceIDs() {
        var pieces: Set<Int64> = []
        for byte in [UInt8(1), 2, 3] {
            var buffer = HeadBuffer(randomness: Randomness { Array(repeating: byte, count: $0) })
            for row in 0..<HeadBuffer.rowsOfPiece * 5 / 2 {
                let at = start + .seconds(Int64(row) * 10)
                buffer.add(samples(1), of: resource, measuredAt: at, now: at)
            }
            pieces.formUnion(buffer.checkpoint(at: start).rows.map(\.piece))
        }
        #expect(pieces.count == 9)
    }

    @Test(
        "a device's clock that is far off is not believed",
        arguments: [(601, 0), (590, 2), (-169_100, 2), (-169_300, 0)])
    func clocks(offset: Int64, taken: Int) {
        var buffer = buffer()
        #expect(buffer.add(samples(1), of: resource, measuredAt: start + .seconds(offset), now: start) == taken)
    }

    @Test("NaN and infinity are left out, and alone they are nothing")
    func unstorable() {
        var buffer = buffer()
        #expect(buffer.add([(metric: cpu, value: .nan)], of: resource, measuredAt: start, now: start) == 0)
        #expect(buffer.isEmpty)
        let mixed = [(metric: cpu, value: Double.infinity), (metric: MetricName(.memory), value: 5)]
        #expect(buffer.add(mixed, of: resource, measuredAt: start, now: start) == 1)
    }
}
