import Kernel

/// Statements on their way to the server and back: one Sync-delimited segment of the pipeline.
///
/// `@unchecked Sendable`: made by the caller, then read and changed on the reactor's thread only.
final class Flight: @unchecked Sendable {
    enum Outcome: Sendable {
        case answered([ResultSet])
        case failed(DatabaseError)
        /// The statements were rolled back through no fault of their own; an implicit transaction may be sent again.
        case retry
    }

    /// What a result that arrives belongs to.
    enum Step {
        case prepare(StatementKey)
        /// `isWanted`: the caller asked for its rows. The key is absent when the statement was not prepared.
        case execute(StatementKey?, isWanted: Bool)
    }

    let statements: [SQL]
    /// How many leading statements are ours (`set_config`, `BEGIN`) and have no place in the answer.
    let openings: Int
    let deadline: Duration
    /// Of the connection: which of its server's sessions this has to run in, any if `nil`; then the one it did run in. A lost
    /// connection opens another, which knows nothing of a transaction that was under way.
    var session: Int?
    var steps: [Step] = []
    var position = 0
    /// A cancel request went out while this one was in the pipeline; it may hit the wrong one.
    var mayBeHit = false
    private(set) var isDone = false
    private var complete: (@Sendable (Outcome) -> Void)?
    private var results: [ResultSet] = []
    private var failure: ServerError?

    init(_ statements: [SQL], openings: Int, deadline: Duration, session: Int? = nil) {
        self.session = session
        self.statements = statements
        self.openings = openings
        self.deadline = deadline
    }

    /// - Returns: false when the caller gave up before the flight began; `complete` has then been called.
    func begin(_ complete: @escaping @Sendable (Outcome) -> Void) -> Bool {
        if isDone {
            complete(.failed(.cancelled))
            return false
        }
        self.complete = complete
        return true
    }

    func keep(_ result: ResultSet) { results.append(result) }

    /// The first error is the one that explains the rest.
    func fail(_ error: ServerError) { if failure == nil { failure = error } }

    func finish(_ outcome: Outcome) {
        isDone = true
        complete?(outcome)
        complete = nil
    }

    /// The Sync has arrived: all is known.
    func finish() {
        guard let failure else { return finish(.answered(results)) }
        switch failure.state {
        case SQLState.queryCanceled: finish(mayBeHit ? .retry : .failed(.timeout))
        case SQLState.invalidStatementName: finish(.retry)
        // A migration changed what a prepared statement returns.
        case SQLState.featureNotSupported where failure.message.contains("cached plan"): finish(.retry)
        default: finish(.failed(.server(failure)))
        }
    }
}

/// A prepared statement is its text and the types of its parameters.
struct StatementKey: Hashable {
    let text: String
    let types: [UInt32]
}
