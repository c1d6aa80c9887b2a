import HTTPKit
import Inventory
import JSONKit
import Kernel

/// The JSON of history.
enum HistoryWire {
    static func write(_ answer: HistoryAnswer, to query: HistoryQuery, type: String) -> [UInt8] {
        var writer = JSONWriter(capacity: 4096)
        writer.object { writer in
            writer.member("resourceType", type)
            writer.member("resourceId", query.resource.description)
            writer.member("metric", query.metric?.text)
            writer.member("range", query.range.text)
            writer.member("start", answer.start.milliseconds)
            writer.member("end", answer.end.milliseconds)
            writer.member("stepSeconds", Int64(answer.stepSeconds))
            if let metric = query.metric {
                writer.member("unit", metric.unit.rawValue)
                writer.key("points")
                write(answer.series[metric.text] ?? [], unit: metric.unit, to: &writer)
            } else {
                writer.object("metrics") { writer in
                    for (name, points) in answer.series.sorted(by: { $0.key < $1.key }) {
                        writer.key(name)
                        write(points, unit: MetricName(name)?.unit ?? .count, to: &writer)
                    }
                }
            }
            writer.member("source", "store")
            writer.member("tier", answer.tier)
            write(answer.outages, to: &writer)
        }
        return writer.bytes
    }

    static func write(
        _ points: [HistoryPoint], unit: MetricUnit, withExtremes: Bool = true, to writer: inout JSONWriter
    ) {
        writer.array { writer in
            for point in points {
                writer.object { writer in
                    writer.member("timestamp", point.timestamp)
                    writer.member("value", point.value, decimals: unit.decimals)
                    if withExtremes {
                        writer.member("min", point.lowest, decimals: unit.decimals)
                        writer.member("max", point.highest, decimals: unit.decimals)
                    }
                    if point.isOfPlatform { writer.member("origin", "platform") }
                }
            }
        }
    }

    /// When nobody watched: what is missing there says nothing about the machine.
    static func write(_ outages: [Outage], to writer: inout JSONWriter) {
        writer.array("outages") { writer in
            for outage in outages {
                writer.object { writer in
                    writer.member("start", outage.start.milliseconds)
                    writer.member("end", outage.end.milliseconds)
                    writer.member("reason", "self")
                }
            }
        }
    }

    static func write(_ lines: Sparklines, decimals: Int) -> [UInt8] {
        var writer = JSONWriter(capacity: 4096)
        writer.object { writer in
            writer.object("data") { writer in
                for (resource, line) in lines.lines.sorted(by: { $0.key < $1.key }) {
                    writer.array(resource.description) { writer in
                        for (at, value) in line {
                            writer.array { writer in
                                writer.int(at)
                                if let value { writer.double(value, decimals: decimals) } else { writer.null() }
                            }
                        }
                    }
                }
            }
            writer.member("start", lines.start.milliseconds)
            writer.member("end", lines.end.milliseconds)
            writer.member("stepSeconds", Int64(lines.stepSeconds))
        }
        return writer.bytes
    }

    static let chartParameters = [
        QueryParameter("metric", .string(maxLength: 200), summary: "such as cpu or netin:eth0; all when absent"),
        QueryParameter(
            "range", .string(maxLength: 40), summary: "30m, 1h, 6h, 12h, 24h, 7d … or a duration; 24h by default"),
        QueryParameter("maxPoints", .integer, summary: "1 to 2000, clamped; 300 by default"),
    ]

    static let sparklineParameters = [
        QueryParameter("metric", .string(maxLength: 200), summary: "cpu by default"),
        QueryParameter("range", .string(maxLength: 40), summary: "1h by default"),
        QueryParameter("points", .integer, summary: "2 to 240, clamped; 60 by default"),
        QueryParameter("ids", .string(maxLength: 8000), summary: "ids with commas between them, at most 200"),
    ]

    static let points = Schema.array(
        .object([
            "timestamp": .integer, "value": .number, "min": .number.optional, "max": .number.optional,
            "origin": .enumeration(["platform"]).optional,
        ]).named("HistoryPoint"))
    static let outages = Schema.array(
        .object(["start": .integer, "end": .integer, "reason": .enumeration(["self"])]).named("Outage"))
    static let tier = Schema.enumeration(["raw", "minute", "quarter", "hour", "day"])

    static let history = Schema.object([
        "resourceType": .string, "resourceId": .uuid, "metric": .string.optional, "range": .string,
        "start": .integer, "end": .integer, "stepSeconds": .integer(minimum: 1), "unit": .string.optional,
        "points": points.optional, "metrics": Schema.map(of: points).optional, "source": .enumeration(["store"]),
        "tier": tier, "outages": outages,
    ]).named("History")

    static let sparklines = Schema.object([
        "data": .map(of: .array(.array(.anything, minItems: 2, maxItems: 2))), "start": .integer, "end": .integer,
        "stepSeconds": .integer(minimum: 1),
    ]).named("Sparklines")

    static let historyExample = """
        {"resourceType":"agent","resourceId":"0b1c2d3e-4f50-8a1b-9c2d-3e4f50617283","metric":"cpu","range":"1h",\
        "start":1795249800000,"end":1795253400000,"stepSeconds":12,"unit":"percent",\
        "points":[{"timestamp":1795253388000,"value":12.5,"min":11.2,"max":13.8}],"source":"store","tier":"raw",\
        "outages":[{"start":1795250000000,"end":1795250300000,"reason":"self"}]}
        """
    static let sparklinesExample = """
        {"data":{"0b1c2d3e-4f50-8a1b-9c2d-3e4f50617283":[[1795253340000,12.5],[1795253400000,null]]},\
        "start":1795249860000,"end":1795253400000,"stepSeconds":60}
        """
}

extension MetricUnit {
    /// Decimals on the wire. An average of whole bytes is shown as whole bytes.
    var decimals: Int {
        switch self {
        case .percent, .load, .milliseconds: 2
        case .celsius: 1
        case .bytes, .bytesPerSecond, .count: 0
        }
    }
}
