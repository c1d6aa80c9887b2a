/// Who is asked next, and what each has said. The longest unasked come first; no id gets into a path that is no id.
struct ContainerTurns<Value> {
    private(set) var values: [String: Value] = [:]
    /// What was said before the last.
    private(set) var before: [String: Value] = [:]
    private var asked: [String: Duration] = [:]

    mutating func keepOnly(_ ids: [String]) {
        let ids = Set(ids)
        values = values.filter { ids.contains($0.key) }
        before = before.filter { ids.contains($0.key) }
        asked = asked.filter { ids.contains($0.key) }
    }

    /// Puts one at the head of the line.
    mutating func hurry(_ id: String) { asked[id] = nil }

    mutating func next(_ ids: [String], most: Int, at now: Duration) -> [String] {
        let turn = ids.filter(Self.isID)
            .sorted { (asked[$0] ?? .zero - .seconds(1), $0) < (asked[$1] ?? .zero - .seconds(1), $1) }
            .prefix(most)
        for id in turn { asked[id] = now }
        return Array(turn)
    }

    mutating func take(_ value: Value, of id: String) {
        before[id] = values[id]
        values[id] = value
    }

    private static func isID(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (48...57).contains($0) || (97...122).contains($0) || (65...90).contains($0) || $0 == 45 || $0 == 95
            }
    }
}
