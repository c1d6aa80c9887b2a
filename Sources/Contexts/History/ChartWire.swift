import HTTPKit
import Inventory
import JSONKit
import Kernel

/// The JSON of charts of many resources: the maps of the field, by what a thing is.
enum ChartWire {
    /// The maps, in the order of the answer, and what the counts of their points are called.
    private static let maps = [
        (map: "data", count: "guests"), ("nodeData", "nodes"), ("agentData", "agents"), ("storageData", "storage"),
        ("dockerData", "dockerContainers"), ("dockerHostData", "dockerHosts"), ("diskData", "disks"),
        ("otherData", "other"),
    ]

    private static func map(of resource: ChartedResource) -> String {
        switch ResourceType(rawValue: resource.type) {
        case .vm, .systemContainer: "data"
        case .agent: resource.source == InventorySource.proxmox.rawValue ? "nodeData" : "agentData"
        case .storage, .ceph: "storageData"
        case .appContainer, .dockerService: "dockerData"
        case .dockerSwarmNode: "dockerHostData"
        case .physicalDisk: "diskData"
        default: "otherData"
        }
    }

    static func body(
        _ lines: [(resource: ResourceID, value: ChartLine)], of resources: [ChartedResource], outages: [Outage],
        scope: ChartScope, query: ChartQuery
    ) -> ChartBody {
        let lines = Dictionary(lines.map { ($0.resource, $0.value) }) { first, _ in first }
        let groups = Dictionary(grouping: resources.filter { (lines[$0.id]?.pointCount ?? 0) > 0 }, by: map)
        var writer = JSONWriter(capacity: 4096 + lines.count * 48)
        var placed: [(at: Int, json: [UInt8])] = []
        var counts: [String: Int] = [:]
        writer.object { writer in
            for (map, count) in maps {
                writer.object(map) { writer in
                    for resource in groups[map] ?? [] {
                        guard let line = lines[resource.id] else { continue }
                        counts[count, default: 0] += line.pointCount
                        writer.key(resource.id.description)
                        writer.raw([UInt8]())
                        placed.append((at: writer.bytes.count, json: line.json))
                    }
                }
            }
            writer.object("guestTypes") { writer in
                for guest in groups["data"] ?? [] { writer.member(guest.id.description, guest.type) }
            }
            write(query, outages, to: &writer)
            writer.object("stats") { writer in
                writer.member("oldestDataTimestamp", lines.values.compactMap(\.oldest).min() ?? 0)
                writer.member("range", scope.range.text)
                writer.member("rangeSeconds", Int64(scope.range.duration.inSeconds))
                writer.member("metricsStoreEnabled", true)
                writer.member("primarySourceHint", "store")
                writer.member("inMemoryThresholdSecs", Int64(0))
                writer.member("tier", query.tier.name)
                writer.member("truncated", resources.count == ChartScope.mostResources)
                writer.object("pointCounts") { writer in
                    writer.member("total", counts.values.reduce(0, +))
                    for (_, count) in maps { writer.member(count, counts[count] ?? 0) }
                }
            }
        }
        return ChartBody(writer.bytes, placed)
    }

    static func write(_ summary: ChartSummary, top: Int, outages: [Outage], query: ChartQuery) -> [UInt8] {
        var writer = JSONWriter(capacity: 16_384)
        writer.object { writer in
            writer.object("types") { writer in
                for kind in summary.kinds {
                    writer.object(kind.type) { writer in
                        writer.member("count", kind.count)
                        writer.object("metrics") { writer in
                            for line in kind.lines {
                                writer.key(line.metric.text)
                                HistoryWire.write(line.points, unit: line.metric.unit, to: &writer)
                            }
                        }
                    }
                }
            }
            writer.object("top") { writer in
                for (metric, places) in summary.standings where !places.isEmpty {
                    writer.array(metric.text) { writer in
                        for place in places.prefix(top) {
                            writer.object { writer in
                                writer.member("id", place.resource.id.description)
                                writer.member("name", place.resource.name)
                                writer.member("type", place.resource.type)
                                writer.member("value", place.value, decimals: metric.unit.decimals)
                            }
                        }
                    }
                }
            }
            write(query, outages, to: &writer)
        }
        return writer.bytes
    }

