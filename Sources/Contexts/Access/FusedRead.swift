package import HTTPKit
package import Kernel
package import Postgres

/// Builds endpoints that read one organisation's rows: session, membership, role and rows in ONE round trip.
///
/// The admitting function sets the organisation for the statements that follow it in the same transaction; when it does
/// not admit, they see nothing. So hot reads cost what a bare query costs, and a revoked session is still refused at once.
package struct FusedRead: Sendable {
    private let gate: AccessGate

    package init(gate: AccessGate) { self.gate = gate }

    /// - Parameters:
    ///   - queries: the statements of this request; they must only read, for they run before the caller is judged.
    ///   - narrows: the queries heed `pulse.sight`, the part of the inventory that the caller sees.
    ///   - answer: makes the response from their answers, in order.
    package func endpoint(
        _ path: String, summary: String, permission: Permission, scope: Scope? = nil,
        openTo: Set<OrgCondition> = [.active], narrows: Bool = false, rate: RateClass = .general,
        problems: [Problem] = [],
        query: [QueryParameter] = [], response: Schema, responseExample: String,
        queries: @escaping @Sendable (APIRequest) throws -> [SQL],
        answer: @escaping @Sendable (APIRequest, Caller, [ResultSet]) throws -> APIResponse
    ) -> Endpoint {
        let demand = Demand(permission: permission, scope: scope, openTo: openTo, narrows: narrows)
        return Endpoint(
            .get, path, summary: summary, access: .permission(permission), scope: scope, openTo: openTo,
            narrows: narrows, audit: .none(reason: "reads only"), rate: rate, problems: problems, query: query,
            response: response,
            responseExample: responseExample, admission: .fused
        ) { [gate] request in
            let statements = try queries(request)
            // Staff with the organisation's leave were admitted by the gate of their own listener.
            if let staff = request.admitted, let org = staff.org, staff.standing != nil {
                return try answer(request, staff, try await gate.database.batch(in: org, statements))
            }
            let (caller, answers) = try await gate.admitMember(request, demand, with: statements)
            var request = request
            request.admitted = caller
            return try answer(request, caller, answers)
        }
    }
}
