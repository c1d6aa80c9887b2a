// OperatorPlane: what the company that hosts Pulse may do to it and see of it, on a listener of its own.
// Owns: operators' accounts and sessions, finding and suspending organisations, support access by the customer's leave,
// the log of what operators did, and the way back in for an organisation whose owners are locked out.
// Leaves to others: who may pass (Access' `OperatorGate`), the states of an organisation (Tenancy), reading a trail (AuditTrail).
// Tempting wrong step: a look that leaves no entry with the customer it concerned. There is none, however small.
package import AuditTrail
internal import HTTPKit
package import Identity
internal import JSONKit
package import Kernel
package import Postgres
internal import Tenancy

/// What the features of this room share.
package struct OperatorContext: Sendable {
    package let identity: IdentityContext
    /// As pulse_operator.
    package let staff: Database
    /// Where operators reach their pages, without a slash at the end.
    package let url: String
    /// The installation's: they sign the operators' log too.
    package let keys: TrailKeys

    package init(_ identity: IdentityContext, staff: Database, url: String, keys: TrailKeys) {
        self.identity = identity
        self.staff = staff
        self.url = url
        self.keys = keys
    }

    package var time: any TimeSource { identity.time }
}

extension ListPage where Element: JSONEncodable {
    var response: APIResponse {
        .json { json in
            json.member("data", rows)
            json.member("nextCursor", nextCursor)
        }
    }
}
