import Testing

@testable import History

@Suite("chunk") struct ChunkTests {
    private let absent = Column.absent

    @Test("late data is sorted in, and a sample handed in twice stays one")
    func merging() {
        let early = Chunk(checking: [10, 30], columns: [Column(id: ColumnID("cpu"), values: [1, 3])])!
        let late = Chunk(
            checking: [20, 30],
            columns: [Column(id: ColumnID("cpu"), values: [2, 99]), Column(id: ColumnID("load1"), values: [7, 8])])!
        let both = Chunk.merging([early, .empty, late])
        #expect(both.times == [10, 20, 30])
        #expect(both.column(ColumnID("cpu"))?.values == [1, 2, 3])
        #expect(both.column(ColumnID("load1"))?.values == [absent, 7, 8])
        #expect(both.sampleCount == 5)
    }

    @Test("merging in any split gives the same chunk", arguments: 1...8 as ClosedRange<UInt64>)
    func splits(seed: UInt64) {
        var random = Seeded(seed)
        let whole = ChunkSamples.machine(rows: 80, seed: seed)
        var pieces = [[Int64]](repeating: [], count: 4)
        for time in whole.times { pieces[Int.random(in: 0..<4, using: &random)].append(time) }
        let parts = pieces.map { times in whole.filter { times.contains($0) } }
        let merged = Chunk.merging(parts)
        #expect(merged.times == whole.times)
        #expect(merged.sampleCount == whole.sampleCount)
        for column in merged.columns { #expect(whole.column(column.id) == column) }
    }

    @Test("subtracting leaves what the other lacks")
    func subtracting() {
        let mine = Chunk(
            checking: [10, 20, 30],
            columns: [
                Column(id: ColumnID("cpu"), values: [1, 2, 3]), Column(id: ColumnID("load1"), values: [4, absent, 6]),
            ])!
        let known = Chunk(checking: [10, 20], columns: [Column(id: ColumnID("cpu"), values: [1, 2])])!
        let rest = mine.subtracting(known)
        #expect(rest.times == [10, 30])
        #expect(rest.column(ColumnID("cpu"))?.values == [absent, 3])
        #expect(rest.column(ColumnID("load1"))?.values == [4, 6])
        #expect(mine.subtracting(mine) == .empty)
        #expect(mine.subtracting(.empty) == mine)
    }

    @Test("a slice is half-open")
    func slice() {
        let chunk = Chunk(checking: [10, 20, 30], columns: [Column(id: ColumnID("cpu"), values: [1, 2, absent])])!
        #expect(chunk.slice(10..<20).times == [10])
        #expect(chunk.slice(30..<40) == Chunk(checking: [30], columns: [])!)
        #expect(chunk.slice(40..<50).times.isEmpty)
    }

    @Test("what breaks the order is no chunk")
    func invariants() {
        let column = Column(id: ColumnID("cpu"), values: [1, 2])
        #expect(Chunk(checking: [20, 10], columns: [column]) == nil)
        #expect(Chunk(checking: [10, 10], columns: [column]) == nil)
        #expect(Chunk(checking: [10], columns: [column]) == nil)
        #expect(Chunk(checking: [10, 20], columns: [column, column]) == nil)
    }
}
