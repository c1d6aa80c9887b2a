import JSONKit
import Kernel

/// All endpoints of a program, checked: a table with a fault in it is refused when the program starts.
package struct EndpointTable: Sendable {
    package let endpoints: [Endpoint]
    let router: Router
    private let dialects: [Dialect]

    /// - Throws: all faults at once.
    package init(_ endpoints: [Endpoint]) throws(EndpointTableFaults) {
        let faults = Self.faults(in: endpoints)
        guard faults.isEmpty else { throw EndpointTableFaults(faults: faults) }
        self.endpoints = endpoints
        self.router = Router(endpoints)
        let spoken = endpoints.compactMap(\.dialect).map { ($0.root, $0) }
        dialects = Array(Dictionary(spoken) { first, _ in first }.values)
    }

    /// What is spoken at this path, whether there is a route or not; `nil`: our own way.
    func dialect(of path: String) -> Dialect? { dialects.first { $0.covers(path) } }

    /// One sentence for each fault, naming the endpoint.
    package static func faults(in endpoints: [Endpoint]) -> [String] {
        endpoints.flatMap { endpoint in endpoint.faults.map { "\(endpoint.name): \($0)" } }
            + duplicates(in: endpoints) + contradictions(in: endpoints)
    }

    private static func duplicates(in endpoints: [Endpoint]) -> [String] {
        let shapes = Dictionary(grouping: endpoints) { endpoint in
            endpoint.method.rawValue + SegmentPattern.segments(of: endpoint.path).map { "/" + $0.shape }.joined()
        }
        return shapes.values.filter { $0.count > 1 }.map { "\($0[0].name): declared \($0.count) times" }.sorted()
    }

    /// A slug is a promise, so it has one status and one title wherever it is told.
    private static func contradictions(in endpoints: [Endpoint]) -> [String] {
        let problems = Dictionary(grouping: endpoints.flatMap(\.problems), by: \.slug)
        return problems.filter { Set($0.value.map { "\($0.status) \($0.title)" }).count > 1 }.keys.sorted()
            .map { "problem \($0): told with different statuses or titles" }
    }
}

/// Why a table was refused.
package struct EndpointTableFaults: Error, CustomStringConvertible {
    package let faults: [String]
    package var description: String { "the endpoint table has faults:\n" + faults.joined(separator: "\n") }
}

extension Endpoint {
    /// What is wrong with this endpoint by itself.
    fileprivate var faults: [String] { pathFaults + ruleFaults + exampleFaults }

    private var pathFaults: [String] {
        var faults: [String] = []
        if let dialect, !dialect.covers(path) { faults.append("the path is not below \(dialect.root)") }
        let segments = SegmentPattern.segments(of: path)
        if !path.hasPrefix("/") || (path != "/" && path.hasSuffix("/")) || path.contains("//") {
            faults.append("the path must begin with a slash, not end with one, and hold no empty segment")
        }
        let isForeign = dialect != nil
        let isLiteral = { (text: String) in
            text.utf8.allSatisfy {
                $0.isLowercaseOrDigit || "-._".utf8.contains($0) || (isForeign && $0.isLetterOrDigit)
            }
        }
        let isName = { (text: String) in !text.isEmpty && text.utf8.allSatisfy { $0.isLetterOrDigit } }
        if !segments.allSatisfy({ isLiteral($0.prefix) && isLiteral($0.suffix) && ($0.parameter.map(isName) ?? true) })
        {
            faults.append("the path may hold a-z, 0-9, hyphen, dot and {camelCase} parameters only")
        }
        let names = segments.compactMap(\.parameter)
        if Set(names).count < names.count { faults.append("a parameter stands twice in the path") }
        return faults
    }

    private var ruleFaults: [String] {
        var faults: [String] = []
        if case .public(let reason) = access, reason.isEmpty { faults.append("public without a reason") }
        switch audit {
        case .none(let reason) where reason.isEmpty && !method.isSafe:
            faults.append("changes something, but has neither an audit entry nor a reason for none")
        case .entry(let action) where action.split(separator: ".", omittingEmptySubsequences: false).count != 2:
            faults.append("the audit action “\(action)” is not noun.verb")
        default: break
        }
        if case .telemetry = audit, access != .agent { faults.append("only agents hand in telemetry") }
        if idempotency == .key, method != .post { faults.append("an idempotency key is for POST") }
        if method == .head || method == .options { faults.append("\(method.rawValue) is answered by the router") }
        if kind == .socket, method != .get { faults.append("a socket is opened by GET") }
        if openTo.isEmpty { faults.append("open to organisations in no state at all") }
        if summary.isEmpty { faults.append("no summary") }
        return faults
    }

    private var exampleFaults: [String] {
        var faults: [String] = []
        if request?.isJSON == true, requestExample == nil { faults.append("no request example") }
        if response.isJSON, responseExample.isEmpty { faults.append("no response example") }
        if case .nothing = response.shape, status == 200 { faults.append("no body, but status 200 instead of 204") }
        if method.isSafe, request != nil { faults.append("\(method.rawValue) takes no body") }
        faults += mismatch("request", request, requestExample) + mismatch("response", response, responseExample)
        return faults
    }

    private func mismatch(_ what: String, _ schema: Schema?, _ example: String?) -> [String] {
        guard let schema, schema.isJSON, let example, !example.isEmpty else { return [] }
        do throws(JSONError) {
            let value = try JSONValue(json: Array(example.utf8))
            return schema.mismatch(with: value).map { ["the \(what) example does not fit its schema: \($0)"] } ?? []
        } catch {
            return ["the \(what) example is not JSON: \(error)"]
        }
    }
}

extension Schema {
    /// The body is a JSON text.
    var isJSON: Bool {
        switch shape {
        case .nothing, .media: false
        default: true
        }
    }
}

extension UInt8 {
    fileprivate var isLowercaseOrDigit: Bool { (97...122).contains(self) || (48...57).contains(self) }
    fileprivate var isLetterOrDigit: Bool { isLowercaseOrDigit || (65...90).contains(self) }
}
