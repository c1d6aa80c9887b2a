import FoundationEssentials
import HTTPKit
import JSONKit
import Kernel

/// A one-time token as its organisation sees it: everything but the token.
struct EnrollmentTicket: Sendable, JSONEncodable {
    let id: EnrollmentTokenID
    let name: String
    let createdAt: Timestamp
    let expiresAt: Timestamp
    /// How many machines it enrols, and has enrolled.
    var uses = 1
    var usedCount = 0
    var placement = Placement()
    /// The last time.
    var usedAt: Timestamp?
    var revokedAt: Timestamp?
    var agent: AgentID?
    var installerFetchedAt: Timestamp?

    func encode(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", id)
            writer.member("name", name)
            writer.member("createdAt", createdAt)
            writer.member("expiresAt", expiresAt)
            writer.member("uses", uses)
            writer.member("usedCount", usedCount)
            writer.member("tags", placement.tags)
            writer.member("siteId", placement.site)
            writer.member("usedAt", usedAt)
            writer.member("revokedAt", revokedAt)
            writer.member("agentId", agent)
            writer.member("installerFetchedAt", installerFetchedAt)
        }
    }
}

/// An agent that may report.
struct EnrolledAgent: Sendable, JSONEncodable {
    let id: AgentID
    let resource: ResourceID?
    let hostname: String
    let machineID: String
    let version: String
    let status: String
    let enrolledAt: Timestamp
    let lastSeenAt: Timestamp?
    let placement: Placement

    func encode(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", id)
            writer.member("resourceId", resource)
            writer.member("hostname", hostname)
            writer.member("machineId", machineID)
            writer.member("version", version)
            writer.member("status", status)
            writer.member("enrolledAt", enrolledAt)
            writer.member("lastSeenAt", lastSeenAt)
            writer.member("siteId", placement.site)
            writer.member("tags", placement.tags)
        }
    }
}

extension Caller {
    /// The person behind the call, or the service token: who made a one-time token.
    var maker: UUID? {
        if let user { return user.uuid }
        return if case .token(let id, _) = principal { id.uuid } else { nil }
    }
}
