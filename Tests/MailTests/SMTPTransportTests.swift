import Kernel
import Testing

@testable import Mail

@Suite(.enabled(if: SMTPPeer.python != nil, SMTPPeer.skipped)) struct SMTPTransportTests {
    private func mail(text: String = "Hello,\n.\n..dots\nbye\n") throws -> RenderedMail {
        MIMEMessage(
            mail: OutgoingMail(
                to: try #require(EmailAddress("ana@example.org")), subject: "Grüße", text: text, html: "<p>Hello</p>"),
            sender: try #require(Mailbox("Pulse <pulse@example.com>")), date: Timestamp(milliseconds: 0),
            id: "one@example.com"
        ).rendered()
    }

    private func transport(_ url: String, timeout: Duration = .seconds(20)) throws -> SMTPTransport {
        SMTPTransport(try SMTPServer(Secret(url)), connectTimeout: timeout, totalTimeout: timeout)
    }

    @Test(
        "a mail arrives over TLS, signed in, byte for byte",
        arguments: [("smtp", "starttls"), ("smtps", "implicit")])
    func delivers(scheme: String, tls: String) async throws {
        let peer = try await SMTPPeer("--tls", tls, "--auth", "pulse:p@ss word")
        let sent = try mail()
        try await transport("\(scheme)://pulse:p%40ss%20word@127.0.0.1:\(peer.port)?ca=\(peer.ca)").deliver(sent)
        let taken = try await peer.next()
        #expect(taken.tls)
        #expect(taken.user == "pulse")
        #expect(taken.from == "pulse@example.com")
        #expect(taken.to == ["ana@example.org"])
        #expect(taken.data == String(decoding: sent.bytes, as: UTF8.self))
        #expect(try await peer.stop().isEmpty)
    }

    @Test("a wrong password is told apart and not tried again")
    func wrongPassword() async throws {
        let peer = try await SMTPPeer("--auth", "pulse:right")
        let error = await #expect(throws: MailError.self) {
            try await transport("smtp://pulse:wrong@127.0.0.1:\(peer.port)?ca=\(peer.ca)").deliver(try mail())
        }
        #expect(error?.reason == .auth)
        #expect(error?.isTemporary == false)
        #expect(error?.detail.contains("wrong") == false)
        #expect(try await peer.stop().isEmpty)
    }

    @Test("nothing is sent in the clear, nor to a server whose certificate is not trusted")
    func noTLS() async throws {
        for (tls, options) in [("none", "?ca=CA"), ("starttls", "")] {
            let peer = try await SMTPPeer("--tls", tls)
            let error = await #expect(throws: MailError.self) {
                let url = "smtp://127.0.0.1:\(peer.port)\(options.replacing("CA", with: peer.ca))"
                try await transport(url).deliver(try mail())
            }
            #expect(error?.reason == .badAnswer)
            #expect(error?.isTemporary == true)
            #expect(try await peer.stop().isEmpty)
        }
    }

    @Test("a relay on this machine may do without TLS when the configuration says so")
    func plainRelay() async throws {
        let peer = try await SMTPPeer("--tls", "none")
        try await transport("smtp://127.0.0.1:\(peer.port)?tls=off").deliver(try mail())
        #expect(try await peer.next().tls == false)
        #expect(try await peer.stop().isEmpty)
    }

    @Test(
        "a refusal of the mail is final, a request to come later is not",
        arguments: [
            ("554 no thanks", MailError.Reason.badAnswer, false), ("451 later please", .rateLimited, true),
        ])
    func refusals(reply: String, reason: MailError.Reason, isTemporary: Bool) async throws {
        let peer = try await SMTPPeer("--reply", reply)
        let error = await #expect(throws: MailError.self) {
            try await transport("smtp://127.0.0.1:\(peer.port)?ca=\(peer.ca)").deliver(try mail())
        }
        #expect(error?.reason == reason)
        #expect(error?.isTemporary == isTemporary)
        #expect(try await peer.stop().isEmpty)
    }

    @Test("a server that says nothing costs the timeout and no more")
    func silentServer() async throws {
        let peer = try await SMTPPeer("--silent")
        let started = ContinuousClock.now
        let error = await #expect(throws: MailError.self) {
            try await transport("smtp://127.0.0.1:\(peer.port)?ca=\(peer.ca)", timeout: .milliseconds(400))
                .deliver(try mail())
        }
        #expect(error?.reason == .timeout)
        #expect(error?.isTemporary == true)
        #expect(ContinuousClock.now - started < .seconds(10))
        #expect(try await peer.stop().isEmpty)
    }

    @Test("nobody listening is temporary")
    func unreachable() async throws {
        let peer = try await SMTPPeer()
        #expect(try await peer.stop().isEmpty)
        let error = await #expect(throws: MailError.self) {
            try await transport("smtp://127.0.0.1:\(peer.port)").deliver(try mail())
        }
        #expect(error?.reason == .unreachable)
        #expect(error?.isTemporary == true)
    }
}
