/// What the DNS says under a name. `unanswered` says nothing: a server failed, refused, or was silent.
package enum TextAnswer: Sendable, Equatable {
    case found([String])
    case absent
    case unanswered
}

/// Reads TXT records. The live side asks the resolver of the system; the test side is a zone in memory.
package protocol TextRecords: Sendable {
    /// Never longer than about five seconds.
    func texts(at name: String) async -> TextAnswer
}

/// One question at a time for one name: whoever asks while it is under way shares its answer. So a thousand organisations
/// that prove one domain at once are one question, and nobody can use us to flood a name server.
actor SharedLookups {
    private let records: any TextRecords
    private var asking: [String: Task<TextAnswer, Never>] = [:]
    /// Who waits for an answer, of all names.
    private(set) var waiting = 0

    init(_ records: any TextRecords) { self.records = records }

    func texts(at name: String) async -> TextAnswer {
        waiting += 1
        defer { waiting -= 1 }
        if let running = asking[name] { return await running.value }
        // Shared, so that nobody who leaves ends it for the others; its own timeout does.
        let running = Task { [records] in await records.texts(at: name) }
        asking[name] = running
        let answer = await running.value
        asking[name] = nil
        return answer
    }
}
