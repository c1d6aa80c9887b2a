import AgentProtocol
import Ingest
import Inventory
import JSONKit
import Kernel
import Resources
import Testing

@testable import Monitoring

/// A report that was accepted is read by every worker that takes its organisation until it is stored: one that ended the
/// process would end them all, again and again.
@Suite struct HostileReportTests {
    private static let start = Timestamp(seconds: 1_795_253_400)

    /// Each `#` is a number and each `@` a time.
    private static let template = """
        {"agent":{"id":"a","intervalSeconds":#},"host":{"hostname":"web","machineId":"m-1","cpuCount":#,"uptimeSeconds":#,
          "loadAverage":[#,#,#]},
         "metrics":{"cpuUsagePercent":#,"cpuPerCorePercent":[#,#],
          "memory":{"totalBytes":#,"usedBytes":#,"freeBytes":#,"availableBytes":#,"swapTotalBytes":#,"swapUsedBytes":#,
           "usage":#}},
         "disks":[{"device":"/dev/sda1","mountpoint":"/","totalBytes":#,"usedBytes":#,"freeBytes":#,"usage":#},
          {"device":"/dev/sdb1","mountpoint":"/srv","totalBytes":#,"usedBytes":#,"freeBytes":#}],
         "diskIO":[{"device":"sda","readBytes":#,"writeBytes":#,"readOps":#,"writeOps":#,"readTimeMs":#,"writeTimeMs":#,
          "ioTimeMs":#},{"device":"sdb","readBytesPerSecond":#,"writeBytesPerSecond":#}],
         "network":[{"name":"eth0","mac":"aa:bb:cc:dd:ee:ff","rxBytes":#,"txBytes":#,"speedMbps":#},
          {"name":"eth1","rxBytesPerSecond":#,"txBytesPerSecond":#}],
         "sensors":{"temperatureCelsius":{"cpu":#,"nvme":#}},
         "docker":{"host":{"runtime":"docker","totalCpu":#,"totalMemoryBytes":#,
           "swarm":{"nodeId":"n","localState":"active","controlAvailable":true,"clusterId":"c"}},"containersTotal":#,
          "containers":[{"id":"c1","name":"db","state":"running","cpuPercent":#,"memoryUsageBytes":#,"memoryLimitBytes":#,
            "memoryPercent":#,"pids":#,"statsAgeSeconds":#,"restartCount":#,"exitCode":#,"startedAt":@,"createdAt":@,
            "ports":[{"privatePort":#,"publicPort":#,"protocol":"tcp"}],"networkRxBytes":#,"networkTxBytes":#,
            "blockIo":{"readBytes":#,"writeBytes":#}},
           {"id":"c2","name":"web","state":"exited","exitCode":#,"finishedAt":@,"networkRxBytesPerSecond":#,
            "networkTxBytesPerSecond":#}],
          "images":[{"id":"i1","sizeBytes":#,"sharedSizeBytes":#,"containers":#,"createdAt":@},
           {"id":"i2","sizeBytes":#,"sharedSizeBytes":#,"containers":#}],
          "volumes":[{"name":"v","sizeBytes":#,"refCount":#,"createdAt":@}],
          "services":[{"id":"s","name":"api","desiredTasks":#,"runningTasks":#,"completedTasks":#,"updatedAt":@}],
          "tasks":[{"id":"t","serviceId":"s","slot":#,"desiredState":"running","currentState":"running","createdAt":@}],
          "nodes":[{"id":"n","hostname":"web","nanoCpus":#,"memoryBytes":#}],
          "storageUsage":{"images":{"totalCount":#,"activeCount":#,"totalSizeBytes":#,"reclaimableBytes":#},
           "volumes":{"totalCount":#,"activeCount":#,"totalSizeBytes":#,"reclaimableBytes":#},
           "buildCache":{"totalCount":#,"activeCount":#,"totalSizeBytes":#,"reclaimableBytes":#}}},
         "timestamp":@}
        """
    private static let plain = ["1", #""2026-11-21T09:30:00Z""#]
    private static let numbers = [
        "0", "9223372036854775807", "4611686018427387904", "18446744073709551615", "-1", "100", "1e12",
    ]
    private static let times = [
        #""0001-01-02T00:00:00Z""#, #""9999-12-31T23:59:59Z""#, #""1970-01-01T00:00:00Z""#, "null",
    ]

    private static func filled(_ value: (_ place: Int, _ isTime: Bool) -> String) -> String {
        var (text, place) = ("", 0)
        for character in template {
            guard character == "#" || character == "@" else {
                text.append(character)
                continue
            }
            text += value(place, character == "@")
            place += 1
        }
        return text
    }

    /// - Returns: nil when the door refuses it.
    private static func accepted(_ text: String) -> HostReport? {
        guard let report = try? HostReport(json: text.utf8, options: ReportLimits.readerOptions),
            (try? report.validate()) != nil
        else { return nil }
        return report
    }

    /// Two in a row, for what is a difference; and once more as what comes late.
    private func take(_ reports: HostReport...) throws {
        let (org, agent) = (OrgID.new(at: Self.start), AgentID.new(at: Self.start))
        var state = OrgMonitorState(org: org, epoch: 1, head: .none, inventory: StoredInventory(), now: Self.start)
        for (index, report) in (reports + reports).enumerated() {
            let now = Self.start + .seconds(Int64(index) * 10)
            state.take(
                Told.accepted(
                    report, seq: Int64(index), agent: agent, org: org, at: now, isBackfill: index >= reports.count),
                now: now)
            state.observeSilence(at: now)
            state.settle(at: now)
            if let flush = state.flush(at: now, closing: true) {
                #expect(!flush.statements(in: org).isEmpty)
                state.committed(flush)
            }
        }
    }

    @Test("every number and every time that the door lets in, however large, is taken") func extremes() throws {
        let normal = try #require(Self.accepted(Self.filled { Self.plain[$1 ? 1 : 0] }))
        try take(normal)
        // What each place admits alone.
        let places = Self.template.count { $0 == "#" || $0 == "@" }
        var admitted = [[String]](repeating: [], count: places)
        for place in 0..<places {
            for value in Self.numbers + Self.times {
                let text = Self.filled { at, isTime in at == place ? value : Self.plain[isTime ? 1 : 0] }
                guard let report = Self.accepted(text) else { continue }
                admitted[place].append(value)
                try take(normal, report)
            }
        }
        #expect(admitted.allSatisfy { !$0.isEmpty })
        #expect(admitted.count { $0.contains("9223372036854775807") } > 30)
        // And everything at once.
        var seed: UInt64 = 0x9E37_79B9_7F4A_7C15
        for _ in 0..<200 {
            let reports = (0..<2).compactMap { _ in
                Self.accepted(
                    Self.filled { place, _ in
                        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                        return admitted[place][Int(seed >> 33) % admitted[place].count]
                    })
            }
            try #require(reports.count == 2)
            try take(reports[0], reports[1])
        }
    }
}
