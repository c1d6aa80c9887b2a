import JSONKit
import Kernel
import Testing

@testable import SCIMKit

@Suite struct BulkTests {
    private func request(_ operations: String, _ more: String = "") throws -> BulkRequest {
        try BulkRequest(json(#"{"schemas":["\#(URN.bulk)"],"Operations":\#(operations)\#(more)}"#))
    }

    /// The steps when everything that is run succeeds but what is said.
    private func steps(_ request: BulkRequest, failing: Set<Int> = []) throws -> [BulkOrder.Step] {
        var (order, steps) = (BulkOrder(request), [BulkOrder.Step]())
        while let step = order.next() {
            steps.append(step)
            if case .run(let index) = step, !failing.contains(index),
                let id = try request.operations[index].get().bulkID
            {
                order.made(id)
            }
        }
        return steps
    }

    private static let group =
        #"{"method":"POST","path":"/Groups","bulkId":"g","data":{"members":[{"value":"bulkId:u"}]}}"#
    private static let user = #"{"method":"post","path":"/Users","bulkId":"u","data":{"userName":"a"}}"#

    @Test("what is referred to is made first, and its id put in its place") func references() throws {
        let bulk = try request("[\(Self.group),\(Self.user)]")
        #expect(try steps(bulk) == [.run(1), .run(0)])
        let group = try bulk.operations[0].get()
        #expect(group.resolved(["u": "42"]).data == ["members": [["value": "42"]]])
        let change = try request(#"[{"method":"PATCH","path":"/Users/bulkId:u","data":{}},\#(Self.user)]"#)
        #expect(try steps(change) == [.run(1), .run(0)])
        #expect(try change.operations[0].get().resolved(["u": "42"]).target == "42")
    }

    @Test("circles, unknown references and references to what failed end in errors, not in waiting") func circles()
        throws
    {
        let one = { (id: String, other: String) in
            #"{"method":"POST","path":"/Users","bulkId":"\#(id)","data":{"manager":{"value":"bulkId:\#(other)"}}}"#
        }
        #expect(
            try steps(request("[\(one("a", "b")),\(one("b", "a")),\(one("c", "c"))]")) == [
                .fail(0), .fail(1), .fail(2),
            ])
        #expect(try steps(request("[\(one("a", "nobody"))]")) == [.fail(0)])
        #expect(try steps(request("[\(Self.user),\(Self.group)]"), failing: [0]) == [.run(0), .fail(1)])
        let chain = (0..<Bounds.bulkOperations).map { one("\($0)", "\($0 + 1)") }.joined(separator: ",")
        #expect(try steps(request("[\(chain)]")).allSatisfy { if case .fail = $0 { true } else { false } })
    }

    @Test(
        "an operation that cannot be understood is an error of its own",
        arguments: [
            #"{"method":"GET","path":"/Users"}"#, #"{"method":"POST","path":"/Users","data":{}}"#,
            #"{"method":"POST","path":"/Users/1","bulkId":"a","data":{}}"#, #"{"method":"DELETE","path":"/Users"}"#,
            #"{"method":"POST","path":"/Bulk","bulkId":"a","data":{}}"#, #"{"method":"PUT","path":"/Users/1"}"#,
            #"{"method":"DELETE","path":"/Users/1/2"}"#, #"{"method":"DELETE","path":"//Users/1"}"#,
            #"{"method":"DELETE","path":"/../Users/1"}"#, #"{"method":"DELETE","path":"/Users/"}"#, "5", "{}",
            #"{"method":"DELETE","path":"https://other.example/scim/v2/Users/1"}"#,
        ])
    func misunderstood(operation: String) throws {
        let bulk = try request("[\(operation),\(Self.user)]")
        #expect(throws: Problem.self) { try bulk.operations[0].get() }
        #expect(try steps(bulk) == [.run(1)])
    }

    @Test("a bulk has bounds") func bounds() throws {
        let many = Array(repeating: #"{"method":"DELETE","path":"/Users/1"}"#, count: Bounds.bulkOperations + 1)
        #expect(throws: Problem.bulkTooLarge) { try request("[\(many.joined(separator: ","))]") }
        #expect(Directory.refusal { try request("[]") } == "invalidSyntax")
        #expect(Directory.refusal { try request("[\(Self.user),\(Self.user)]") } == "invalidSyntax")
        #expect(Directory.refusal { try request("[\(Self.user)]", #","failOnErrors":0"#) } == "invalidSyntax")
        #expect(try request("[\(Self.user)]", #","failOnErrors":2"#).failOnErrors == 2)
    }
}
