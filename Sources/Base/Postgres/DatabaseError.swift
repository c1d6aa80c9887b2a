package import Kernel

/// What can go wrong between us and PostgreSQL.
package enum DatabaseError: Explained, Equatable, CustomStringConvertible {
    /// No connection could be had, or it broke before the answer came. A mutation may or may not have happened.
    case unavailable(reason: String)
    /// All connections are busy and the queue is full, or a lease could not be had in time. Nothing was sent.
    case busy
    /// The statement took longer than its caller allowed; it was cancelled.
    case timeout
    /// The calling task was cancelled; so was the statement.
    case cancelled
    /// PostgreSQL refused the statement.
    case server(ServerError)
    /// A row does not have the shape the code expects: a mistake in the code.
    case badRow(column: Int, name: String, expected: String)

    package var problem: Problem {
        switch self {
        case .unavailable, .busy:
            Problem(
                "database-unavailable", status: 503, title: "The database cannot be reached",
                detail: "Nothing is lost. Try again in a few seconds.", retryAfterSeconds: 2)
        case .server(let error) where error.isTransient:
            Problem(
                "database-unavailable", status: 503, title: "The database cannot be reached",
                detail: "Nothing is lost. Try again in a few seconds.", retryAfterSeconds: 2)
        case .server(let error) where error.isConflict:
            Problem(
                "database-conflict", status: 503, title: "Somebody changed the same at the same moment",
                detail: "Nothing was changed by this request. Try again.", retryAfterSeconds: 1)
        case .timeout:
            Problem(
                "database-timeout", status: 503, title: "The database took too long",
                detail: "The request was given up and changed nothing.", retryAfterSeconds: 5)
        case .cancelled:
            Problem("request-cancelled", status: 499, title: "The request was cancelled")
        case .server, .badRow:
            Problem("internal-error", status: 500, title: "Something went wrong on our side")
        }
    }

    package var description: String {
        switch self {
        case .unavailable(let reason): "database unavailable: \(reason)"
        case .busy: "database busy"
        case .timeout: "database timeout"
        case .cancelled: "database call cancelled"
        case .server(let error): "\(error)"
        case .badRow(let column, let name, let expected): "column \(column) (\(name)) is not \(expected)"
        }
    }

    /// The five-character SQLSTATE, when the server spoke.
    package var sqlState: String? {
        if case .server(let error) = self { error.state } else { nil }
    }
}

/// What PostgreSQL said. `message` may name values of the statement: for logs of errors that are our own mistakes,
/// never for answers.
package struct ServerError: Equatable, Sendable, CustomStringConvertible {
    package let state: String
    package let message: String
    package let constraint: String?
    package let table: String?

    package var description: String { "\(state) \(message)\(constraint.map { " (\($0))" } ?? "")" }

    package var isUniqueViolation: Bool { state == "23505" }

    /// Of several transactions that stood in each other's way this one was ended; again, it may well succeed.
    package var isConflict: Bool { state == SQLState.serializationFailure || state == SQLState.deadlockDetected }

    /// The server is going away, starting, or out of connections: class 57P, 08, 53300, 25006 (a standby was promoted).
    package var isTransient: Bool {
        state.hasPrefix("57P") || state.hasPrefix("08") || state == "53300" || state == "25006"
    }
}

package enum SQLState {
    package static let uniqueViolation = "23505"
    package static let queryCanceled = "57014"
    package static let invalidStatementName = "26000"
    package static let featureNotSupported = "0A000"
    package static let insufficientPrivilege = "42501"
    package static let lockNotAvailable = "55P03"
    package static let serializationFailure = "40001"
    package static let deadlockDetected = "40P01"
    /// Raised by `pulse_fence`: another worker holds the shard.
    package static let fenced = "PL001"
}
