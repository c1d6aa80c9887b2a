package import HTTPKit

/// Every route of the operators' listener.
package struct OperatorTable: Sendable {
    private let context: OperatorContext

    package init(_ context: OperatorContext) { self.context = context }

    /// - Parameter table: of the public listener, for what operators read with an organisation's leave.
    package func endpoints(from table: [Endpoint]) -> [Endpoint] {
        OperatorSignInRoutes(context).endpoints + OperatorAccountRoutes(context).endpoints
            + OperatorOrganisationRoutes(context).endpoints + SupportRoutes(context).endpoints
            + OperatorLogRoutes(context).endpoints + SupportView(context).endpoints(from: table)
    }
}
