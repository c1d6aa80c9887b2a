import Kernel
import Testing

@testable import Mail

@Suite struct SMTPServerTests {
    @Test(
        "an address that cannot work is refused with the key's name",
        arguments: [
            "", "mail.example.com", "http://mail.example.com", "smtp://", "smtp://host/path", "smtp://host:0",
            "smtp://host:70000", "smtp://host?tls=maybe", "smtps://host?tls=off", "smtp://host?color=red",
            "smtp://user@host", "smtp://user:secret@mail.example.com?tls=off", "smtp://host#fragment",
        ])
    func refused(url: String) {
        let error = #expect(throws: MailSetupError.self) { try SMTPServer(Secret(url)) }
        #expect(error?.description.hasPrefix("PULSE_SMTP_URL ") == true)
        #expect(error?.description.contains("secret") == false)
    }

    @Test(
        "ports and encryption follow the scheme",
        arguments: [
            ("smtp://mail.example.com", "smtp://mail.example.com:587", true),
            ("smtps://mail.example.com", "smtps://mail.example.com:465", true),
            ("smtp://mail.example.com:25?tls=off", "smtp://mail.example.com:25", false),
            ("smtp://u:p@127.0.0.1:2525?tls=off", "smtp://127.0.0.1:2525", false),
        ])
    func accepted(url: String, address: String, requiresTLS: Bool) throws {
        let server = try SMTPServer(Secret(url))
        #expect(server.address == address)
        #expect(server.requiresTLS == requiresTLS)
    }

    @Test("credentials are percent-decoded and stay hidden")
    func credentials() throws {
        let server = try SMTPServer(Secret("smtps://user%40example.com:p%3Aass%2F@mail.example.com"))
        #expect(server.username?.reveal() == "user@example.com")
        #expect(server.password?.reveal() == "p:ass/")
        #expect(!"\(server)".contains("p:ass/"))
    }

    @Test("without a server development writes files and production refuses to start, naming the key")
    func setup() throws {
        let development = try MailSetup.transport(isProduction: false, smtpURL: nil, outboxDirectory: "/tmp/x")
        #expect(development is OutboxDirectory)
        let error = #expect(throws: MailSetupError.self) {
            try MailSetup.transport(isProduction: true, smtpURL: nil, outboxDirectory: "/tmp/x")
        }
        #expect(error?.description.hasPrefix("PULSE_SMTP_URL is not set") == true)
        let production = try MailSetup.transport(
            isProduction: true, smtpURL: Secret("smtps://mail.example.com"), outboxDirectory: "/tmp/x")
        #expect(production is SMTPTransport)
    }

    @Test(
        "senders are read with and without a name",
        arguments: [
            ("pulse@example.com", "", "pulse@example.com"),
            ("Pulse <pulse@example.com>", "Pulse", "pulse@example.com"),
            (" Pulse Überwachung <pulse@example.com> ", "Pulse Überwachung", "pulse@example.com"),
        ])
    func mailbox(text: String, name: String, address: String) throws {
        let box = try #require(Mailbox(text))
        #expect(box.name == name)
        #expect(box.address.text == address)
    }

    @Test(
        "senders that could break a header are refused",
        arguments: ["", "Pulse", "a@b.c\r\nBcc: x@y.z", "\"Pulse\" <a@b.c>", "P\nulse <a@b.c>", "Pulse <a@b.c", "<>"])
    func badMailbox(text: String) {
        #expect(Mailbox(text) == nil)
    }
}
