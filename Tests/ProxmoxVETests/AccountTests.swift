import CollectorConformance
import HostileKit
import Inventory
import Kernel
import NIOConcurrencyHelpers
import ProxmoxVE
import Testing

/// How Proxmox VE is signed in to and asked.
@Suite struct AccountTests {
    private static let token = PlatformCredential.token(id: "pulse@pve!monitor", secret: Secret("s3cret"))
    private static let password = PlatformCredential.password(user: "root@pam", password: Secret("pä&s"))

    private func run(
        _ credential: PlatformCredential, polls: Int = 1,
        _ answer: @escaping @Sendable (HostileServer.Request) -> HostileServer.Reply
    ) async throws -> (report: PollReport, requests: [HostileServer.Request]) {
        let certificate = try TestCertificate()
        let server = try await HostileServer(certificate, answer)
        let one = CollectorCase(
            .pve, credential: credential, make: { ProxmoxVEMaker($0, time: SystemTime()) }, well: answer)
        let collector = try one.make(CollectorCase.reach).collector(for: one.spec(server, .pinned(certificate.sha256)))
        var report = PollReport()
        for step in 0..<polls {
            report = await collector.poll(PollBudget(), at: CollectorCase.now + .seconds(10 * step))
        }
        let requests = server.requests
        try await server.close()
        return (report, requests)
    }

    @Test("fact 1: a token's secret follows an equals sign") func token() async throws {
        let (report, requests) = try await run(Self.token, SmallCluster.well)
        #expect(report.fault == nil)
        #expect(requests.allSatisfy { $0.header("authorization") == "PVEAPIToken=pulse@pve!monitor=s3cret" })
        #expect(requests.allSatisfy { $0.method == "GET" && $0.header("csrfpreventiontoken") == nil })
    }

    @Test("fact 2: parameters that release 9 refuses are never sent") func parameters() async throws {
        let (_, requests) = try await run(Self.token, polls: 12, SmallCluster.well)
        #expect(requests.count > 20)
        #expect(requests.allSatisfy { !$0.query.contains("ds=") && !$0.query.contains("full") })
    }

    @Test("fact 3: a guest's own history is never asked for memory") func guestHistory() async throws {
        let (_, requests) = try await run(Self.token, polls: 12, SmallCluster.well)
        #expect(requests.allSatisfy { !($0.path.contains("/qemu/") && $0.path.hasSuffix("/rrddata")) })
    }

    @Test(
        "case 27: a user without a realm, and a token that is none, are told before anybody is asked",
        arguments: [
            PlatformCredential.password(user: "root", password: Secret("x")),
            .password(user: "a@b@c", password: Secret("x")), .token(id: "pulse@pve", secret: Secret("x")),
            .token(id: "pulse!x", secret: Secret("x")), .token(id: "pulse@pve!x", secret: Secret("a\r\nHost: b")),
            .none,
        ])
    func misconfigured(credential: PlatformCredential) async throws {
        await #expect(throws: ConnectionFault.self) { _ = try await run(credential) { _ in .json("{}") } }
    }

    @Test("case 29: a ticket that is refused is renewed once, and a token is not tried again") func relogin()
        async throws
    {
        let logins = NIOLockedValueBox(0)
        let (report, requests) = try await run(Self.password) { request in
            if request.path.hasSuffix("/access/ticket") {
                let number = logins.withLockedValue { count in
                    count += 1
                    return count
                }
                return .json(#"{"data":{"ticket":"PVE:root@pam:\#(number)"}}"#)
            }
            return request.header("cookie") == "PVEAuthCookie=PVE:root@pam:2"
                ? SmallCluster.well(request) : .json("{}", status: 401)
        }
        #expect(report.fault == nil)
        #expect(logins.withLockedValue { $0 } == 2)
        #expect(requests.first?.header("content-type") == "application/json")
        #expect(requests.allSatisfy { $0.header("authorization") == nil })
        let never = try await run(Self.password) { request in
            request.path.hasSuffix("/access/ticket")
                ? .json(#"{"data":{"ticket":"PVE:x"}}"#) : .json("{}", status: 401)
        }
        #expect(never.report.fault?.reason == .authentication)
        #expect(never.requests.count == 4)
        let token = try await run(Self.token) { _ in .json("{}", status: 401) }
        #expect(token.report.fault?.reason == .authentication)
        #expect(token.requests.count == 1)
    }

    @Test("who reads forms only gets a form", arguments: [400, 415]) func form(status: Int) async throws {
        let (report, requests) = try await run(Self.password) { request in
            guard request.path.hasSuffix("/access/ticket") else { return SmallCluster.well(request) }
            return request.header("content-type") == "application/json"
                ? .json("{}", status: status) : .json(#"{"data":{"ticket":"PVE:x"}}"#)
        }
        #expect(report.fault == nil)
        #expect(String(decoding: requests[1].body, as: UTF8.self) == "username=root%40pam&password=p%C3%A4%26s")
    }

    @Test("595 is a node that is away, and an account that could not be checked everywhere else") func away()
        async throws
    {
        let base = try await run(Self.token) { _ in .json("{}", status: 595) }
        #expect(base.report.fault?.reason == .authentication)
        let node = try await run(Self.token) { request in
            request.path.contains("/nodes/") ? .json("{}", status: 595) : SmallCluster.well(request)
        }
        #expect(node.report.fault == nil)
        #expect(node.report.degraded.first { $0.part == "node-status" }?.fault.reason == .unreachable)
    }

    @Test("no secret stands in anything that is told") func secrets() async throws {
        for status in [401, 403, 500, 302] {
            let (report, _) = try await run(Self.token) { request in
                .json("{\"message\":\"\(request.header("authorization") ?? "")\"}", status: status)
            }
            #expect(!"\(String(describing: report.fault)) \(report.degraded)".contains("s3cret"))
        }
    }
}
