import JSONKit
import Kernel
package import Logging
import CoreMetrics
package import Telemetry

/// One thing a program needs to do its work, asked when somebody wants to know whether it is ready.
package struct HealthCheck: Sendable {
    package let name: String
    /// `nil`: fine. Otherwise one sentence why not.
    package let reasonNotReady: @Sendable () async throws -> String?
    /// Without it the process does its work all the same, only less well.
    let isOptional: Bool

    package init(
        _ name: String, isOptional: Bool = false, _ reasonNotReady: @escaping @Sendable () async throws -> String?
    ) {
        self.name = name
        self.isOptional = isOptional
        self.reasonNotReady = reasonNotReady
    }
}

extension HTTPServer {
    /// The listener for those who run this Pulse: `/livez`, `/readyz`, `/metrics`. It asks nobody who they are, so bind
    /// it to loopback or to a network only they reach.
    package static func admin(
        settings: HTTPSettings, registry: PrometheusRegistry, checks: [HealthCheck], logger: Logger
    ) throws(EndpointTableFaults) -> HTTPServer {
        var settings = settings
        settings.rateMultiplier = 0
        // A scrape each 15 s is not news.
        var logger = logger
        logger.logLevel = max(logger.logLevel, .notice)
        return try HTTPServer(
            endpoints: AdminEndpoints.all(registry: registry, checks: checks), gate: AdminGate(), settings: settings,
            metrics: NOOPMetricsHandler.instance, logger: logger)
    }
}

private struct AdminGate: Gate {
    func admit(_ request: APIRequest, to endpoint: Endpoint) async throws -> Caller? { nil }
}

enum AdminEndpoints {
    /// A check that says nothing for this long is not fine.
    private static let checkTimeout: Duration = .seconds(2)

    static func all(registry: PrometheusRegistry, checks: [HealthCheck]) -> [Endpoint] {
        let access = AccessRule.public(reason: "the admin listener is bound to the operator's own network")
        let audit = AuditRule.none(reason: "reads only")
        return [
            Endpoint(
                .get, "/livez", summary: "The process answers", access: access, audit: audit,
                response: .object(["status": .enumeration(["alive"])]), responseExample: #"{"status":"alive"}"#
            ) { _ in .json { $0.member("status", "alive") } },
            Endpoint(
                .get, "/readyz", summary: "The process can do its work", access: access, audit: audit,
                problems: [.notReady([:])],
                response: .object(["status": .enumeration(["ready", "degraded"]), "detail": .string.optional]),
                responseExample: #"{"status":"ready"}"#
            ) { _ in
                let reasons = await reasons(checks)
                let optional = Set(checks.filter(\.isOptional).map(\.name))
                guard reasons.keys.allSatisfy(optional.contains) else { throw Problem.notReady(reasons) }
                return .json {
                    $0.member("status", reasons.isEmpty ? "ready" : "degraded")
                    if !reasons.isEmpty { $0.member("detail", Problem.told(reasons)) }
                }
            },
            Endpoint(
                .get, "/metrics", summary: "Metrics for Prometheus", access: access, audit: audit,
                response: .media("text/plain"), responseExample: ""
            ) { _ in .text(registry.exposition(), type: Exposition.contentType) },
        ]
    }

    /// Of all checks at once, by name; those that are fine are not in it.
    private static func reasons(_ checks: [HealthCheck]) async -> [String: String] {
        await withTaskGroup(of: (String, String?).self) { group in
            for check in checks {
                group.addTask {
                    do {
                        return (check.name, try await withTimeLimit(checkTimeout) { try await check.reasonNotReady() })
                    } catch {
                        return (check.name, (error as? any Explained)?.problem.title ?? "\(type(of: error))")
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }
}

extension Problem {
    /// - Parameter reasons: by check; each becomes a member of the body.
    static func notReady(_ reasons: [String: String]) -> Problem {
        Problem(
            "not-ready", status: 503, title: "Not ready",
            detail: told(reasons), retryAfterSeconds: 2, extras: reasons)
    }

    fileprivate static func told(_ reasons: [String: String]) -> String {
        reasons.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "; ")
    }
}
