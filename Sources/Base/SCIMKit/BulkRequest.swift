package import JSONKit
package import Kernel

/// Many changes in one request (RFC 7644, 3.7).
package struct BulkRequest: Sendable {
    package struct Operation: Sendable {
        package enum Method: String, Sendable { case post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE" }

        package let method: Method
        /// `Users` or `Groups`.
        package let collection: String
        /// The resource, or `bulkId:…` of one that this request makes; `nil` for POST.
        package let target: String?
        package let bulkID: String?
        package let version: String?
        package let data: JSONValue?
        /// The `bulkId`s that have to be known before.
        package let needs: Set<String>
    }

    package let failOnErrors: Int?
    /// One that cannot be understood is an error of its own.
    package let operations: [Result<Operation, Problem>]

    /// - Throws: 400 `scim-invalid-syntax`; 413 for too many.
    package init(_ body: JSONValue) throws(Problem) {
        let schemas = body.member("schemas")?.array?.compactMap { $0.string?.lowercased() } ?? []
        guard schemas.contains(URN.bulk.lowercased()), let listed = body.member("Operations")?.array, !listed.isEmpty
        else { throw .scim(.invalidSyntax, "“schemas” names \(URN.bulk), and “Operations” is a list.") }
        guard listed.count <= Bounds.bulkOperations else { throw .bulkTooLarge }
        switch body.member("failOnErrors") {
        case nil, .null: failOnErrors = nil
        case .integer(let number) where number > 0: failOnErrors = Int(min(number, 1_000_000))
        default: throw .scim(.invalidSyntax, "“failOnErrors” is a number from 1.")
        }
        var read: [Result<Operation, Problem>] = []
        for one in listed {
            do { read.append(.success(try Operation(one))) } catch { read.append(.failure(error)) }
        }
        operations = read
        let made = operations.compactMap { try? $0.get() }.filter { $0.method == .post }.compactMap(\.bulkID)
        guard Set(made).count == made.count else { throw .scim(.invalidSyntax, "A bulkId stands there twice.") }
    }
}

extension BulkRequest.Operation {
    fileprivate init(_ json: JSONValue) throws(Problem) {
        guard let method = json.member("method")?.string.flatMap({ Method(rawValue: $0.uppercased()) }) else {
            throw .scim(.invalidSyntax, "“method” is POST, PUT, PATCH or DELETE.")
        }
        let parts = (json.member("path")?.string ?? "").split(separator: "/", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts[0].isEmpty, ["Users", "Groups"].contains(parts[1]),
            (parts.count == 2) == (method == .post), parts.count == 2 || (1...128).contains(parts[2].utf8.count)
        else { throw .scim(.invalidPath, "“path” is /Users or /Groups, and /Users/id to change one.") }
        let bulkID = json.member("bulkId")?.string
        if method == .post {
            guard let bulkID, (1...128).contains(bulkID.utf8.count) else {
                throw .scim(.invalidSyntax, "A POST has a “bulkId” of 1 to 128 bytes.")
            }
        }
        data = json.member("data")
        guard method == .delete || data?.object != nil else { throw .scim(.invalidSyntax, "“data” is missing.") }
        self.method = method
        self.bulkID = bulkID.map { String($0.prefix(128)) }
        version = json.member("version")?.string
        collection = String(parts[1])
        target = parts.count == 3 ? String(parts[2]) : nil
        needs = Set(([target].compactMap { $0 } + (data?.texts ?? [])).compactMap(Self.reference))
    }

    /// `qwerty` of `bulkId:qwerty`.
    package static func reference(_ text: String) -> String? {
        text.hasPrefix("bulkId:") ? String(text.dropFirst(7)) : nil
    }

    /// The same with the ids of what was made meanwhile.
    package func resolved(_ ids: [String: String]) -> (target: String?, data: JSONValue?) {
        let resolve = { (text: String) in Self.reference(text).flatMap { ids[$0] } ?? text }
        return (target.map(resolve), needs.isEmpty ? data : data?.mappingTexts(resolve))
    }
}

/// Which operation of a bulk comes next: the first whose references are known. Those that wait for one another wait for ever,
/// and those that wait for what failed or is not there fail.
package struct BulkOrder: Sendable {
    private var waiting: [(index: Int, needs: Set<String>)]
    private var known: Set<String> = []

    package enum Step: Sendable, Equatable {
        case run(Int)
        /// It refers to what will not be: unknown, failed, or in a circle.
        case fail(Int)
    }

    package init(_ request: BulkRequest) {
        let good = request.operations.enumerated().compactMap { index, one in (try? one.get()).map { (index, $0) } }
        waiting = good.map { (index: $0.0, needs: $0.1.needs) }
    }

    package mutating func next() -> Step? {
        if let place = waiting.firstIndex(where: { $0.needs.isSubset(of: known) }) {
            return .run(waiting.remove(at: place).index)
        }
        return waiting.isEmpty ? nil : .fail(waiting.removeFirst().index)
    }

    package mutating func made(_ bulkID: String) { known.insert(bulkID) }
}

extension JSONValue {
    /// Every text in it that is a value.
    fileprivate var texts: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let elements): elements.flatMap(\.texts)
        case .object(let members): members.values.flatMap(\.texts)
        default: []
        }
    }

    fileprivate func mappingTexts(_ change: (String) -> String) -> JSONValue {
        switch self {
        case .string(let text): .string(change(text))
        case .array(let elements): .array(elements.map { $0.mappingTexts(change) })
        case .object(let members): .object(members.mapValues { $0.mappingTexts(change) })
        default: self
        }
    }
}

extension Problem {
    package static let bulkTooLarge = Problem(
        "scim-bulk-too-large", status: 413, title: "The bulk request is too large",
        detail: "At most \(Bounds.bulkOperations) operations and \(Bounds.bulkBytes) bytes.")
}
