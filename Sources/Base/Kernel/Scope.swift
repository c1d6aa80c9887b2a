/// What a token may be used for, on top of what its owner may do.
package struct Scope: Hashable, Sendable, CustomStringConvertible {
    package let name: String
    package init(_ name: String) { self.name = name }
    package var description: String { name }

    package static let monitoringRead = Scope("monitoring:read")
    package static let monitoringWrite = Scope("monitoring:write")
    package static let dockerReport = Scope("docker:report")
    package static let dockerManage = Scope("docker:manage")
    package static let kubernetesReport = Scope("kubernetes:report")
    package static let kubernetesManage = Scope("kubernetes:manage")
    package static let agentReport = Scope("agent:report")
    package static let agentConfigRead = Scope("agent:config:read")
    package static let agentManage = Scope("agent:manage")
    package static let agentExec = Scope("agent:exec")
    package static let agentEnroll = Scope("agent:enroll")
    package static let settingsRead = Scope("settings:read")
    package static let settingsWrite = Scope("settings:write")
    package static let auditRead = Scope("audit:read")
    package static let aiExecute = Scope("ai:execute")
    package static let aiChat = Scope("ai:chat")
    package static let actionsPlan = Scope("actions:plan")
    package static let actionsApprove = Scope("actions:approve")
    package static let actionsExecute = Scope("actions:execute")
    package static let relayMobileAccess = Scope("relay:mobile:access")
    /// Everything its owner may do. Never beside another.
    package static let everything = Scope("*")

    /// All but `*`.
    package static let all: [Scope] = [
        monitoringRead, monitoringWrite, dockerReport, dockerManage, kubernetesReport, kubernetesManage, agentReport,
        agentConfigRead, agentManage, agentExec, agentEnroll, settingsRead, settingsWrite, auditRead, aiExecute, aiChat,
        actionsPlan, actionsApprove, actionsExecute, relayMobileAccess,
    ]

    /// Older names, still accepted and stored as the newer one.
    private static let aliases: [String: Scope] = [
        "host-agent:report": agentReport, "host-agent:config:read": agentConfigRead, "host-agent:manage": agentManage,
        "host-agent:enroll": agentEnroll,
    ]

    /// The scope of this name or of this older name; `nil` for a name that is none.
    package init?(canonical name: String) {
        guard let scope = Self.aliases[name] ?? (Self.all + [Self.everything]).first(where: { $0.name == name }) else {
            return nil
        }
        self = scope
    }
}
