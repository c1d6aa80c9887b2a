internal import Access
internal import Audit
internal import HTTPKit
internal import Kernel
internal import Mail

/// Tells a person that something about their way in has changed. Holds no link that does anything: whoever did not do
/// this themselves goes to the address they know.
struct SecurityLetter {
    enum Event: String {
        case passwordChanged = "Your password was changed"
        case passwordReset = "Your password was set anew"
        case newDevice = "A sign-in from a new device"
        case secondFactorOn = "Two-step sign-in was switched on"
        case secondFactorOff = "Two-step sign-in was switched off"
        case recoveryCodesRenewed = "You have new recovery codes"
        case recoveryCodeUsed = "A recovery code was used"
        case zeroKnowledgeOn = "Your sign-in no longer sends your password"
        case passkeyAdded = "A passkey was added"
        case passkeyRemoved = "A passkey was removed"
    }

    let event: Event
    let to: EmailAddress
    let request: APIRequest
    let moment: Timestamp
    let publicURL: String

    var mail: OutgoingMail {
        let origin = request.origin
        return LinkLetter(
            to: to, subject: "\(event.rawValue) (Pulse)", greeting: "Hello,",
            before: "\(event.rawValue), at \(moment), from \(origin.address) with \(origin.userAgent).",
            link: "\(publicURL)/settings/security", button: "Look at your account",
            after: "If that was you, there is nothing to do. If not, set a new password at once and end your sessions."
        ).mail
    }
}

extension IdentityContext {
    /// Sent after the commit it tells of; an address that mail cannot reach changes nothing.
    func tell(_ event: SecurityLetter.Event, to email: String, of request: APIRequest) {
        guard let to = EmailAddress(email) else { return }
        mail.send(
            SecurityLetter(event: event, to: to, request: request, moment: time.now, publicURL: publicURL).mail)
    }
}
