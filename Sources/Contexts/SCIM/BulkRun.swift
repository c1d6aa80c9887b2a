internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SCIMKit

/// Carries out one bulk request: in its order, but for operations that wait for what others make.
struct BulkRun: Sendable {
    private let context: DirectoryContext
    private let bulk: BulkRequest
    private let request: APIRequest

    init(_ context: DirectoryContext, _ bulk: BulkRequest, _ request: APIRequest) {
        (self.context, self.bulk, self.request) = (context, bulk, request)
    }

    /// What has come of one operation.
    private struct Done {
        let location: String?
        let tag: EntityTag?
        let status: Int
    }

    /// - Throws: when the database is away: what was done until then stays done, and can be asked for again.
    func answer() async throws -> JSONValue {
        var answers: [(index: Int, answer: JSONValue)] = []
        var (errors, ids): (Int, [String: String]) = (0, [:])
        let most = bulk.failOnErrors ?? .max
        for (index, operation) in bulk.operations.enumerated() where errors < most {
            guard case .failure(let problem) = operation else { continue }
            answers.append((index, Self.told(problem, of: nil)))
            errors += 1
        }
        var order = BulkOrder(bulk)
        while errors < most, let step = order.next() {
            switch step {
            case .fail(let index):
                let circle = Problem.scim(.invalidValue, "It refers to a bulkId that is not made.")
                answers.append((index, Self.told(circle, of: try? bulk.operations[index].get())))
                errors += 1
            case .run(let index):
                let operation = try bulk.operations[index].get()
                do {
                    let (done, id) = try await run(operation, ids)
                    if let bulkID = operation.bulkID, operation.method == .post {
                        ids[bulkID] = id
                        order.made(bulkID)
                    }
                    answers.append((index, Self.told(done, of: operation)))
                } catch let error as any Explained where error.problem.status < 500 {
                    answers.append((index, Self.told(error.problem, of: operation)))
                    errors += 1
                }
            }
        }
        answers.sort { $0.index < $1.index }
        return .object(["schemas": [.string(URN.bulkResponse)], "Operations": .array(answers.map(\.answer))])
    }

    private func run(
        _ operation: BulkRequest.Operation, _ ids: [String: String]
    ) async throws -> (Done, id: String) {
        let (target, data) = operation.resolved(ids)
        let body = data ?? .null
        let conditions = Conditions(ifMatch: operation.version.map { [$0] } ?? [])
        return operation.collection == "Users"
            ? try await run(operation.method, UserDirectory(context), target, body, conditions)
            : try await run(operation.method, GroupDirectory(context), target, body, conditions)
    }

    private func run(
        _ method: BulkRequest.Operation.Method, _ users: UserDirectory, _ target: String?, _ body: JSONValue,
        _ conditions: Conditions
    ) async throws -> (Done, id: String) {
        let id = Self.id(target, of: DirectoryPerson.self)
        let told: ToldResource
        switch method {
        case .post: told = try await users.create(body, for: request)
        case .put: told = try await users.replace(id, body, conditions, for: request)
        case .patch: told = try await users.patch(id, body, conditions, for: request)
        case .delete:
            try await users.delete(id, conditions, for: request)
            return (Done(location: "\(context.base)/Users/\(id)", tag: nil, status: 204), "\(id)")
        }
        let status = method == .post ? 201 : 200
        return (
            Done(location: told.location, tag: told.tag, status: status), told.members["id"]?.string ?? ""
        )
    }

    private func run(
        _ method: BulkRequest.Operation.Method, _ groups: GroupDirectory, _ target: String?, _ body: JSONValue,
        _ conditions: Conditions
    ) async throws -> (Done, id: String) {
        let id = Self.id(target, of: DirectoryTeam.self)
        let group: DirectoryGroup
        switch method {
        case .post: group = try await groups.create(body, for: request)
        case .put: group = try await groups.replace(id, body, conditions, for: request)
        case .patch: group = try await groups.patch(id, body, conditions, for: request)
        case .delete:
            try await groups.delete(id, conditions, for: request)
            return (Done(location: "\(context.base)/Groups/\(id)", tag: nil, status: 204), "\(id)")
        }
        let location = "\(context.base)/Groups/\(group.id)"
        return (
            Done(location: location, tag: group.tag, status: method == .post ? 201 : 200), "\(group.id)"
        )
    }

    private static func id<Subject>(_ text: String?, of _: Subject.Type) -> ID<Subject> {
        text.flatMap { ID($0) } ?? ID(bytes: [UInt8](repeating: 0, count: 16))
    }

    // MARK: Answers

    private static func told(_ done: Done, of operation: BulkRequest.Operation) -> JSONValue {
        var answer = opening(of: operation, status: done.status)
        answer["location"] = done.location.map { .string($0) }
        answer["version"] = done.tag.map { .string("\($0)") }
        return .object(answer)
    }

    private static func told(_ problem: Problem, of operation: BulkRequest.Operation?) -> JSONValue {
        var answer = opening(of: operation, status: problem.status)
        answer["response"] = try? JSONValue(json: problem.scimBody)
        return .object(answer)
    }

    private static func opening(of operation: BulkRequest.Operation?, status: Int) -> Members {
        var answer: Members = ["status": .string("\(status)")]
        answer["method"] = (operation?.method.rawValue).map { .string($0) }
        answer["bulkId"] = operation?.bulkID.map { .string($0) }
        return answer
    }
}
