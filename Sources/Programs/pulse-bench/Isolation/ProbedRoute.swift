import Foundation
import HTTPKit

/// One route of the table, as far as a prober has to know it.
struct ProbedRoute: Sendable {
    let endpoint: Endpoint
    /// The names in braces, from the left.
    let parameters: [String]

    init(_ endpoint: Endpoint) {
        self.endpoint = endpoint
        parameters = endpoint.path.split(separator: "{").dropFirst().compactMap {
            $0.split(separator: "}").first.map(String.init)
        }
    }

    var name: String { endpoint.name }
    var isStream: Bool { endpoint.kind == .stream || endpoint.kind == .socket }
    /// Development's mailbox is everybody's by its nature; production has none.
    var isOutbox: Bool { endpoint.path.hasPrefix("/dev/") }

    /// The path with every parameter filled, and the query that the endpoint cannot do without.
    func path(_ values: [String], query extra: [String: String] = [:]) -> String {
        var path = endpoint.path
        for (name, value) in zip(parameters, values) {
            path = path.replacingOccurrences(of: "{\(name)}", with: value.percentEncoded)
        }
        var query = extra
        for parameter in endpoint.query where parameter.isRequired && query[parameter.name] == nil {
            query[parameter.name] = Self.likely[parameter.name] ?? "x"
        }
        guard !query.isEmpty else { return path }
        let words = query.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.percentEncoded)" }
        return path + "?" + words.joined(separator: "&")
    }

    /// The example with every id in it replaced, so that bodies name foreign things too.
    func body(naming id: String) -> String? {
        guard !endpoint.method.isSafe else { return nil }
        guard let example = endpoint.requestExample else { return endpoint.request == nil ? nil : "{}" }
        return example.replacing(Self.uuid) { _ in id }
    }

    private static let likely = ["metric": "cpu", "range": "1h", "resourceType": "agent", "format": "jsonl"]

    nonisolated(unsafe) static let uuid = /[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}/
}
