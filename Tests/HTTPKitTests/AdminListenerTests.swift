import HTTPKit
import Kernel
import NIOConcurrencyHelpers
import Telemetry
import Testing

@Suite struct AdminListenerTests {
    private func ask(_ path: String, checks: [HealthCheck] = []) async throws -> RawClient.Answer {
        let answer = NIOLockedValueBox<RawClient.Answer?>(nil)
        let registry = PrometheusRegistry()
        registry.add(ProcessFacts.samples)
        let server = try HTTPServer.admin(
            settings: HTTPSettings(), registry: registry, checks: checks, logger: .silent)
        try await Given.running(server) { port, _ in
            let got = try await RawClient.connected(to: port) { client in
                try await client.get(path)
                return try await client.answer()
            }
            answer.withLockedValue { $0 = got }
        }
        return try #require(answer.withLockedValue { $0 })
    }

    @Test("a process that answers is alive, whatever it lacks")
    func alive() async throws {
        let answer = try await ask("/livez", checks: [HealthCheck("database") { "down" }])
        #expect(answer.status == 200)
        #expect(answer.text == #"{"status":"alive"}"#)
    }

    @Test("ready means that every check is fine")
    func ready() async throws {
        let answer = try await ask("/readyz", checks: [HealthCheck("a") { nil }, HealthCheck("b") { nil }])
        #expect(answer.status == 200)
    }

    @Test("what is not ready says why, thrown or told")
    func notReady() async throws {
        let checks = [
            HealthCheck("database") {
                throw Problem("database-unavailable", status: 503, title: "The database is away")
            },
            HealthCheck("bus") { "no connection" }, HealthCheck("fine") { nil },
        ]
        let answer = try await ask("/readyz", checks: checks)
        #expect(answer.status == 503)
        #expect(answer["retry-after"] == "2")
        #expect(answer.text.contains(#""bus":"no connection""#))
        #expect(answer.text.contains(#""database":"The database is away""#))
        #expect(!answer.text.contains("fine"))
    }

    @Test("metrics are told in Prometheus' text format")
    func metrics() async throws {
        let answer = try await ask("/metrics")
        #expect(answer["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(answer.text.contains("# TYPE process_resident_memory_bytes gauge\n"))
    }

    @Test("nothing else is there")
    func others() async throws {
        #expect(try await ask("/api/orgs").status == 404)
        #expect(try await ask("/").status == 404)
    }
}
