// Audit: who did what to what, in which organisation, from where and in which request.
// Owns: the closed list of actions, the entry that travels as the last statement of a change's own transaction, what of a
// change may be told in it, and the chain that shows when one was touched later.
// Leaves to others: deciding what happened (each feature), who the actor is (Access), reading the trail (AuditTrail).
// Tempting wrong step: writing the entry after the commit. Then a crash between the two loses it; keep it inside.

/// Everything that leaves an entry, `noun.verb`. A promise to those who read exports: never renamed, never reused.
package enum AuditAction: String, Sendable, CaseIterable {
    case organisationCreate = "organisation.create"
    case organisationSwitch = "organisation.switch"
    case sessionCreate = "session.create"
    case sessionEnd = "session.end"
    case sessionRevoke = "session.revoke"
    case userUpdate = "user.update"
    case sessionConfirm = "session.confirm"
    case passwordChange = "password.change"
    case passwordReset = "password.reset"
    case deviceForget = "device.forget"
    case totpBegin = "totp.begin"
    case totpEnable = "totp.enable"
    case totpDisable = "totp.disable"
    case recoveryCodesCreate = "recovery_codes.create"
    case enrollmentTokenCreate = "enrollment_token.create"
    case enrollmentTokenRevoke = "enrollment_token.revoke"
    case agentEnroll = "agent.enroll"
    case agentRevoke = "agent.revoke"
    case agentUpdate = "agent.update"
    case tokenCreate = "token.create"
    case tokenUpdate = "token.update"
    case tokenRotate = "token.rotate"
    case tokenRevoke = "token.revoke"
    case roleCreate = "role.create"
    case roleUpdate = "role.update"
    case roleDelete = "role.delete"
    case memberAssign = "member.assign"
    case auditExport = "audit.export"
    case auditPersonBlank = "audit_person.blank"
    case auditPrune = "audit.prune"
    case auditSettingsUpdate = "audit_settings.update"
    case auditStreamCreate = "audit_stream.create"
    case auditStreamUpdate = "audit_stream.update"
    case auditStreamDelete = "audit_stream.delete"
}
