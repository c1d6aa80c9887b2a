import Audit
import JSONKit
import Kernel
import Outbound
import TestKit
import Testing

@testable import AuditTrail

@Suite struct StreamWireTests {
    private let entry = AuditEntryValue(
        seq: 7, id: AuditEntryID(bytes: [UInt8](repeating: 1, count: 16)), at: Given.start, actor: "user:1",
        through: nil, action: "agent.revoke", object: #"agent:"]\x"#, before: nil, after: nil, address: "192.0.2.1",
        userAgent: "test", requestID: "req-1", hash: [UInt8](repeating: 2, count: 32))

    @Test("a syslog message has its parts in place, and values cannot end theirs") func syslog() {
        let org = OrgID(bytes: [UInt8](repeating: 3, count: 16))
        let text = String(decoding: SyslogMessage.text(entry, of: org, from: "pulse.example.com"), as: UTF8.self)
        #expect(text.hasPrefix("<110>1 2026-11-21T09:30:00.000Z pulse.example.com pulse - agent.revoke [pulse@32473 "))
        #expect(text.contains(#"object="agent:\"\]\\x""#))
        #expect(text.hasSuffix(String(decoding: ExportLine.json(entry).dropLast(), as: UTF8.self)))
        let frame = SyslogMessage.frame(entry, of: org, from: "pulse.example.com")
        #expect(String(decoding: frame, as: UTF8.self) == "\(text.utf8.count) \(text)")
    }

    @Test("a name that syslog cannot say is a dash") func hostname() {
        let org = OrgID(bytes: [UInt8](repeating: 3, count: 16))
        #expect(String(decoding: SyslogMessage.text(entry, of: org, from: ""), as: UTF8.self).contains("Z - pulse - "))
    }

    /// The secret, id, time and body are examples; the signature was computed with Python's hmac.
    @Test("a webhook is signed as Standard Webhooks has it") func signature() {
        let headers = WebhookSignature.headers(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", at: Timestamp(seconds: 1_614_265_330),
            body: Array(#"{"test": 2432232314}"#.utf8), secret: Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        #expect(headers.map(\.0) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
        #expect(
            headers.map(\.1) == [
                "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ])
    }

    @Test("pauses grow to an hour and no further") func pauses() {
        let seconds = (0..<10).map { StreamSender.pause(after: $0).components.seconds }
        #expect(seconds == [5, 15, 45, 135, 405, 1215, 3600, 3600, 3600, 3600])
    }

    @Test(
        "answers are understood, and only 410 ends a stream",
        arguments: [
            (200, nil), (204, nil), (301, "badAnswer"), (400, "badAnswer"), (401, "auth"), (403, "auth"),
            (410, "gone"), (429, "rateLimited"), (500, "badAnswer"),
        ] as [(Int, String?)])
    func answers(status: Int, reason: String?) {
        let failure = StreamSender.failure(of: status)
        #expect(failure?.reason == reason)
        #expect(failure?.isGone ?? false == (status == 410))
    }

    @Test("a syslog address is a host and a port, 6514 where none is given") func addresses() throws {
        for (text, host, port) in [
            ("siem.example.com", "siem.example.com", 6514), ("siem.example.com:443", "siem.example.com", 443),
            ("siem.example.com:1514", "siem.example.com", 1514), ("[2001:db8::1]:6515", "2001:db8::1", 6515),
            ("[2001:db8::1]", "2001:db8::1", 6514),
        ] {
            let found = try #require(StreamAddress.hostAndPort(text))
            #expect((found.host, found.port) == (host, port), "\(text)")
        }
        for text in ["", "a b", "host:0", "host:70000", "host/path", "user@host", "host?x", "https://host"] {
            #expect(StreamAddress.hostAndPort(text) == nil, "\(text)")
        }
    }
}
