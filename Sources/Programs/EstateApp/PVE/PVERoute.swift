import JSONKit

/// One path of the API: what it takes, what it needs, what it says.
struct PVERoute: Sendable {
    enum Need: Sendable {
        case anybody
        /// Sys.Audit: a node's or the cluster's insides.
        case system
        /// VM.Monitor before 9, VM.GuestAgent.Audit since.
        case guestAgent
    }

    typealias Answer = @Sendable (inout PVECall, inout JSONWriter) throws(PVEError) -> Void

    let pattern: [String]
    let parameters: Set<String>
    let need: Need
    let answer: Answer

    init(_ pattern: String, _ parameters: Set<String> = [], _ need: Need = .anybody, _ answer: @escaping Answer) {
        self.pattern = pattern.split(separator: "/").map(String.init)
        self.parameters = parameters
        self.need = need
        self.answer = answer
    }

    /// What the path says for the pattern's `{…}`; `nil` when it is another path.
    func match(_ segments: [String]) -> [String: String]? {
        var found: [String: String] = [:]
        for (part, segment) in zip(pattern, segments) {
            if part.utf8.first == UInt8(ascii: "{") {
                found[String(part.dropFirst().dropLast())] = segment
            } else if part != segment {
                return nil
            }
        }
        return found
    }

    func check(_ call: PVECall) throws(PVEError) {
        if call.release.refusesUnknownParameters {
            for name in call.parameters.keys.sorted() where !parameters.contains(name) {
                throw .badParameter(
                    name, "property is not defined in schema and the schema does not allow additional properties")
            }
        }
        guard call.rights == .limited else { return }
        switch need {
        case .anybody: break
        case .system: throw .forbidden(call.path["node"].map { "/nodes/\($0)" } ?? "/", "Sys.Audit")
        case .guestAgent:
            throw .forbidden(
                "/vms/\(call.path["vmid"] ?? "")", call.release.isNine ? "VM.GuestAgent.Audit" : "VM.Monitor")
        }
    }
}
