internal import CCurl
internal import CCurlShim
internal import Kernel
internal import NIOPosix

/// Hands mail to one SMTP server, each mail over a connection of its own, on two threads of its own.
///
/// Two mails at a time are plenty for sign-ups (a server takes a mail in well under a second); what waits for a thread
/// is bounded by the queue in front.
package final class SMTPTransport: MailTransport {
    private let server: SMTPServer
    private let threads: NIOThreadPool
    private let connectTimeout: Duration
    private let totalTimeout: Duration

    package init(_ server: SMTPServer, connectTimeout: Duration = .seconds(10), totalTimeout: Duration = .seconds(30)) {
        self.server = server
        self.connectTimeout = connectTimeout
        self.totalTimeout = totalTimeout
        self.threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
    }

    deinit { threads.shutdownGracefully { _ in } }

    package func deliver(_ mail: RenderedMail) async throws(MailError) {
        let outcome: Result<Void, MailError>
        do {
            outcome = try await threads.runIfActive { [self] in converse(mail) }
        } catch {
            throw MailError(.unreachable, isTemporary: true, detail: "stopped before the mail was sent")
        }
        try outcome.get()
    }

    /// Blocks for up to `totalTimeout`.
    private func converse(_ mail: RenderedMail) -> Result<Void, MailError> {
        var outcome = pulse_smtp_outcome()
        withCStrings([
            server.address, server.username?.reveal(), server.password?.reveal(), server.caFile,
            "<\(mail.sender.text)>", "<\(mail.recipient.text)>",
        ]) { strings in
            mail.bytes.withUnsafeBytes { bytes in
                var request = pulse_smtp_request()
                request.url = strings[0]
                request.username = strings[1]
                request.password = strings[2]
                request.ca_file = strings[3]
                request.sender = strings[4]
                request.recipient = strings[5]
                request.message = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
                request.message_bytes = bytes.count
                request.connect_timeout_ms = Int(connectTimeout.milliseconds)
                request.total_timeout_ms = Int(totalTimeout.milliseconds)
                request.require_tls = server.requiresTLS ? 1 : 0
                pulse_smtp_send(&request, &outcome)
            }
        }
        return Self.judge(outcome)
    }

    /// A refusal of this mail (5xx) is final; whatever may be different in a minute is temporary (4xx, network).
    private static func judge(_ outcome: pulse_smtp_outcome) -> Result<Void, MailError> {
        let words = withUnsafeBytes(of: outcome.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let detail = "\(words) (reply \(outcome.reply), curl \(outcome.curl_code))"
        switch CURLcode(rawValue: UInt32(outcome.curl_code)) {
        case CURLE_OK:
            return .success(())
        case CURLE_OPERATION_TIMEDOUT:
            return .failure(MailError(.timeout, isTemporary: true, detail: detail))
        case CURLE_LOGIN_DENIED:
            let isTemporary = (400..<500).contains(outcome.reply)
            return .failure(MailError(.auth, isTemporary: isTemporary, detail: detail))
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_RECV_ERROR:
            return .failure(MailError(.unreachable, isTemporary: true, detail: detail))
        case CURLE_USE_SSL_FAILED, CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
            return .failure(MailError(.badAnswer, isTemporary: true, detail: detail))
        default:
            switch outcome.reply {
            case 421, 450, 451, 452: return .failure(MailError(.rateLimited, isTemporary: true, detail: detail))
            case 500...: return .failure(MailError(.badAnswer, isTemporary: false, detail: detail))
            default: return .failure(MailError(.unreachable, isTemporary: true, detail: detail))
            }
        }
    }
}

/// Lends each string as a C string for the time of `body`; `nil` stays NULL.
private func withCStrings(_ strings: [String?], _ body: ([UnsafePointer<CChar>?]) -> Void) {
    func lend(_ index: Int, _ lent: [UnsafePointer<CChar>?]) {
        guard index < strings.count else { return body(lent) }
        guard let string = strings[index] else { return lend(index + 1, lent + [nil]) }
        string.withCString { lend(index + 1, lent + [$0]) }
    }
    lend(0, [])
}
