import HTTPKit
import Kernel
import Testing

@Suite struct ConnectionTests {
    @Test("answers with request id, security headers and date")
    func basics() async throws {
        try await Given.server([Given.endpoint()]) { port in
            let answer = try await RawClient.connected(to: port) { client in
                try await client.get("/api/thing")
                return try await client.answer()
            }
            #expect(answer.status == 200)
            #expect(answer.text == "{}")
            #expect(answer["x-request-id"]?.count == 32)
            #expect(answer["cache-control"] == "no-store")
            #expect(answer["x-content-type-options"] == "nosniff")
            #expect(answer["date"]?.hasSuffix("GMT") == true)
            #expect(answer["strict-transport-security"] == nil)
            #expect(
                answer["content-security-policy"]
                    == "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                    + "connect-src 'self' ws://pulse.test; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
                    + "object-src 'none'")
        }
    }
}
