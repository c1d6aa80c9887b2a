package import JSONKit

/// Reports that could not be sent in their time, oldest first, at most `ReportLimits.backfillReports`.
package struct Backfill: Hashable, Sendable {
    package var reports: [HostReport]

    package init(reports: [HostReport]) { self.reports = reports }

    /// The same body from reports that already are JSON, as they lie in the queue.
    package static func body(of reports: [[UInt8]]) -> [UInt8] {
        var writer = JSONWriter(capacity: 64 + reports.reduce(0) { $0 + $1.count + 1 })
        writer.object { json in
            json.member("backfill", true)
            json.array("reports") { json in
                for report in reports { json.raw(report) }
            }
        }
        return writer.bytes
    }
}

extension Backfill: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        var isBackfill = false
        var reports: [HostReport] = []
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "backfill":
                isBackfill = try reader.bool()
                guard isBackfill else { throw reader.invalid("must be true") }
            case "reports":
                reports = []
                try reader.enterArray()
                while try reader.nextElement() {
                    guard reports.count < ReportLimits.backfillReports else {
                        throw reader.invalid("more than \(ReportLimits.backfillReports) reports in one batch")
                    }
                    reports.append(try reader.decode())
                }
            default: try reader.skip()
            }
        }
        guard isBackfill else { throw reader.missing("backfill") }
        self.reports = reports
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("backfill", true)
            json.member("reports", reports)
        }
    }
}

package struct BackfillReply: Hashable, Sendable {
    /// New to the server, now durable there.
    package var accepted: Int
    /// Already there: a retry after a lost answer.
    package var duplicates: Int

    package init(accepted: Int, duplicates: Int) {
        self.accepted = accepted
        self.duplicates = duplicates
    }
}

extension BackfillReply: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        var accepted: Int?
        var duplicates: Int?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "accepted": accepted = try reader.decode()
            case "duplicates": duplicates = try reader.decode()
            default: try reader.skip()
            }
        }
        self.init(
            accepted: try reader.required("accepted", accepted),
            duplicates: try reader.required("duplicates", duplicates))
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("success", true)
            json.member("accepted", accepted)
            json.member("duplicates", duplicates)
        }
    }
}
