internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import SCIMKit

/// `/scim/v2/Bulk`: each operation is a change of its own, with its own transaction and audit entry.
struct BulkRoutes: Sendable {
    private typealias Words = DirectoryDescription
    private let context: DirectoryContext

    init(_ context: DirectoryContext) { self.context = context }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                .post, "/scim/v2/Bulk", summary: "Many changes, one after the other", access: .directory,
                audit: .none(reason: "each operation leaves its own entry"), rate: .directory,
                problems: Problem.ofSCIM + [.bulkTooLarge],
                request: .object([
                    "schemas": .array(.string), "failOnErrors": .integer(minimum: 1).optional,
                    "Operations": .array(.map(of: .anything), minItems: 1),
                ]).named("SCIMBulk"),
                response: Words.document,
                requestExample: """
                    {"schemas":["\(URN.bulk)"],"Operations":[{"method":"POST","path":"/Users","bulkId":"1",\
                    "data":{"schemas":["\(URN.user)"],"userName":"ana@example.org"}}]}
                    """,
                responseExample: #"{"schemas":["\#(URN.bulkResponse)"],"Operations":[]}"#,
                maxBodyBytes: Bounds.bulkBytes, timeout: .seconds(60), dialect: .scim
            ) { [context] request in
                let bulk = try BulkRequest(try request.scimBody())
                return .scim(try await BulkRun(context, bulk, request).answer())
            }
        ]
    }
}
