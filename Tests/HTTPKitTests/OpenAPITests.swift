import HTTPKit
import JSONKit
import Kernel
import Testing

@Suite struct OpenAPITests {
    private let machine = Schema.object([
        "id": .uuid, "name": .string.described("As shown"), "load": .number(minimum: 0).optional,
        "state": .enumeration(["on", "off"]).nullable, "tags": .array(.string, maxItems: 9),
        "extra": .map(of: .integer),
    ]).named("Machine")

    private func document() throws -> JSONValue {
        let example = #"{"id":"0190","name":"a","state":null,"tags":[],"extra":{"x":1}}"#
        let table = try EndpointTable([
            Endpoint(
                .get, "/api/machines/{id}", summary: "One machine", access: .permission(.readMonitoring),
                scope: .monitoringRead, audit: .none(reason: "reads"),
                query: [QueryParameter("range", .enumeration(["1h", "6h"]), summary: "How far back")],
                response: machine, responseExample: example
            ) { _ in .noContent },
            Endpoint(
                .post, "/api/machines", summary: "A new machine", access: .session,
                audit: .entry(action: "machine.created"),
                idempotency: .key, problems: [Problem("machine-taken", status: 409, title: "Taken")],
                request: .object(["name": .string(minLength: 1)]), response: machine, status: 201,
                requestExample: #"{"name":"a"}"#, responseExample: example
            ) { _ in .noContent },
            Endpoint(
                .delete, "/api/machines/{id}", summary: "No machine", access: .session,
                audit: .entry(action: "machine.removed"), response: .nothing, status: 204, responseExample: ""
            ) { _ in .noContent },
            Endpoint(
                .get, "/install/{id}.sh", summary: "Script", access: .public(reason: "test"),
                audit: .none(reason: "reads"),
                response: .media("text/x-shellscript"), responseExample: ""
            ) { _ in .noContent },
            .socket("/ws", summary: "Live", access: .session, messages: .anything, messageExample: "{}") { _, _ in },
        ])
        return try JSONValue(json: OpenAPI(title: "Pulse", version: "1.2.3", table: table).json)
    }

    @Test("the document is OpenAPI 3.1 with an operation for each endpoint")
    func operations() throws {
        let document = try document()
        #expect(document["openapi"]?.string == "3.1.0")
        #expect(document["info"]?["version"]?.string == "1.2.3")
        let paths = try #require(document["paths"]?.object)
        #expect(paths.keys.sorted() == ["/api/machines", "/api/machines/{id}", "/install/{id}.sh", "/ws"])
        let operations = paths.values.flatMap { $0.object?.values.map { $0 } ?? [] }
        let ids = operations.compactMap { $0["operationId"]?.string }
        #expect(
            ids.sorted() == ["deleteMachinesById", "getInstallByIdSh", "getMachinesById", "getWs", "postMachines"])
        for operation in operations { #expect(operation["responses"]?["500"] != nil) }
    }

    @Test("every reference leads somewhere")
    func references() throws {
        let document = try document()
        let schemas = try #require(document["components"]?["schemas"]?.object)
        #expect(schemas.keys.sorted() == ["Machine", "Problem"])
        var found = 0
        func walk(_ value: JSONValue) {
            for (name, member) in value.object ?? [:] {
                if name == "$ref", let reference = member.string {
                    found += 1
                    #expect(schemas.keys.contains { reference == "#/components/schemas/\($0)" }, "\(reference)")
                }
                walk(member)
            }
            for element in value.array ?? [] { walk(element) }
        }
        walk(document)
        #expect(found > 10)
    }

    @Test("schemas say what is required, nullable and bounded")
    func schemas() throws {
        let schema = try #require(try document()["components"]?["schemas"]?["Machine"])
        #expect(schema["type"]?.string == "object")
        #expect(schema["required"]?.array?.compactMap(\.string) == ["id", "name", "state", "tags", "extra"])
        #expect(schema["properties"]?["state"]?["type"]?.array?.compactMap(\.string) == ["string", "null"])
        #expect(schema["properties"]?["state"]?["enum"]?.array?.count == 3)
        #expect(schema["properties"]?["load"]?["minimum"]?.double == 0)
        #expect(schema["properties"]?["tags"]?["maxItems"]?.int == 9)
        #expect(schema["properties"]?["extra"]?["additionalProperties"]?["type"]?.string == "integer")
        #expect(schema["properties"]?["id"]?["format"]?.string == "uuid")
    }

    @Test("each operation tells its security, parameters and problems")
    func rules() throws {
        let paths = try #require(try document()["paths"])
        let read = try #require(paths["/api/machines/{id}"]?["get"])
        #expect(
            read["security"]?.array?.map { $0.object?.keys.sorted() ?? [] } == [["session"], ["apiToken"], ["bearer"]])
        #expect(read["parameters"]?.array?.compactMap { $0["name"]?.string } == ["id", "range"])
        #expect(read["parameters"]?[0]?["required"]?.bool == true)
        #expect(read["x-pulse-access"]?.string == "read:monitoring")
        let make = try #require(paths["/api/machines"]?["post"])
        #expect(make["security"]?.array?.map { $0.object?.keys.sorted() ?? [] } == [["csrf", "session"]])
        #expect(make["parameters"]?.array?.compactMap { $0["name"]?.string } == ["Idempotency-Key"])
        #expect(make["requestBody"]?["content"]?["application/json"]?["example"]?["name"]?.string == "a")
        let statuses = try #require(make["responses"]?.object?.keys.sorted())
        #expect(
            statuses == [
                "201", "400", "401", "403", "404", "408", "409", "413", "415", "422", "429", "431", "500", "503",
            ])
        #expect(make["responses"]?["409"]?["description"]?.string?.contains("`machine-taken`: Taken") == true)
        #expect(paths["/install/{id}.sh"]?["get"]?["security"]?.array?.isEmpty == true)
        #expect(paths["/api/machines/{id}"]?["delete"]?["responses"]?["204"]?["content"] == nil)
        #expect(paths["/ws"]?["get"]?["responses"]?["426"] != nil)
    }
}
