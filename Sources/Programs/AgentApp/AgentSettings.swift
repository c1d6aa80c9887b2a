package import JSONKit

/// What enrolment learned and the operator chose, kept as `agent.json` in the state directory.
package struct AgentSettings: Hashable, Sendable {
    package var server: ServerAddress
    package var agentID: String
    package var orgID: String?
    /// Made at enrolment for a machine that has no machine id; nil when it has one.
    package var inventedMachineID: String?
    /// Seconds between reports: ours, or more when the server asks for it.
    package var intervalSeconds: Double = 10
    package var tls = TLSChoice()
    package var allowsPlaintext = false
    /// Acknowledged sequence numbers go here, one a line; for comparing with the server's history.
    package var ackLog: String?

    package init(server: ServerAddress, agentID: String) {
        self.server = server
        self.agentID = agentID
    }

    /// Refuses what would send the token in the clear over a foreign network.
    package func validate() throws(AgentError) {
        guard server.isSecure || server.isLocal || allowsPlaintext else {
            throw .settings(
                "\(server) is not https and not local: the token would travel in the clear (--allow-plaintext-http insists)"
            )
        }
        // A tenth of a second is for tests; a day is the slowest the server ever asks for.
        guard (0.05...86_400).contains(intervalSeconds) else {
            throw .settings("the interval must be 0.05 to 86400 seconds, not \(intervalSeconds)")
        }
    }
}

/// How the server proves who it is. Without choices: a chain to the system's authorities and the right host name.
package struct TLSChoice: Hashable, Sendable {
    /// Further authorities, a PEM file.
    package var caFile: String?
    /// SHA-256 of the server's own certificate, 64 hex digits; replaces the chain and host name checks.
    package var fingerprint: String?

    package init(caFile: String? = nil, fingerprint: String? = nil) {
        self.caFile = caFile
        self.fingerprint = fingerprint
    }

    /// Digits in lower case, colons and blanks dropped.
    package static func normalised(fingerprint text: String) throws(AgentError) -> String {
        let digits = text.lowercased().filter { $0 != ":" && $0 != " " }
        guard digits.utf8.count == 64, digits.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { throw .settings("a fingerprint is the SHA-256 of the certificate: 64 hexadecimal digits") }
        return digits
    }
}

extension AgentSettings: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        var url: String?
        var agentID: String?
        var orgID: String?
        var inventedMachineID: String?
        var interval = 10.0
        var tls = TLSChoice()
        var allowsPlaintext = false
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "url": url = try reader.decode()
            case "agentId": agentID = try reader.decode()
            case "orgId": orgID = try reader.decode()
            case "machineId": inventedMachineID = try reader.decode()
            case "intervalSeconds": interval = try reader.double()
            case "caFile": tls.caFile = try reader.decode()
            case "fingerprint": tls.fingerprint = try reader.decode()
            case "allowPlaintextHttp": allowsPlaintext = try reader.bool()
            default: try reader.skip()
            }
        }
        let text = try reader.required("url", url)
        guard let server = try? ServerAddress(text) else { throw reader.invalid("url: not a server address") }
        self.init(server: server, agentID: try reader.required("agentId", agentID))
        self.orgID = orgID
        self.inventedMachineID = inventedMachineID
        self.intervalSeconds = interval
        self.tls = tls
        self.allowsPlaintext = allowsPlaintext
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("url", server.description)
            json.member("agentId", agentID)
            json.member("orgId", orgID)
            json.member("machineId", inventedMachineID)
            json.member("intervalSeconds", intervalSeconds)
            json.member("caFile", tls.caFile)
            json.member("fingerprint", tls.fingerprint)
            json.member("allowPlaintextHttp", allowsPlaintext)
        }
    }
}
