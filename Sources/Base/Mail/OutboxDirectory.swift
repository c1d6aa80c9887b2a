internal import FoundationEssentials
internal import NIOConcurrencyHelpers

/// Development's mail server: a directory of `.eml` files, numbered from 1, the newest 500 kept.
///
/// File calls are short and local, and development has no load: they run where they are called.
package final class OutboxDirectory: MailTransport {
    package static let kept = 500

    private let path: String
    private let turn = NIOLockedValueBox(())

    package init(path: String) { self.path = path }

    package func deliver(_ mail: RenderedMail) async throws(MailError) {
        do {
            try turn.withLockedValue { _ in try write(mail) }
        } catch {
            throw MailError(.unreachable, isTemporary: true, detail: "cannot write to \(path): \(error)")
        }
    }

    /// All mails, newest first.
    package func mails() -> [OutboxMail] { numbers().reversed().compactMap { mail(numbered: $0) } }

    package func mail(numbered number: Int) -> OutboxMail? {
        guard number > 0, let data = FileManager.default.contents(atPath: file(number)) else { return nil }
        return OutboxMail(number: number, bytes: Array(data))
    }

    private func write(_ mail: RenderedMail) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let present = numbers()
        try Data(mail.bytes).write(to: URL(filePath: file((present.last ?? 0) + 1)), options: .atomic)
        for number in present.dropLast(Self.kept - 1) { try FileManager.default.removeItem(atPath: file(number)) }
    }

    private func numbers() -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { $0.hasSuffix(".eml") ? Int($0.dropLast(4)) : nil }.sorted()
    }

    private func file(_ number: Int) -> String {
        let digits = String(number)
        return "\(path)/\(String(repeating: "0", count: max(0, 6 - digits.utf8.count)))\(digits).eml"
    }
}
