/// Finds the endpoint of a path: a tree of segments, literals before parameters.
struct Router: Sendable {
    enum Match {
        case found(Endpoint, parameters: [String: String])
        /// The path exists, but not for this method.
        case wrongMethod(allowed: [Endpoint.Method])
        case none
    }

    private final class Node: Sendable {
        let literals: [String: Node]
        let patterns: [(pattern: SegmentPattern, node: Node)]
        let endpoints: [Endpoint.Method: Endpoint]

        init(_ endpoints: [(segments: [SegmentPattern], endpoint: Endpoint)]) {
            self.endpoints = Dictionary(
                endpoints.filter { $0.segments.isEmpty }.map { ($0.endpoint.method, $0.endpoint) },
                uniquingKeysWith: { first, _ in first })
            let deeper = Dictionary(grouping: endpoints.filter { !$0.segments.isEmpty }) { $0.segments[0].shape }
                .mapValues { group in
                    (group[0].segments[0], group.map { (Array($0.segments.dropFirst()), $0.endpoint) })
                }
            var literals: [String: Node] = [:]
            var patterns: [(SegmentPattern, Node)] = []
            for (pattern, group) in deeper.values {
                if pattern.parameter == nil {
                    literals[pattern.prefix] = Node(group)
                } else {
                    patterns.append((pattern, Node(group)))
                }
            }
            self.literals = literals
            // The most specific pattern first, so that `{id}.sh` is tried before `{id}`.
            self.patterns = patterns.sorted { $0.0.literalLength > $1.0.literalLength }
                .map { (pattern: $0.0, node: $0.1) }
        }
    }

    private let root: Node

    /// - Parameter endpoints: without duplicates (`EndpointTable` has checked).
    init(_ endpoints: [Endpoint]) {
        root = Node(endpoints.map { (SegmentPattern.segments(of: $0.path), $0) })
    }

    func match(_ method: Endpoint.Method?, _ segments: [String]) -> Match {
        guard let node = find(segments[...], from: root) else { return .none }
        if let method, let endpoint = endpoint(method, at: node) {
            return .found(endpoint, parameters: SegmentPattern.parameters(of: endpoint.path, in: segments))
        }
        return .wrongMethod(allowed: allowed(at: node))
    }

    /// HEAD is GET without the body.
    private func endpoint(_ method: Endpoint.Method, at node: Node) -> Endpoint? {
        node.endpoints[method] ?? (method == .head ? node.endpoints[.get] : nil)
    }

    private func allowed(at node: Node) -> [Endpoint.Method] {
        Endpoint.Method.allCases.filter { $0 == .options || endpoint($0, at: node) != nil }
    }

    private func find(_ segments: ArraySlice<String>, from node: Node) -> Node? {
        guard let segment = segments.first else { return node.endpoints.isEmpty ? nil : node }
        let rest = segments.dropFirst()
        if let next = node.literals[segment], let found = find(rest, from: next) { return found }
        for (pattern, next) in node.patterns where pattern.matches(segment) {
            if let found = find(rest, from: next) { return found }
        }
        return nil
    }
}

/// One segment of an endpoint's path: a literal, or a parameter with what stands around it (`{id}.sh`).
struct SegmentPattern: Hashable {
    let prefix: String
    let parameter: String?
    let suffix: String

    init(_ text: Substring) {
        guard let open = text.firstIndex(of: "{"), let close = text.firstIndex(of: "}"), open < close else {
            (prefix, parameter, suffix) = (String(text), nil, "")
            return
        }
        prefix = String(text[..<open])
        parameter = String(text[text.index(after: open)..<close])
        suffix = String(text[text.index(after: close)...])
    }

    /// Two patterns of one shape match the same segments.
    var shape: String { parameter == nil ? prefix : "\(prefix){}\(suffix)" }
    var literalLength: Int { prefix.utf8.count + suffix.utf8.count }

    func matches(_ segment: String) -> Bool {
        segment.utf8.count > literalLength && segment.hasPrefix(prefix) && segment.hasSuffix(suffix)
    }

    static func segments(of path: String) -> [SegmentPattern] {
        path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { SegmentPattern($0) }
    }

    static func parameters(of path: String, in segments: [String]) -> [String: String] {
        guard path.contains("{") else { return [:] }
        var values: [String: String] = [:]
        for (pattern, segment) in zip(Self.segments(of: path), segments) {
            guard let name = pattern.parameter else { continue }
            values[name] = String(segment.dropFirst(pattern.prefix.count).dropLast(pattern.suffix.count))
        }
        return values
    }
}
