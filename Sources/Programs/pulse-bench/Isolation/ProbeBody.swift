import Foundation

/// A route's example with the canary in every name, so that whatever it creates can be recognised anywhere.
struct ProbeBody {
    let text: String

    /// - Returns: `nil` without an example.
    init?(_ example: String?, canary: String) {
        guard let example, let value = try? JSONSerialization.jsonObject(with: Data(example.utf8)) else { return nil }
        let renamed = Self.renamed(value, canary: canary)
        guard let data = try? JSONSerialization.data(withJSONObject: renamed, options: [.sortedKeys]) else {
            return nil
        }
        text = String(decoding: data, as: UTF8.self)
    }

    private static let names: Set<String> = ["name", "displayName", "description", "note", "label", "reason"]

    private static func renamed(_ value: Any, canary: String) -> Any {
        switch value {
        case let object as [String: Any]:
            // Ids in an example are nobody's.
            object.filter { !(($0.value as? String)?.wholeMatch(of: ProbedRoute.uuid) != nil) }
                .reduce(into: [String: Any]()) { result, member in
                    result[member.key] =
                        if member.key == "email" {
                            "\(canary)@probe.example"
                        } else if names.contains(member.key), member.value is String {
                            canary
                        } else {
                            renamed(member.value, canary: canary)
                        }
                }
        case let array as [Any]: array.map { renamed($0, canary: canary) }
        default: value
        }
    }
}

/// What a prober's machine reports.
struct ProbeReport {
    let hostname: String
    let machine: String

    func json(number: Int, cpu: Double = 12.5) -> String {
        """
        {"agent":{"id":"\(machine)","version":"1.0.0","type":"unified","intervalSeconds":10},
        "host":{"id":"\(machine)","hostname":"\(hostname)","machineId":"\(machine)","platform":"linux","osName":"Debian",
        "osVersion":"12","kernelVersion":"6.1","architecture":"amd64","cpuCount":2,"uptimeSeconds":100},
        "metrics":{"cpuUsagePercent":\(cpu)},"timestamp":"\(ISO8601DateFormatter().string(from: Date()))",
        "sequenceId":"v1:\(machine.replacing("-", with: "")):\(number)"}
        """
    }
}
