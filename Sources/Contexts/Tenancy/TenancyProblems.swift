internal import Kernel

extension Problem {
    static let memberNotFound = Problem("member-not-found", status: 404, title: "No such member")
    static let lastOwner = Problem(
        "last-owner", status: 409, title: "An organisation needs an owner",
        detail: "Make somebody else an owner first.")
    static let mappedRole = Problem(
        "role-from-groups", status: 409, title: "This role comes from the member's groups",
        detail: "Their identity provider or directory gives them more than this: change their groups or the mapping.")
    static let ownerRequired = Problem(
        "owner-required", status: 403, title: "Only an owner may do this",
        detail: "What makes an owner, or touches one, is for owners.")
    static let transferRequiresMember = Problem(
        "owner-transfer-requires-member", status: 400, title: "The new owner has to be another member",
        detail: "Invite them first, and wait for them to accept.", field: "userId")
    static let invitationNotFound = Problem("invitation-not-found", status: 404, title: "No such invitation")
    static let alreadyMember = Problem("already-member", status: 409, title: "They are a member already")
    static let tooManyInvitations = Problem(
        "invitation-limit", status: 429, title: "Too many invitations today",
        detail: "An organisation may send 100 a day; the operator of this Pulse can raise it.", code: "rate_limit",
        retryAfterSeconds: 3600)
    static let invalidRole = Problem(
        "invalid-field", status: 400, title: "A field is not valid",
        detail: "one of owner, admin, editor, viewer and auditor is wanted", field: "role", code: "invalid_role")
    /// Membership is the organisation's own affair: not for providers, tokens and staff.
    static let membersOnly = Problem(
        "permission-denied", status: 403, title: "Only members may do this", code: "access_denied")
}

/// Why an invitation does not let anybody in.
enum InvitationState: String, Sendable {
    case open, used, revoked, expired, unknown, suspended
    /// Open, but a new person needs a password.
    case noPassword = "no-password"

    /// `nil` when it does.
    var problem: Problem? {
        switch self {
        case .open: nil
        case .used:
            Problem(
                "invitation-link-used", status: 400, title: "This invitation was accepted already",
                detail: "Sign in to go on.")
        case .revoked:
            Problem(
                "invitation-link-revoked", status: 400, title: "This invitation was taken back",
                detail: "Ask the organisation for another one.")
        case .expired:
            Problem(
                "invitation-link-expired", status: 400, title: "This invitation has expired",
                detail: "An invitation lives for 7 days. Ask the organisation for another one.")
        case .unknown:
            Problem(
                "invitation-link-invalid", status: 400, title: "This link does not work",
                detail: "It is not complete, or not from here, or a newer one was sent.")
        case .suspended:
            Problem(
                "org-suspended", status: 403, title: "This organisation is suspended",
                detail: "Its owner can find out why and restore it.")
        case .noPassword: .invalidField("password", "a new account needs one of 12 to 1024 bytes")
        }
    }
}
