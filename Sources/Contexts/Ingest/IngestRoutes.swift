import AgentProtocol
package import HTTPKit
import JSONKit
import Kernel

/// HTTP in and out of the intake.
package struct IngestRoutes: Sendable {
    private let intake: ReportIntake

    package init(_ intake: ReportIntake) { self.intake = intake }

    /// The second path is what older agents of the field call.
    package var endpoints: [Endpoint] {
        [report("/api/agents/agent/report"), report("/api/agents/host/report"), backfill]
    }

    private func report(_ path: String) -> Endpoint {
        Endpoint(
            .post, path, summary: "Hand in one report of a host", access: .agent, scope: .agentReport,
            audit: .telemetry, idempotency: .natural, rate: .agentReport, problems: Self.problems,
            request: Self.reportSchema, response: Self.replySchema, requestExample: Self.reportExample,
            responseExample: Self.replyExample, maxBodyBytes: ReportLimits.bodyBytes
        ) { request in
            var writer = JSONWriter()
            try await intake.report(request).encode(to: &writer)
            return .json(writer.bytes)
        }
    }

    private var backfill: Endpoint {
        Endpoint(
            .post, "/api/agents/agent/backfill", summary: "Hand in reports of the past, oldest first", access: .agent,
            scope: .agentReport, audit: .telemetry, idempotency: .natural, rate: .agentReport,
            problems: Self.problems,
            request: .object([
                "backfill": .boolean, "reports": .array(Self.reportSchema, maxItems: ReportLimits.backfillReports),
            ]),
            response: .object(["success": .boolean, "accepted": .integer, "duplicates": .integer]),
            requestExample: #"{"backfill":true,"reports":[\#(Self.reportExample)]}"#,
            responseExample: #"{"success":true,"accepted":1,"duplicates":0}"#,
            maxBodyBytes: ReportLimits.backfillBodyBytes
        ) { request in
            var writer = JSONWriter()
            try await intake.backfill(request).encode(to: &writer)
            return .json(writer.bytes)
        }
    }

    private static let problems: [Problem] = [
        .identityMismatch, .agentRevoked, .reportTooLarge(ReportLimits.decodedBytes), .notGzip, .unsupportedEncoding,
        Problem("invalid-report", status: 400, title: "The report cannot be taken"),
    ]

    private static let hostSchema = Schema.object([
        "hostname": .string(minLength: 1, maxLength: 253), "id": .string.optional, "displayName": .string.optional,
        "machineId": .string.optional, "dmiUuid": .string.optional, "platform": .string.optional,
        "osName": .string.optional, "osVersion": .string.optional, "kernelVersion": .string.optional,
        "architecture": .string.optional, "cpuModel": .string.optional, "cpuCount": .integer.optional,
        "uptimeSeconds": .integer.optional, "loadAverage": .array(.number).optional, "reportIp": .string.optional,
        "clusterName": .string.optional, "clusterNode": .string.optional,
    ])

    private static let reportSchema = Schema.object([
        "agent": .anything.optional, "host": Self.hostSchema,
        "metrics": .anything.optional, "disks": .array(.anything).optional, "diskIO": .array(.anything).optional,
        "network": .array(.anything).optional, "sensors": .anything.optional, "docker": .anything.optional,
        "tags": .array(.string).optional, "timestamp": .timestamp.optional,
        "sequenceId": .string(pattern: "^v1:[^:]+:[1-9][0-9]*$").optional,
    ]).named("HostReport")

    private static let replySchema = Schema.object([
        "success": .boolean, "agentId": .uuid, "lastSeen": .timestamp, "platform": .string.optional,
        "osName": .string.optional, "osVersion": .string.optional, "serverVersion": .string.optional,
        "reportIntervalSeconds": .integer,
    ])

    private static let reportExample = """
        {"agent":{"version":"0.1.0","type":"unified","intervalSeconds":10},\
        "host":{"hostname":"web-1","platform":"linux","uptimeSeconds":86400},\
        "metrics":{"cpuUsagePercent":12.5,"memory":{"totalBytes":8589934592,"usedBytes":2147483648}},\
        "timestamp":"2026-11-21T09:30:00Z","sequenceId":"v1:6f1e2d3c4b5a69788796a5b4c3d2e1f0:1"}
        """

    private static let replyExample = """
        {"success":true,"agentId":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e01","lastSeen":"2026-11-21T09:30:00.250Z",\
        "platform":"linux","serverVersion":"0.1.0","reportIntervalSeconds":10}
        """
}
