import Foundation
import Kernel
import Testing

@testable import Mail

@Suite struct OutboxDirectoryTests {
    private func withOutbox(_ body: (OutboxDirectory) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "outbox-\(UUID().uuidString)").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(OutboxDirectory(path: path))
    }

    private func mail(_ subject: String) throws -> RenderedMail {
        MIMEMessage(
            mail: OutgoingMail(
                to: try #require(EmailAddress("ana@example.org")), subject: subject,
                text: "Öffne https://x.example/?t=1",
                html: "<p>Hi</p>"),
            sender: try #require(Mailbox("Pulse <pulse@example.com>")), date: Timestamp(milliseconds: 0), id: "1@x"
        ).rendered()
    }

    @Test("mails are listed newest first and read back whole")
    func lists() async throws {
        try await withOutbox { outbox in
            #expect(outbox.mails().isEmpty)
            for subject in ["erste", "zweite", "dritte – ü"] { try await outbox.deliver(try mail(subject)) }
            #expect(outbox.mails().map(\.number) == [3, 2, 1])
            #expect(outbox.mails().map(\.subject) == ["dritte – ü", "zweite", "erste"])
            let one = try #require(outbox.mail(numbered: 2))
            #expect(one.to == "ana@example.org")
            #expect(one.text.contains("Öffne https://x.example/?t=1"))
            #expect(outbox.mail(numbered: 4) == nil)
            #expect(outbox.mail(numbered: -1) == nil)
        }
    }

    @Test("many at once each get a number of their own, and old ones make room")
    func bounded() async throws {
        try await withOutbox { outbox in
            let mail = try mail("viele")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<(OutboxDirectory.kept + 5) { group.addTask { try await outbox.deliver(mail) } }
                try await group.waitForAll()
            }
            #expect(outbox.mails().count == OutboxDirectory.kept)
            #expect(outbox.mails().first?.number == OutboxDirectory.kept + 5)
        }
    }
}
