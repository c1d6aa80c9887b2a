import Kernel
package import Mail
import NIOConcurrencyHelpers

/// Mail that a test reads instead of sending.
package final class KeptMail: Postbox {
    private let letters = NIOLockedValueBox<[OutgoingMail]>([])

    package init() {}

    package func send(_ mail: OutgoingMail) -> Bool {
        letters.withLockedValue { $0.append(mail) }
        return true
    }

    package var all: [OutgoingMail] { letters.withLockedValue { $0 } }

    package func count(to address: String) -> Int { all.count { $0.to.text == address } }

    /// The newest token with this prefix in the text of a mail to this address.
    package func token(to address: String, prefix: String) -> String? {
        for mail in all.reversed() where mail.to.text == address {
            guard let start = mail.text.utf8.firstRange(of: Array("token=\(prefix)".utf8))?.lowerBound else { continue }
            return String(mail.text[start...].dropFirst(6).prefix(52))
        }
        return nil
    }
}
