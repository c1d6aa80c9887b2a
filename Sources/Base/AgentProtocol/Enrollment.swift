package import JSONKit
package import Kernel

/// What a machine says when it trades its one-time token for a token of its own.
package struct EnrollRequest: Hashable, Sendable {
    package var hostname = ""
    /// The distribution's name.
    package var os: String?
    package var arch: String?
    package var agentVersion: String?
    package var machineID: String?
    package var dmiUUID: String?
    package var fqdn: String?

    package init() {}

    /// Refuses what cannot be bound to a machine, naming the member.
    package func validate() throws(Problem) {
        guard !hostname.trimmed.isEmpty else {
            throw Problem(
                "missing-hostname", status: 400, title: "A host name is required", field: "hostname",
                code: "missing_hostname")
        }
        for (field, value) in [
            ("hostname", hostname), ("os", os), ("arch", arch), ("agentVersion", agentVersion),
            ("machineId", machineID), ("dmiUuid", dmiUUID), ("fqdn", fqdn),
        ] as [(String, String?)] {
            guard let value else { continue }
            let limit = field == "hostname" ? ReportLimits.hostnameBytes : ReportLimits.nameBytes
            guard value.utf8.count <= limit, value.isPlainLine else {
                throw .invalidField(field, "one line of at most \(limit) bytes is wanted")
            }
        }
    }
}

extension EnrollRequest: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "hostname": try reader.decode(into: &hostname)
            case "os": try reader.lax(&os)
            case "arch": try reader.lax(&arch)
            case "agentVersion": try reader.lax(&agentVersion)
            case "machineId": try reader.lax(&machineID)
            case "dmiUuid": try reader.lax(&dmiUUID)
            case "fqdn": try reader.lax(&fqdn)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("hostname", hostname)
            json.member("os", os)
            json.member("arch", arch)
            json.member("agentVersion", agentVersion)
            json.member("machineId", machineID)
            json.member("dmiUuid", dmiUUID)
            json.member("fqdn", fqdn)
        }
    }
}

package struct EnrollResponse: Sendable {
    package var agentID: String
    /// Shown once, here; the server keeps only its hash.
    package var runtimeToken: Secret<String>
    package var runtimeTokenID: String
    package var reportIntervalSeconds: Int
    package var orgID: String?

    package init(
        agentID: String, runtimeToken: Secret<String>, runtimeTokenID: String, reportIntervalSeconds: Int,
        orgID: String?
    ) {
        self.agentID = agentID
        self.runtimeToken = runtimeToken
        self.runtimeTokenID = runtimeTokenID
        self.reportIntervalSeconds = reportIntervalSeconds
        self.orgID = orgID
    }
}

extension EnrollResponse: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        var agentID: String?
        var token: String?
        var tokenID = ""
        var interval = 10
        var orgID: String?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "agentId": agentID = try reader.decode()
            case "runtimeToken": token = try reader.decode()
            case "runtimeTokenId": try reader.decode(into: &tokenID)
            case "reportInterval": interval = try Self.seconds(from: &reader)
            case "orgId": try reader.lax(&orgID)
            default: try reader.skip()
            }
        }
        self.init(
            agentID: try reader.required("agentId", agentID),
            runtimeToken: Secret(try reader.required("runtimeToken", token)), runtimeTokenID: tokenID,
            reportIntervalSeconds: interval, orgID: orgID)
    }

    /// Duration text as the field writes it, whole seconds: `10s`.
    private static func seconds(from reader: inout JSONReader) throws(JSONError) -> Int {
        let text = try reader.string()
        guard text.hasSuffix("s"), let seconds = Int(text.dropLast()), (1...86_400).contains(seconds) else {
            throw reader.invalid("expected whole seconds such as 10s")
        }
        return seconds
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("agentId", agentID)
            json.member("runtimeToken", runtimeToken.reveal())
            json.member("runtimeTokenId", runtimeTokenID)
            json.member("reportInterval", "\(reportIntervalSeconds)s")
            json.member("orgId", orgID)
        }
    }
}
