internal import Cryptography
package import HTTPKit
package import Kernel
internal import NIOConcurrencyHelpers
package import Postgres

/// Once is once: of many requests with one Idempotency-Key one works, and all are told its answer.
///
/// Key, effect, audit entry and answer are one transaction on one connection: the handler's own database calls join it.
/// In this process the others wait for that one without a connection; in other processes they look again, each time
/// giving the connection back, so that waiters cannot starve the one they wait for.
package final class IdempotentAnswers: IdempotencyStore {
    /// How long somebody waits for the one of this process, and for one of another process.
    private static let patience: Duration = .seconds(10)
    private static let lockPatience: Duration = .seconds(2)

    private let database: Database
    private let secret: Secret<[UInt8]>
    private let time: any TimeSource
    private let runs = NIOLockedValueBox<[[UInt8]: KeyedRun]>([:])

    /// - Parameter secret: the installation's own; a copy of the database without it opens no answer.
    package init(database: Database, secret: Secret<[UInt8]>, time: any TimeSource) {
        self.database = database
        self.secret = Digests.derivedKey(from: secret, purpose: "idempotency-v1")
        self.time = time
    }

    package func once(
        _ key: IdempotencyKey, by caller: Caller?, _ operation: @Sendable () async throws -> APIResponse
    ) async throws -> APIResponse {
        // Without a caller there is nobody whose key it could be.
        guard let caller else { return try await operation() }
        let place = Self.place(of: key, for: caller)
        for _ in 0..<3 {
            let (run, isMine) = runs.withLockedValue { runs in
                if let run = runs[place] { return (run, false) }
                let run = KeyedRun(bodyHash: key.bodyHash)
                runs[place] = run
                return (run, true)
            }
            if isMine { return try await work(run, place, key, operation) }
            guard run.bodyHash == key.bodyHash else { throw Problem.idempotencyKeyReused }
            switch await run.outcome(within: Self.patience, on: time) {
            case .answered(let response): return response
            case .refused(let problem): throw problem
            case .unknown: continue
            case nil:
                try Task.checkCancellation()
                throw Problem.idempotencyKeyBusy
            }
        }
        throw Problem.idempotencyKeyBusy
    }

    /// Who asks, where, what for and by which name: lengths between them, so that no two meet.
    private static func place(of key: IdempotencyKey, for caller: Caller) -> [UInt8] {
        let parts = [caller.principal.label, key.org?.description ?? "", key.route, key.value]
        return Digests.sha256(parts.map { "\($0.utf8.count):\($0)" }.joined())
    }

    private func work(
        _ run: KeyedRun, _ place: [UInt8], _ key: IdempotencyKey, _ operation: @Sendable () async throws -> APIResponse
    ) async throws -> APIResponse {
        defer { runs.withLockedValue { $0[place] = nil } }
        do {
            let response = try await claimed(place, key, operation)
            run.finish(.answered(response))
            return response
        } catch let error as any Explained where error.problem.status < 499 {
            run.finish(.refused(error.problem))
            throw error
        } catch {
            run.finish(.unknown)
            throw error
        }
    }

    private func claimed(
        _ place: [UInt8], _ key: IdempotencyKey, _ operation: @Sendable () async throws -> APIResponse
    ) async throws -> APIResponse {
        let deadline = time.monotonic + Self.lockPatience
        let kept = KeptAnswer(secret: secret, key: key.value, place: place)
        while true {
            let answer = try await database.asNobody { transaction in
                try await attempt(place, key, kept, operation, in: transaction)
            }
            if let answer { return answer }
            guard time.monotonic < deadline else { throw Problem.idempotencyKeyBusy }
            try await time.sleep(for: .milliseconds(50))
        }
    }

    /// - Returns: `nil` when another process is at it.
    private func attempt(
        _ place: [UInt8], _ key: IdempotencyKey, _ kept: KeptAnswer,
        _ operation: @Sendable () async throws -> APIResponse, in transaction: Transaction
    ) async throws -> APIResponse? {
        let now = time.now
        let claim = try await transaction.first(
            "SELECT outcome, answer FROM claim_idempotency(\(place), \(key.bodyHash), \(now))"
        ) { (outcome: try $0.next(String.self), answer: try $0.next([UInt8]?.self)) }
        switch claim?.outcome {
        case "stored":
            // Sealed under another installation's secret: as good as another body.
            guard let response = claim?.answer.flatMap(kept.open) else { throw Problem.idempotencyKeyReused }
            return response
        case "reused": throw Problem.idempotencyKeyReused
        case "new":
            let response = try await database.joining(transaction) { try await operation() }
            if response.status < 300, let sealed = try kept.seal(response) {
                let keep: SQL = "SELECT keep_idempotency(\(place), \(key.bodyHash), \(key.org), \(sealed), \(now))"
                transaction.atCommit(keep)
            }
            return response
        default: return nil
        }
    }
}
