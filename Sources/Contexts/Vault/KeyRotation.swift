package import Kernel
internal import Postgres

/// One rotation of an owner's keys.
package struct KeyRotation: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A new data key; everything is sealed anew, then the old key is deleted.
        case data
        /// A new wrapping key; the data keys are wrapped anew.
        case wrapping
    }

    package enum State: String, Sendable, CaseIterable {
        case waiting, rewriting
        /// Everything is rewritten; the old key stays until nobody can still be using it.
        case settling
        case done
    }

    package let id: KeyRotationID
    package let kind: Kind
    package var state: State
    /// Ciphertexts sealed anew so far.
    package var rewritten: Int
    package let startedAt: Timestamp
    package var nextAt: Timestamp
    package var finishedAt: Timestamp?
    package var problem: String?

    /// How long the old key stays after the last row: another process believes for 5 s that it is the current one, and
    /// whoever has sealed or read under it has 15 s left, the longest a request may take.
    static let settling: Duration = KeyRing.currentLifetime + .seconds(15)
    /// Rows in one transaction: below 10 ms of locks.
    static let batch = 200
    static let retryAfter: Duration = .seconds(10)

    init(_ kind: Kind, at now: Timestamp) {
        (id, self.kind, state, rewritten) = (.new(at: now), kind, .waiting, 0)
        (startedAt, nextAt) = (now, now)
    }

    mutating func finish(at now: Timestamp) { (state, finishedAt, problem) = (.done, now, nil) }

    /// What one look at the sealed columns means for the rotation.
    /// - Parameter hasOpenRows: some are left, because the batch was full or somebody holds them.
    mutating func saw(rewritten count: Int, hasOpenRows: Bool, at now: Timestamp) {
        rewritten += count
        problem = nil
        if hasOpenRows {
            (state, nextAt) = (.rewriting, now)
        } else if state == .settling, count == 0 {
            finish(at: now)
        } else {
            (state, nextAt) = (.settling, now + Self.settling)
        }
    }
}

extension KeyRotation {
    static let columns = SQL(
        unsafeSQL: "id, kind, state, rewritten, started_at, next_at, finished_at, problem")

    init(_ row: inout RowReader) throws {
        id = try row.next()
        guard let kind = Kind(rawValue: try row.next(String.self)),
            let state = State(rawValue: try row.next(String.self))
        else { throw VaultError.damaged }
        (self.kind, self.state) = (kind, state)
        rewritten = try row.next()
        startedAt = try row.next()
        nextAt = try row.next()
        finishedAt = try row.next()
        problem = try row.next()
    }

    func insert(for owner: KeyOwner) -> SQL {
        """
        INSERT INTO key_rotations (org_id, id, kind, state, started_at, next_at)
        VALUES (\(owner.id), \(id), \(kind.rawValue), \(state.rawValue), \(startedAt), \(nextAt))
        """
    }

    var update: SQL {
        """
        UPDATE key_rotations SET state = \(state.rawValue), rewritten = \(rewritten), next_at = \(nextAt),
               finished_at = \(finishedAt), problem = \(problem)
        WHERE id = \(id)
        """
    }
}

extension Problem {
    package static let keyRotationRunning = Problem(
        "key-rotation-running", status: 409, title: "The keys of this organisation are being rotated",
        detail: "One rotation at a time; its progress is shown with the keys.")
    package static let keyRotationNotFound = Problem(
        "key-rotation-not-found", status: 404, title: "No such rotation")
}