    private static func write(_ query: ChartQuery, _ outages: [Outage], to writer: inout JSONWriter) {
        let timeline = query.timeline
        writer.member("timestamp", query.now.milliseconds)
        writer.member("start", timeline.first)
        writer.member("end", timeline.end)
        writer.member("stepSeconds", Int64(timeline.stepSeconds))
        HistoryWire.write(outages, to: &writer)
    }
}

extension ChartWire {
    static func parameters(typed: Bool) -> [QueryParameter] {
        let types = QueryParameter(
            "types", .string(maxLength: 400), summary: "such as vm,system-container,agent,storage; all when absent")
        return [
            QueryParameter(
                "range", .string(maxLength: 40), summary: "5m, 15m, 30m, 1h, 4h … 7d, 30d or a duration; 1h by default"),
            QueryParameter("ids", .string(maxLength: 40_000), summary: "ids with commas between them, at most 1000"),
            QueryParameter("node", .uuid, summary: "only what runs on it or belongs to it"),
            QueryParameter(
                "metrics", .string(maxLength: 2000),
                summary: "such as cpu,memory; the usual ones when absent. Each costs"),
            QueryParameter(
                "points", .integer,
                summary:
                    "2 to 500 a line, clamped; 60 by default. Fewer where resources x metrics x points are above 2 million (1 million with aspects=range): stepSeconds tells"
            ),
            QueryParameter("maxPoints", .integer, summary: "the same under the name of the field"),
        ] + (typed ? [types] : [])
    }

    static let ownParameters = [
        QueryParameter(
            "aspects", .enumeration(["value", "range"]), summary: "range: points say the lowest and highest too")
    ]

    private static let lines = Schema.map(of: .map(of: HistoryWire.points))

    static let charts = Schema.object([
        "data": lines, "nodeData": lines, "agentData": lines, "storageData": lines, "dockerData": lines,
        "dockerHostData": lines, "diskData": lines, "otherData": lines, "guestTypes": .map(of: .string),
        "timestamp": .integer, "start": .integer, "end": .integer, "stepSeconds": .integer(minimum: 1),
        "outages": HistoryWire.outages,
        "stats": .object([
            "oldestDataTimestamp": .integer, "range": .string, "rangeSeconds": .integer,
            "metricsStoreEnabled": .boolean,
            "primarySourceHint": .string, "inMemoryThresholdSecs": .integer, "tier": HistoryWire.tier,
            "truncated": .boolean, "pointCounts": .map(of: .integer),
        ]),
    ]).named("Charts")

    static let summary = Schema.object([
        "types": .map(of: .object(["count": .integer, "metrics": .map(of: HistoryWire.points)])),
        "top": .map(of: .array(.object(["id": .uuid, "name": .string, "type": .string, "value": .number]))),
        "timestamp": .integer, "start": .integer, "end": .integer, "stepSeconds": .integer(minimum: 1),
        "outages": HistoryWire.outages,
    ]).named("ChartSummary")

    static let chartsExample = """
        {"data":{"0b1c2d3e-4f50-8a1b-9c2d-3e4f50617283":{"cpu":[{"timestamp":1795253340000,"value":12.5}]}},\
        "nodeData":{},"agentData":{},"storageData":{},"dockerData":{},"dockerHostData":{},"diskData":{},"otherData":{},\
        "guestTypes":{"0b1c2d3e-4f50-8a1b-9c2d-3e4f50617283":"vm"},"timestamp":1795253400000,"start":1795249860000,\
        "end":1795253400000,"stepSeconds":60,"outages":[],"stats":{"oldestDataTimestamp":1795253340000,"range":"1h",\
        "rangeSeconds":3600,"metricsStoreEnabled":true,"primarySourceHint":"store","inMemoryThresholdSecs":0,\
        "tier":"minute","truncated":false,"pointCounts":{"total":1,"guests":1}}}
        """
    static let summaryExample = """
        {"types":{"vm":{"count":12,"metrics":{"cpu":[{"timestamp":1795253340000,"value":12.5,"min":0.4,"max":93.1}]}}},\
        "top":{"cpu":[{"id":"0b1c2d3e-4f50-8a1b-9c2d-3e4f50617283","name":"web","type":"vm","value":93.1}]},\
        "timestamp":1795253400000,"start":1795249860000,"end":1795253400000,"stepSeconds":60,"outages":[]}
        """
}
