import Inventory
import Kernel

/// Many resources added up, each as it comes: its grid is not kept. Pure.
struct ChartTotals: Sendable {
    /// One step of one metric of all resources of a type.
    private struct Cell {
        var value = 0.0
        var lowest = 0.0
        var highest = 0.0
        var count = 0
        var isOfPlatform = true

        /// Bytes and bytes a second are summed up, with their bounds; all else is averaged in the end, and its bounds are
        /// those of the lowest and of the highest.
        mutating func add(_ other: Cell, isSummed: Bool) {
            guard count > 0, other.count > 0 else {
                if count == 0 { self = other }
                return
            }
            value += other.value
            lowest = isSummed ? lowest + other.lowest : min(lowest, other.lowest)
            highest = isSummed ? highest + other.highest : max(highest, other.highest)
            count += other.count
            isOfPlatform = isOfPlatform && other.isOfPlatform
        }
    }

    private let query: ChartQuery
    private let timeline: Timeline
    /// For each type a row of steps a metric.
    private var cells: [String: [Cell]] = [:]
    /// Of each resource that has any, by metric.
    private(set) var newest: [(resource: ResourceID, values: [Double?])] = []

    init(_ query: ChartQuery) { (self.query, timeline) = (query, query.timeline) }

    private func isSummed(_ row: Int) -> Bool { [.bytes, .bytesPerSecond].contains(query.metrics[row].unit) }

    /// - Parameter grid: of the same query.
    mutating func add(_ grid: ChartGrid, of resource: ResourceID, type: String) {
        let count = timeline.stepCount
        var all = room(for: type)
        for row in query.metrics.indices {
            let isSummed = isSummed(row)
            for place in 0..<count {
                guard let point = grid.point(row, at: place) else { continue }
                let cell = Cell(
                    value: point.value, lowest: point.lowest, highest: point.highest, count: 1,
                    isOfPlatform: point.isOfPlatform)
                all[row * count + place].add(cell, isSummed: isSummed)
            }
        }
        cells[type] = all
        newest.append((resource: resource, values: query.metrics.indices.map { Self.newest($0, of: grid) }))
    }

    /// - Parameter others: of the same query, and other resources.
    mutating func add(_ others: ChartTotals) {
        for (type, cells) in others.cells {
            var all = room(for: type)
            for row in query.metrics.indices {
                let (isSummed, count) = (isSummed(row), timeline.stepCount)
                for index in row * count..<(row + 1) * count { all[index].add(cells[index], isSummed: isSummed) }
            }
            self.cells[type] = all
        }
        newest += others.newest
    }

    /// Taken out, so that it is changed in place.
    private mutating func room(for type: String) -> [Cell] {
        cells.removeValue(forKey: type)
            ?? Array(repeating: Cell(), count: query.metrics.count * timeline.stepCount)
    }

    /// One metric of all resources of a type; a step without any has no point.
    func points(_ row: Int, of type: String) -> [HistoryPoint] {
        guard let cells = cells[type] else { return [] }
        let isSummed = isSummed(row)
        return (0..<timeline.stepCount).compactMap { place in
            let cell = cells[row * timeline.stepCount + place]
            guard cell.count > 0 else { return nil }
            return HistoryPoint(
                timestamp: timeline.first + Int64(place) * timeline.step,
                value: isSummed ? cell.value : cell.value / Double(cell.count), lowest: cell.lowest,
                highest: cell.highest, isOfPlatform: cell.isOfPlatform)
        }
    }

    /// Of the last two steps: what is older is not so now.
    private static func newest(_ row: Int, of grid: ChartGrid) -> Double? {
        for place in (0..<grid.timeline.stepCount).suffix(2).reversed() {
            if let point = grid.point(row, at: place) { return point.value }
        }
        return nil
    }
}
