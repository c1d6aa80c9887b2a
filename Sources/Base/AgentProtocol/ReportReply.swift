package import JSONKit
package import Kernel

/// The server's 200 to a report, also when it was a duplicate.
package struct ReportReply: Hashable, Sendable {
    package var agentID: String
    package var lastSeen: Timestamp?
    package var platform: String?
    package var osName: String?
    package var osVersion: String?
    package var serverVersion: String?
    /// How often the server wants to hear; an agent may be slower, not faster.
    package var reportIntervalSeconds: Int?

    package init(agentID: String) { self.agentID = agentID }
}

extension ReportReply: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        agentID = ""
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "agentId": try reader.decode(into: &agentID)
            case "lastSeen": try reader.lax(&lastSeen)
            case "platform": try reader.lax(&platform)
            case "osName": try reader.lax(&osName)
            case "osVersion": try reader.lax(&osVersion)
            case "serverVersion": try reader.lax(&serverVersion)
            case "reportIntervalSeconds": try reader.lax(&reportIntervalSeconds)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("success", true)
            json.member("agentId", agentID)
            json.member("lastSeen", lastSeen)
            json.member("platform", platform)
            json.member("osName", osName)
            json.member("osVersion", osVersion)
            json.member("serverVersion", serverVersion)
            json.member("reportIntervalSeconds", reportIntervalSeconds)
        }
    }
}
