package import Testing

/// Lends each test a database copied from one migrated template.
package struct PostgresTrait: TestTrait, SuiteTrait, TestScoping {
    package var isRecursive: Bool { true }

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        let database = try await TestCluster.shared.lend()
        let outcome: Result<Void, any Error>
        do {
            try await TestDatabase.$task.withValue(database) { try await function() }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        try await TestCluster.shared.takeBack(database)
        try outcome.get()
    }
}

extension Trait where Self == PostgresTrait {
    package static var postgres: PostgresTrait { PostgresTrait() }
}
