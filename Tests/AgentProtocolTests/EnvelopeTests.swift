import AgentProtocol
import JSONKit
import Kernel
import Testing

@Suite struct EnvelopeTests {
    @Test(
        "sequence ids: only the known form orders reports",
        arguments: [
            ("v1:abc:1", SequenceID(stream: "abc", number: 1)),
            (
                "v1:0123456789abcdef0123456789abcdef:9223372036854775807",
                SequenceID(stream: "0123456789abcdef0123456789abcdef", number: 9_223_372_036_854_775_807)
            ),
            ("v1:abc:0", nil), ("v1:abc:-1", nil), ("v1:abc:+1", nil), ("v1::1", nil), ("v2:abc:1", nil),
            ("v1:a:b:1", nil), ("v1:abc:", nil), ("v1:abc:1x", nil), ("v1:abc:99999999999999999999", nil),
            ("v1:abc:9223372036854775808", nil), ("", nil), ("17", nil),
        ])
    func sequenceIDs(text: String, wanted: SequenceID?) {
        #expect(SequenceID(text) == wanted)
        if let wanted { #expect(wanted.description == text) }
    }

    @Test("a batch is built from stored reports without reading them again")
    func batch() throws {
        var reports: [HostReport] = []
        for index in 1...3 {
            var report = HostReport()
            report.host.hostname = "h"
            report.sequenceID = "v1:s:\(index)"
            reports.append(report)
        }
        let body = Backfill.body(of: reports.map(\.json))
        #expect(try Backfill(json: body).reports == reports)
        #expect(Backfill(reports: reports).json == body)
    }

    @Test("a batch is at most 100 reports and says that it is one")
    func batchRefusals() {
        let report = Array(#"{"host":{"hostname":"h"}}"#.utf8)
        #expect(throws: Never.self) { try Backfill(json: Backfill.body(of: Array(repeating: report, count: 100))) }
        #expect { try Backfill(json: Backfill.body(of: Array(repeating: report, count: 101))) } throws: {
            ($0 as? JSONError)?.path.hasPrefix("reports") == true
        }
        #expect { try Backfill(json: #"{"reports":[]}"#.utf8) } throws: { ($0 as? JSONError)?.path == "backfill" }
        #expect { try Backfill(json: #"{"backfill":true,"reports":[{},{"host":{"hostname":1}}]}"#.utf8) } throws: {
            ($0 as? JSONError)?.path == "reports.1.host.hostname"
        }
    }

    @Test("replies come back as they went")
    func replies() throws {
        var reply = ReportReply(agentID: "a")
        reply.lastSeen = Timestamp(seconds: 1_700_000_000)
        reply.reportIntervalSeconds = 30
        #expect(try ReportReply(json: reply.json) == reply)
        let backfill = BackfillReply(accepted: 99, duplicates: 1)
        #expect(try BackfillReply(json: backfill.json) == backfill)
    }

    @Test("enrolment: request and answer, the token shown by no description")
    func enrolment() throws {
        var request = EnrollRequest()
        request.hostname = "web-1"
        request.machineID = "3b1f0c1e-0000-4000-8000-0123456789ab"
        #expect(try EnrollRequest(json: request.json) == request)
        try request.validate()
        let text = #"{"agentId":"a","runtimeToken":"prt_x","runtimeTokenId":"t","reportInterval":"30s","orgId":"o"}"#
        let response = try EnrollResponse(json: text.utf8)
        #expect(response.reportIntervalSeconds == 30 && response.runtimeToken.reveal() == "prt_x")
        #expect(response.json == Array(text.utf8))
        #expect(!"\(response)".contains("prt_x"))
    }

    @Test("an enrolment without host name or with a broken name is refused by field")
    func enrolmentRefusals() {
        var request = EnrollRequest()
        #expect { try request.validate() } throws: { ($0 as? Problem)?.code == "missing_hostname" }
        request.hostname = "h"
        request.os = "a\u{7}b"
        #expect { try request.validate() } throws: { ($0 as? Problem)?.field == "os" }
        for text in [
            #"{"runtimeToken":"x"}"#, #"{"agentId":"a"}"#,
            #"{"agentId":"a","runtimeToken":"x","reportInterval":"soon"}"#,
        ] {
            #expect(throws: JSONError.self) { try EnrollResponse(json: text.utf8) }
        }
    }
}
