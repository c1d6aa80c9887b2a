internal import HTTPKit
internal import Inventory
internal import JSONKit
internal import Kernel

/// What is checked, on the wire and in its column.
extension ProbeSettings {
    /// - Throws: 400 naming the member; members that the means has no use for are refused, so that nobody trusts in them.
    init(_ json: JSONValue) throws(Problem) {
        guard let members = json.object else { throw .invalidField("probe", "an object is wanted") }
        guard let means = members["protocol"]?.string.flatMap({ Means(rawValue: $0 == "ping" ? "icmp" : $0) }) else {
            let all = Means.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidField("probe.protocol", "one of \(all) is wanted")
        }
        self.init(means)
        for name in members.keys.sorted() where !Self.members(of: means).contains(name) {
            throw .invalidField("probe.\(name)", "\(means.rawValue) has no use for this")
        }
        path = try Self.line(members, "path", most: 2048)
        if let path, !path.hasPrefix("/") || path.utf8.contains(0x20) {
            throw .invalidField("probe.path", "a path that begins with / is wanted, blanks written as %20")
        }
        question = try Self.line(members, "question", most: 253)
        request = try Self.line(members, "request", most: 512)
        expected = try Self.line(members, "expected", most: 512)
        if let value = members["allowSilence"] {
            guard let flag = value.bool else { throw .invalidField("probe.allowSilence", "true or false is wanted") }
            allowsSilence = flag
        }
        timeoutMilliseconds = try Self.number(members, "timeoutMillis", 100...10_000) ?? timeoutMilliseconds
        failureThreshold = try Self.number(members, "failureThreshold", 1...10) ?? failureThreshold
        expiryWarningDays = try Self.number(members, "expiryWarningDays", 0...365) ?? expiryWarningDays
    }

    private static func members(of means: Means) -> Set<String> {
        let common: Set<String> = ["protocol", "timeoutMillis", "failureThreshold"]
        return switch means {
        case .icmp, .tcp: common
        case .udp: common.union(["request", "expected", "allowSilence"])
        case .http: common.union(["path", "expected"])
        case .https: common.union(["path", "expected", "expiryWarningDays"])
        case .dns: common.union(["question"])
        case .tls: common.union(["expiryWarningDays"])
        }
    }

    private static func line(
        _ members: [String: JSONValue], _ name: String, most: Int
    ) throws(Problem) -> String? {
        guard let value = members[name], value != .null else { return nil }
        guard let text = value.string, text.utf8.count <= most, text.isPlainLine else {
            throw .invalidField("probe.\(name)", "one line of at most \(most) bytes is wanted")
        }
        return text.isEmpty ? nil : text
    }

    private static func number(
        _ members: [String: JSONValue], _ name: String, _ range: ClosedRange<Int>
    ) throws(Problem) -> Int? {
        guard let value = members[name], value != .null else { return nil }
        guard let number = value.int, range.contains(number) else {
            throw .invalidField(
                "probe.\(name)", "a whole number from \(range.lowerBound) to \(range.upperBound) is wanted")
        }
        return number
    }

    var json: JSONValue {
        let allowed = Self.members(of: means)
        var members: [String: JSONValue] = [
            "protocol": .string(means.rawValue), "timeoutMillis": .integer(Int64(timeoutMilliseconds)),
            "failureThreshold": .integer(Int64(failureThreshold)),
        ]
        for (name, text) in [("path", path), ("question", question), ("request", request), ("expected", expected)] {
            members[name] = text.map { .string($0) }
        }
        if allowed.contains("allowSilence") { members["allowSilence"] = .bool(allowsSilence) }
        if allowed.contains("expiryWarningDays") { members["expiryWarningDays"] = .integer(Int64(expiryWarningDays)) }
        return .object(members)
    }

    var text: String {
        var writer = JSONWriter(capacity: 256)
        json.encode(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// - Returns: `nil` for a column that holds none.
    static func stored(_ text: String?) -> ProbeSettings? {
        guard let text else { return nil }
        var reader = JSONReader(Array(text.utf8))
        return (try? reader.decode(JSONValue.self)).flatMap { try? ProbeSettings($0) }
    }

    static let schema = Schema.object([
        "protocol": .enumeration(Means.allCases.map(\.rawValue)),
        "path": .string(maxLength: 2048).described("http, https").optional,
        "question": .string(maxLength: 253).described("dns: the name that is asked for").optional,
        "request": .string(maxLength: 512).described("udp: what is sent").optional,
        "expected": .string(maxLength: 512).described("udp, http, https: what the answer holds").optional,
        "allowSilence": .boolean.described("udp: no answer is no failure").optional,
        "timeoutMillis": .integer(minimum: 100, maximum: 10_000).optional,
        "failureThreshold": .integer(minimum: 1, maximum: 10).described("Failures in a row until it is down").optional,
        "expiryWarningDays": .integer(minimum: 0, maximum: 365).described("https, tls").optional,
    ]).named("ProbeSettings")
}
