package import JSONKit

extension HostReport {
    /// The program that reports.
    package struct Agent: Hashable, Sendable {
        /// After enrolment the id that the server gave.
        package var id: String?
        package var version: String?
        /// `unified` from ours and from current agents of the field; anything else is an old one.
        package var type: String?
        package var intervalSeconds: Int64?
        package var hostname: String?

        package init() {}
    }
}

extension HostReport.Agent: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "id": try reader.lax(&id)
            case "version": try reader.lax(&version)
            case "type": try reader.lax(&type)
            case "intervalSeconds": try reader.lax(&intervalSeconds)
            case "hostname": try reader.lax(&hostname)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("version", version)
            json.member("type", type)
            json.member("intervalSeconds", intervalSeconds)
            json.member("hostname", hostname)
        }
    }
}
